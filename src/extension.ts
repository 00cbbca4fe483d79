/** Wiring only: constructs what VS Code shows, registers it, and disposes of it. Nothing heavy is loaded before it is needed. */
import * as vscode from 'vscode';
import { chosenModel } from './commands/chosen';
import { checkGradient } from './commands/check-gradient';
import { exportListing } from './commands/export-listing';
import { stepThrough } from './commands/step-through';
import { newFromArchitecture, openArchitecture } from './commands/architecture';
import { compareModels } from './commands/compare-models';
import { visualize } from './commands/visualize';
import { AdapterFactory } from './debug/vscode/adapter';
import { ConfigurationProvider } from './debug/vscode/configuration';
import { CurrentLine } from './debug/vscode/current-line';
import { InlineValues } from './debug/vscode/inline-values';
import { debugType } from './debug/vscode/launch-file';
import { pickLayerBreakpoint } from './debug/vscode/layer-breakpoints';
import { ListingDocuments } from './debug/vscode/listing-document';
import { LiveSessions } from './debug/vscode/live';
import { ArchitecturesPanel } from './editors/architectures-panel';
import { ModelEditorProvider } from './editors/model-editor';
import { watchModels } from './editors/sniff';
import { InspectPanel } from './panels/inspect-panel';
import { RunPanel } from './panels/run-panel';
import { Status } from './panels/status';

export function activate(context: vscode.ExtensionContext): void {
  const sessions = new LiveSessions();
  const panel = new RunPanel(context.extensionUri, sessions);
  const configurations = new ConfigurationProvider(() => chosenModel(undefined, vscode.l10n.t('Step Through')));
  context.subscriptions.push(
    sessions,
    panel,
    new InspectPanel(context.extensionUri),
    new Status(sessions),
    new ListingDocuments(sessions),
    new CurrentLine(sessions),
    new InlineValues(sessions),
    sessions.onDidFail(({ name, message }) => { void vscode.window.showErrorMessage(`${name}: ${message}`); }),
    ...ModelEditorProvider.register(context.extensionUri),
    watchModels(),
    vscode.debug.registerDebugAdapterDescriptorFactory(debugType, new AdapterFactory(sessions)),
    vscode.debug.registerDebugConfigurationProvider(debugType, configurations),
    vscode.commands.registerCommand('backstep.visualize', visualize),
    vscode.commands.registerCommand('backstep.newFromArchitecture', newFromArchitecture),
    vscode.commands.registerCommand('backstep.compareArchitectures', () => { ArchitecturesPanel.show(context.extensionUri, (name) => openArchitecture(context.globalStorageUri, name)); }),
    vscode.commands.registerCommand('backstep.compareModels', (from?: unknown, selection?: unknown) => compareModels(context.extensionUri, from, selection)),
    vscode.commands.registerCommand('backstep.stepThrough', stepThrough),
    vscode.commands.registerCommand('backstep.showPanel', () => { panel.show(); }),
    vscode.commands.registerCommand('backstep.toggleLayerBreakpoint', () => pickLayerBreakpoint(sessions)),
    vscode.commands.registerCommand('backstep.checkGradient', (argument: unknown) => checkGradient(sessions, panel, argument)),
    vscode.commands.registerCommand('backstep.exportListing', () => exportListing(sessions)),
  );
}
