// Debug sessions inside VS Code, through its own API.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

/** The next event, or the first that fits. */
function next<T>(event: vscode.Event<T>, fits: (value: T) => boolean = () => true): Promise<T> {
  return new Promise((resolve) => {
    const subscription = event((value) => {
      if (!fits(value)) return;
      subscription.dispose();
      resolve(value);
    });
  });
}

const isListing = (document: vscode.TextDocument): boolean => document.uri.scheme === 'backstep-listing';

/** Starts a configuration of the workspace's launch.json and waits until the first step is on the screen. */
async function start(name: string): Promise<vscode.DebugSession> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const stopped = next(vscode.debug.onDidChangeActiveStackItem, (item) => item instanceof vscode.DebugStackFrame);
  let refused = '';
  const tracker = vscode.debug.registerDebugAdapterTrackerFactory('backstep', {
    createDebugAdapterTracker: () => ({ onDidSendMessage: (message: { success?: boolean; message?: string }) => { if (message.success === false) refused = message.message ?? ''; } }),
  });
  const started = await vscode.debug.startDebugging(folder, name);
  tracker.dispose();
  assert.ok(started, refused);
  await stopped;
  const session = vscode.debug.activeDebugSession;
  assert.ok(session);
  return session;
}

async function stop(): Promise<void> {
  const ended = next(vscode.debug.onDidTerminateDebugSession);
  await vscode.debug.stopDebugging();
  await ended;
}

describe('a debug session in VS Code', () => {
  afterEach(async () => {
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('stops in the listing, a read-only document with a language, folding and no diagnostics', async () => {
    await start('Perceptron: two clusters');
    const document = vscode.workspace.textDocuments.find(isListing);
    assert.ok(document);
    assert.equal(document.languageId, 'backstep-listing');
    assert.match(document.getText(), /^\/\/ perceptron/);
    const ranges = await vscode.commands.executeCommand<vscode.FoldingRange[]>('vscode.executeFoldingRangeProvider', document.uri);
    assert.ok(ranges.length >= 4, `${ranges.length} regions`);
    assert.deepEqual(vscode.languages.getDiagnostics(document.uri), []);
    await stop();
  });

  it('evaluates expressions at the stop', async () => {
    const session = await start('Perceptron: two clusters');
    const { result } = await session.customRequest('evaluate', { expression: 'shape(neuron.kernel)', context: 'watch' }) as { result: string };
    assert.match(result, /2.*1/);
    await stop();
  });

  it('stops at a breakpoint on a layer', async () => {
    await start('Students: will I pass? (2-3-1)');
    const model = vscode.debug.activeDebugSession;
    const { stackFrames } = await model?.customRequest('stackTrace', { threadId: 1 }) as { stackFrames: { name: string }[] };
    assert.ok(stackFrames.length >= 3);
    vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(stackFrames[0]?.name ?? '')]);
    const moved = next(vscode.debug.onDidChangeActiveStackItem, (item) => item instanceof vscode.DebugStackFrame);
    await vscode.commands.executeCommand('workbench.action.debug.continue');
    await moved;
    await stop();
  });

  it('refuses a wrong configuration before a session starts', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const started = await vscode.debug.startDebugging(folder, { type: 'backstep', request: 'launch', name: 'wrong', model: '${workspaceFolder}/perceptron.keras', data: { generator: 'nothing' } });
    assert.equal(started, false);
    assert.equal(vscode.debug.activeDebugSession, undefined);
  });

  it('ends without a trace when the model is missing', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    await vscode.debug.startDebugging(folder, { type: 'backstep', request: 'launch', name: 'missing', model: '${workspaceFolder}/missing.keras', data: { generator: 'clusters' }, loss: 'binary_crossentropy', optimizer: 'sgd' });
    assert.equal(vscode.debug.activeDebugSession, undefined);
  });
});
