// The extension in VS Code: what it costs to have it, and what it adds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';

const id = 'backstep.backstep';

describe('the extension', () => {
  it('activates without loading TensorFlow.js', async () => {
    const extension = vscode.extensions.getExtension(id);
    assert.ok(extension);
    const loaded = (): string[] => Object.keys(require.cache).filter((file) => /dist[\\/]core\.js$/.test(file));
    await extension.activate();
    assert.ok(extension.isActive);
    assert.deepEqual(loaded(), []);
    assert.doesNotMatch(readFileSync(path.join(extension.extensionPath, 'dist/extension.js'), 'utf8'), /runKernelFunc|registerGradient/);
  });

  it('contributes its commands', async () => {
    const commands = new Set(await vscode.commands.getCommands(true));
    for (const name of ['visualize', 'stepThrough', 'exportListing', 'showPanel', 'toggleLayerBreakpoint']) assert.ok(commands.has(`backstep.${name}`), name);
  });
});
