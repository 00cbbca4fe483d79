// An ONNX model that PyTorch exported: opened as a graph, stepped through, its feature maps with channels first.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Workbench, pictureOfFailure } from './workbench';

const workspace = process.env.BACKSTEP_WORKSPACE ?? '';
const fixtures = path.resolve('test/fixtures/models/torch');

describe('an ONNX model', () => {
  let workbench: Workbench;
  const launchFile = path.join(workspace, '.vscode/launch.json');
  const launchText = readFileSync(launchFile, 'utf8');

  before(async () => {
    for (const file of ['torch_cnn.unfolded.onnx', 'torch_cnn.reference.npz']) copyFileSync(path.join(fixtures, file), path.join(workspace, file));
    writeFileSync(launchFile, JSON.stringify({ version: '0.2.0', configurations: [{
      type: 'backstep', request: 'launch', name: 'ONNX', model: '${workspaceFolder}/torch_cnn.unfolded.onnx', loss: 'sparse_categorical_crossentropy', optimizer: { type: 'sgd', learningRate: 0.1 }, batchSize: 5, seed: 1,
      data: { x: '${workspaceFolder}/torch_cnn.reference.npz#x', y: '${workspaceFolder}/torch_cnn.reference.npz#y' },
    }] }));
    workbench = await Workbench.open();
  });
  after(async () => {
    writeFileSync(launchFile, launchText);
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));

  it('opens as a graph without complaints, and can be stepped through', async () => {
    const editor = await workbench.openModel('torch_cnn.unfolded.onnx');
    await editor.locator('[data-node="conv1/Conv"]').waitFor();
    assert.match(await editor.locator('.facts-line').textContent() ?? '', /ONNX model, opset 20.*5,266 parameters/);
    assert.equal(await editor.getByText('cannot be run').count(), 0);
    await workbench.picture('onnx-model');
    await editor.getByRole('button', { name: /step through/i }).click();
    await workbench.placeItem.waitFor();
    assert.match(await workbench.place(), /iteration 1 · forward · conv1\/Conv$/);
  });

  it('shows one feature map a channel, and steps on to the next layer', async () => {
    const panel = await workbench.webview('.run');
    const output = panel.locator('.card').filter({ hasText: '5×8×14×14' }).first();
    await output.locator('canvas').first().waitFor();
    await workbench.picture('onnx-session');
    await workbench.step('F10');
    assert.match(await workbench.place(), /forward · bn1\/BatchNormalization$/);
  });
});
