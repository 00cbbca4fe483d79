// Files that are opened in other ways, and files that cannot be opened: always a graph or one clear sentence.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Workbench, pictureOfFailure } from './workbench';

const workspace = process.env.BACKSTEP_WORKSPACE ?? '';

describe('model files', () => {
  let workbench: Workbench;
  const launchFile = path.join(workspace, '.vscode/launch.json');
  const launchText = readFileSync(launchFile, 'utf8');

  before(async () => {
    mkdirSync(path.join(workspace, 'broken'), { recursive: true });
    writeFileSync(path.join(workspace, 'broken/empty.keras'), '');
    writeFileSync(path.join(workspace, 'broken/text.h5'), 'This is not HDF5.\n');
    copyFileSync(path.resolve('test/fixtures/models/torch/torch_encoder.onnx'), path.join(workspace, 'torch_encoder.onnx'));
    copyFileSync(path.resolve('test/fixtures/models/keras/lenet5.config.json'), path.join(workspace, 'described.json'));
    workbench = await Workbench.open();
  });
  after(async () => {
    writeFileSync(launchFile, launchText);
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));

  it('keeps model.json as text, with Visualize in the editor title', async () => {
    await workbench.row('convnet').click();
    await workbench.row('model.json').dblclick();
    const button = workbench.page.locator('.editor-actions .action-label[aria-label^="Visualize"]');
    await button.waitFor();
    assert.equal(await workbench.page.locator('.monaco-editor[data-uri$="model.json"]').count(), 1);
    await button.click();
    const editor = await workbench.webview('.model');
    assert.match(await editor.locator('.facts-line').textContent() ?? '', /TensorFlow\.js.*parameters/);
    await workbench.picture('model-json');
  });

  it('has no Visualize on a JSON file that is no model', async () => {
    await workbench.row('lenet5.run.json').dblclick();
    await workbench.page.locator('.monaco-editor[data-uri$="lenet5.run.json"]').waitFor();
    await workbench.page.locator('.editor-actions').first().waitFor();
    assert.equal(await workbench.page.locator('.editor-actions .action-label[aria-label^="Visualize"]').count(), 0);
  });

  it('offers Visualize and Step Through in the explorer\'s context menu', async () => {
    await workbench.menu('Visualize', async () => {
      await workbench.row('students.h5').click({ button: 'right' });
      await workbench.page.locator('.monaco-menu').getByText('Step Through', { exact: true }).waitFor();
    });
    const editor = await workbench.webview('.model');
    await workbench.until(async () => /HDF5|h5/i.test(await editor.locator('.facts-line').textContent() ?? ''), 'the graph of students.h5');
  });

  it('offers Visualize in the explorer on JSON files that are models, though nobody has opened them, and on no others', async () => {
    const menu = workbench.page.locator('.monaco-menu');
    await workbench.until(async () => {
      await workbench.menu('Visualize', () => workbench.row('described.json').click({ button: 'right' }));
      if (await workbench.shows('.model .title h1', /lenet/i)) return true;
      await workbench.tab('described.json').first().locator('.codicon-close').click({ timeout: 2000 }).catch(() => undefined);
      return false;
    }, 'the graph of described.json');
    await workbench.until(async () => {
      await workbench.row('lenet5.run.json').click({ button: 'right' });
      return menu.getByText('Copy Path', { exact: true }).isVisible();
    }, 'the menu of lenet5.run.json');
    assert.equal(await menu.getByText('Visualize', { exact: true }).count(), 0);
    await workbench.page.keyboard.press('Escape');
  });

  for (const [file, sentence] of [['empty.keras', /empty\.keras is empty/], ['text.h5', /text\.h5 /]] as const) {
    it(`says in one sentence what is wrong with ${file}`, async () => {
      if (await workbench.row(file).count() === 0) await workbench.row('broken').click();
      await workbench.row(file).dblclick();
      const editor = await workbench.webview('.failed');
      await workbench.until(async () => sentence.test(await editor.locator('.failed p').textContent() ?? ''), 'the sentence');
      assert.doesNotMatch(await editor.locator('.failed').textContent() ?? '', /\bat \S+:\d+|Error:/);
    });
  }

  it('shows a file anew when it changes on disk, also one that was broken', async () => {
    await workbench.row('empty.keras').dblclick();
    await (await workbench.webview('.failed')).getByText('empty.keras is empty').waitFor();
    copyFileSync(path.join(workspace, 'perceptron.keras'), path.join(workspace, 'broken/empty.keras'));
    await (await workbench.webview('.model')).locator('.facts-line').filter({ hasText: 'Keras 3 archive' }).waitFor();
    writeFileSync(path.join(workspace, 'broken/empty.keras'), '');
    await (await workbench.webview('.failed')).getByText('empty.keras is empty').waitFor();
  });

  it('asks for data, loss, optimizer and batch size where no launch configuration says', async () => {
    writeFileSync(launchFile, JSON.stringify({ version: '0.2.0', configurations: [] }));
    const editor = await workbench.openModel('perceptron.keras');
    await workbench.until(async () => (await editor.locator('.title h1').textContent())?.includes('perceptron') === true, 'the graph of the perceptron');
    await workbench.page.locator('.editor-actions .action-label[aria-label^="Step Through"]').click();
    await workbench.pick('clusters');
    await workbench.pick('binary crossentropy');
    await workbench.pick('sgd');
    const field = workbench.page.locator('.quick-input-widget input.input');
    await workbench.until(async () => await field.inputValue() === '32', 'the question for the batch size');
    await field.press('Enter');
    await workbench.placeItem.waitFor();
    await workbench.page.getByText('Keep these settings for the next time?', { exact: true }).waitFor();
    await workbench.picture('questions');
    await workbench.page.getByRole('button', { name: 'Save to launch.json' }).click();
    await workbench.until(() => Promise.resolve(/"generator"/.test(readFileSync(launchFile, 'utf8'))), 'the entry in launch.json');
    const saved = readFileSync(launchFile, 'utf8');
    assert.match(saved, /"\$\{workspaceFolder\}\/perceptron\.keras"/);
    await workbench.page.keyboard.press('Shift+F5');
    await workbench.placeItem.waitFor({ state: 'hidden' });
  });

  it('makes up data for a network that no example fits', async () => {
    writeFileSync(launchFile, JSON.stringify({ version: '0.2.0', configurations: [] }));
    const editor = await workbench.openModel('torch_encoder.onnx');
    await workbench.until(async () => (await editor.locator('.title h1').textContent())?.includes('torch_encoder') === true, 'the graph of the encoder');
    await workbench.page.locator('.editor-actions .action-label[aria-label^="Step Through"]').click();
    await workbench.pick('patterns');
    await workbench.pick('fits the network');
    await workbench.pick('adam');
    const field = workbench.page.locator('.quick-input-widget input.input');
    await workbench.until(async () => /^\d+$/.test(await field.inputValue()), 'the question for the batch size');
    await field.press('Enter');
    await workbench.placeItem.waitFor();
    const panel = await workbench.webview('.run');
    await panel.locator('.tensor-canvas canvas').first().waitFor();
    await workbench.step('F10');
    await workbench.picture('patterns');
    await workbench.page.keyboard.press('Shift+F5');
    await workbench.placeItem.waitFor({ state: 'hidden' });
  });

  it('says which attribute of a launch configuration is wrong', async () => {
    writeFileSync(launchFile, JSON.stringify({ version: '0.2.0', configurations: [
      { type: 'backstep', request: 'launch', name: 'wrong', model: '${workspaceFolder}/perceptron.keras', data: { generator: 'clusters' }, batchsize: 20 },
    ] }));
    await workbench.tab('perceptron.keras').click();
    const sentence = workbench.page.locator('.notifications-toasts').getByText(/wrong: "batchsize" is not an attribute .* did you mean "batchSize"/);
    // The button takes no click while the session before is being put away.
    await workbench.until(async () => {
      await workbench.page.locator('.editor-actions .action-label[aria-label^="Step Through"]').click();
      const isSaid = await sentence.waitFor({ timeout: 4000 }).then(() => true, () => false);
      // VS Code may not have read the file anew yet: then there is a question in place of the sentence.
      if (!isSaid) await workbench.page.keyboard.press('Escape');
      return isSaid;
    }, 'the sentence');
    await workbench.picture('bad-configuration');
  });
});
