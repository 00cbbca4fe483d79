// Each built-in architecture opened from a file: a picture to look at, and its layers and parameters on the screen; comparison and chart.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openKerasConfig } from '../../src/formats/keras/config-file';
import { stateShapes } from '../../src/formats/keras/state-shapes';
import { architectures, drawArchitecture } from '../../src/network/architectures/architectures';
import { layerCount } from './architecture-layers';
import { Workbench, pictureOfFailure } from './workbench';

const workspace = process.env.BACKSTEP_WORKSPACE ?? '';
const folder = path.join(workspace, 'architectures');

describe('architectures from files', () => {
  let workbench: Workbench;

  before(async () => {
    mkdirSync(folder, { recursive: true });
    for (const name of Object.keys(architectures)) {
      const config = drawArchitecture(name);
      writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(stateShapes(config, (await openKerasConfig(`${name}.json`, config)).network), null, 1));
    }
    workbench = await Workbench.open();
    await workbench.row('architectures').click();
    await workbench.row('alexnet.json').waitFor();
  });
  after(() => workbench.close());
  afterEach(pictureOfFailure(() => workbench));

  /** Closes the graph and the text that it was opened from. */
  const closeBoth = async (): Promise<void> => {
    for (let left = 2; left > 0; left -= 1) {
      await workbench.page.locator('.tabs-container .tab.active').click({ button: 'middle' });
      await workbench.until(async () => await workbench.page.locator('.tabs-container .tab').count() < left, 'one editor less');
    }
  };

  for (const [name, { title, parameters }] of Object.entries(architectures)) {
    it(`shows ${title} with its layers and parameters`, async () => {
      await workbench.row(`${name}.json`).dblclick();
      await workbench.page.locator('.editor-actions .action-label[aria-label^="Visualize"]').click();
      let facts = '';
      await workbench.until(async () => {
        for (const frame of workbench.page.frames()) {
          if (!await frame.locator('.model .node').first().isVisible().catch(() => false)) continue;
          const text = await frame.locator('.model .title').first().textContent() ?? '';
          if (text.includes(`${layerCount(name).toLocaleString('en-US')} layer`)) facts = text;
        }
        return facts !== '';
      }, `the graph of ${name}`);
      const shown = /([\d,]+) trainable/.exec(facts)?.[1] ?? /([\d,]+) parameters/.exec(facts)?.[1] ?? '';
      assert.equal(shown, parameters.toLocaleString('en-US'), facts);
      await workbench.picture(`architecture-${name}`);
      await closeBoth();
    });
  }

  for (const name of ['unet', 'resnet50']) {
    it(`shows ${name} in every theme`, async () => {
      await workbench.row(`${name}.json`).dblclick();
      await workbench.page.locator('.editor-actions .action-label[aria-label^="Visualize"]').click();
      const editor = await workbench.webview('.model .node');
      await workbench.until(async () => (await editor.locator('.title h1').textContent()) === name, name);
      await editor.locator('.layer-rows .layer-row').nth(3).click();
      await editor.locator('.layer-details').waitFor();
      await workbench.pictures(`architecture-${name}`, editor);
      await closeBoth();
    });
  }

  it('lays out three thousand boxes in a worker, under the policy of VS Code\'s webviews', async () => {
    await workbench.row('resnet1001.json').dblclick();
    await workbench.page.locator('.editor-actions .action-label[aria-label^="Visualize"]').click();
    const editor = await workbench.webview('.model .node.folded');
    await editor.locator('vscode-button[aria-label="Open all groups"]').click();
    await editor.locator('.graph[data-laid="in worker"]').waitFor();
    await editor.locator('[data-node="image"]').waitFor();
    await workbench.picture('architecture-resnet1001-open');
  });

  it('compares two files that are selected in the explorer', async () => {
    await workbench.row('lenet5.keras').click();
    await workbench.row('perceptron.keras').click({ modifiers: ['Control'] });
    await workbench.menu('Compare Models…', () => workbench.row('perceptron.keras').click({ button: 'right' }));
    const view = await workbench.webview('.compare .change');
    assert.match(await view.locator('.facts-line').textContent() ?? '', /layers? added.*layers? removed/);
    await workbench.picture('compare-models');
    await workbench.page.locator('.tabs-container .tab.active').click({ button: 'middle' });
  });

  it('draws the chart from the command, and opens the architecture that is clicked', async () => {
    await workbench.command('Backstep: Compare Architectures');
    const view = await workbench.webview('.architectures .architecture-point');
    await workbench.picture('architecture-chart');
    await view.locator('[data-architecture=vgg11]').click();
    const editor = await workbench.webview('.model .node');
    await workbench.until(async () => /132,863,336/.test(await editor.locator('.facts-line').textContent() ?? ''), 'VGG-11');
  });
});
