/** Starts a debug adapter in this process for each session, and introduces its controller to the rest of the extension. */
import * as vscode from 'vscode';
import type { BackstepSession } from '../session';
import type { Controller } from '../controller';
import { listingIdentity } from './listing-document';
import type { LiveSessions } from './live';

interface Message { readonly type?: string; readonly command?: string; readonly success?: boolean; message?: string; body?: { error?: { showUser?: boolean } } }

export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory {
  constructor(private readonly sessions: LiveSessions) {}

  async createDebugAdapterDescriptor(session: vscode.DebugSession): Promise<vscode.DebugAdapterDescriptor> {
    const { BackstepSession, createRun, makeListing, useTensorflowFrom } = await (await import('../../core')).loadDebugger();
    const settings = vscode.workspace.getConfiguration('backstep', session.workspaceFolder?.uri);
    const nativePath = settings.get<string>('nativePath', '');
    useTensorflowFrom(nativePath === '' ? undefined : nativePath);
    const budgets = memoryBudgets(settings.get<number>('memoryBudget', 1024));
    const server: BackstepSession = new BackstepSession({
      createRun: (config, options) => createRun(config, { ...options, budgets }),
      makeListing: (trace, { network }) => makeListing(trace, network),
      id: listingIdentity(String(session.configuration.model), this.sessions),
      clientReadsListing: true,
      ...(session.workspaceFolder === undefined ? {} : { baseFolder: session.workspaceFolder.uri.fsPath }),
      onLaunched: (controller) => { this.introduce(session, server, controller); },
    });
    return new vscode.DebugAdapterInlineImplementation(new InlineAdapter(server, (message) => { this.sessions.fail(session, message); }));
  }

  private introduce(session: vscode.DebugSession, server: BackstepSession, controller: Controller): void {
    if (server.listingPath !== null) this.sessions.add({ session, controller, listing: vscode.Uri.parse(server.listingPath) });
  }
}

/** Three parts of the memory for traces near the cursor, one for checkpoints of what lies further away; in bytes. */
function memoryBudgets(megabytes: number): { readonly traces: number; readonly checkpoints: number } {
  return { traces: 0.75 * megabytes * 2 ** 20, checkpoints: 0.25 * megabytes * 2 ** 20 };
}

/** Passes messages on; a launch that failed is told without a dialog that stands in the way. */
class InlineAdapter implements vscode.DebugAdapter {
  private readonly sent = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
  readonly onDidSendMessage = this.sent.event;

  constructor(private readonly server: BackstepSession, onFailure: (message: string) => void) {
    server.onDidSendMessage((message: Message) => {
      const failed = message.type === 'response' && message.command === 'launch' && message.success === false;
      if (failed && message.body?.error !== undefined) {
        message.body.error.showUser = false;
        onFailure(message.message ?? '');
      }
      this.sent.fire(message);
    });
  }

  handleMessage(message: vscode.DebugProtocolMessage): void {
    this.server.handleMessage(message as Parameters<BackstepSession['handleMessage']>[0]); // VS Code sends what DAP defines
  }

  dispose(): void {
    this.server.dispose();
    this.sent.dispose();
  }
}
