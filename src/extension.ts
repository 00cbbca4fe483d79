/** Wiring only: constructs what VS Code shows, registers it, and disposes of it. Nothing heavy is loaded before it is needed. */
import * as vscode from 'vscode';
import { visualize } from './commands/visualize';
import { ModelEditorProvider } from './editors/model-editor';
import { watchModels } from './editors/sniff';

export function activate(context: vscode.ExtensionContext): void {
  context.subscriptions.push(
    ...ModelEditorProvider.register(context.extensionUri),
    watchModels(),
    vscode.commands.registerCommand('backstep.visualize', visualize),
  );
}
