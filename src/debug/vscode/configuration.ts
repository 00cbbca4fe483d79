/** Completes and checks launch configurations: asks for what is missing, makes paths absolute, says what is wrong before a session starts. */
import path from 'node:path';
import * as vscode from 'vscode';
import { Failure, sentenceOf } from '../../tensor/failure';
import { ask } from './questions';
import { absolute, debugType, offerToKeep } from './launch-file';

const { l10n } = vscode;
/** Attributes of `data` that are paths (or records of paths). */
const dataPaths = ['csv', 'idx', 'labels', 'x', 'y'] as const;

type Settings = vscode.DebugConfiguration & { data?: unknown; model?: unknown };

export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  /** @param chooseModel asks which model file to step through; null when the person leaves. */
  constructor(private readonly chooseModel: () => Promise<vscode.Uri | null>) {}

  /** Fills in what an incomplete configuration (or none at all) leaves open. */
  async resolveDebugConfiguration(folder: vscode.WorkspaceFolder | undefined, given: Settings): Promise<vscode.DebugConfiguration | undefined> {
    const asked = given.model === undefined || given.data === undefined;
    if (!asked) return given;
    try {
      const model = typeof given.model === 'string' ? vscode.Uri.file(absolute(given.model, folder)) : await this.chooseModel();
      if (model === null) return undefined;
      const complete = await this.ask(model, given);
      const home = folder ?? vscode.workspace.getWorkspaceFolder(model);
      if (complete !== undefined && given.data === undefined) void offerToKeep(complete, home);
      return complete;
    } catch (error) {
      void vscode.window.showErrorMessage(sentenceOf(error));
      return undefined;
    }
  }

  /** Checks the configuration once its variables are filled in. */
  async resolveDebugConfigurationWithSubstitutedVariables(folder: vscode.WorkspaceFolder | undefined, given: Settings): Promise<vscode.DebugConfiguration | undefined> {
    const settings = vscode.workspace.getConfiguration('backstep', folder?.uri);
    const complete: Settings = { ...given };
    // The panel is where to look; the console is there for who opens it.
    complete.internalConsoleOptions ??= 'neverOpen';
    if (complete.backend === undefined) complete.backend = settings.get<string>('backend', 'auto');
    if (typeof complete.model === 'string') complete.model = absolute(complete.model, folder);
    complete.data = withAbsolutePaths(complete.data, folder);
    try {
      const { validateRunConfig } = await (await import('../../core')).loadConfiguration();
      validateRunConfig(complete);
      return complete;
    } catch (error) {
      const open = l10n.t('Open launch.json');
      void vscode.window.showErrorMessage(`${given.name}: ${sentenceOf(error)}`, ...(folder === undefined ? [] : [open])).then((answer) => {
        if (answer === open) void vscode.commands.executeCommand('workbench.action.debug.configure');
      });
      return undefined;
    }
  }

  /** What "create a launch.json file" and the debug view's list offer: one configuration for each model of the folder. */
  async provideDebugConfigurations(folder: vscode.WorkspaceFolder | undefined): Promise<vscode.DebugConfiguration[]> {
    if (folder === undefined) return [];
    const files = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, '**/{*.keras,*.h5,*.hdf5,*.onnx,model.json}'), '**/node_modules/**', 20);
    return files.map((file) => ({ type: debugType, request: 'launch', name: l10n.t('Step Through {0}', vscode.workspace.asRelativePath(file, false)), model: file.fsPath }));
  }

  private async ask(model: vscode.Uri, given: Settings): Promise<vscode.DebugConfiguration | undefined> {
    const { openNetwork, graphView } = await (await import('../../core')).loadFormats();
    const { network, weights } = await openNetwork(model.fsPath);
    await weights.close();
    if (network.viewOnly !== undefined) throw new Failure('network.view-only', network.viewOnly);
    if (given.data !== undefined) return { ...given, model: model.fsPath };
    const answers = await ask(network, model.fsPath, graphView(network).totals.macs);
    if (answers === null) return undefined;
    return { ...given, type: debugType, request: 'launch', name: given.name || l10n.t('Step Through {0}', path.basename(model.fsPath)), model: model.fsPath, ...answers };
  }
}

function withAbsolutePaths(data: unknown, folder: vscode.WorkspaceFolder | undefined): unknown {
  if (typeof data !== 'object' || data === null) return data;
  const all = (value: unknown): unknown => {
    if (typeof value === 'string') return absolute(value, folder);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, all(entry)])) : value;
  };
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, (dataPaths as readonly string[]).includes(name) ? all(value) : value]));
}
