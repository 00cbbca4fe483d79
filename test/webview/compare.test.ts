/** Comparison of two models and the chart of architectures, on real networks. */
import assert from 'node:assert/strict';
import { closeAll, openWebview, themeNames } from './browser';
import { openKerasConfig } from '../../src/formats/keras/config-file';
import { openNetwork } from '../../src/formats/registry';
import { drawArchitecture } from '../../src/network/architectures/architectures';
import { architectureViews } from '../../src/network/architectures/figures';
import { differencesView, mergedGraph } from '../../src/network/compare-view';
import { diffNetworks, matchLayers } from '../../src/network/diff';
import { graphView } from '../../src/network/graph-view';
import type { JsonObject, OpenedNetwork } from '../../src/network/network';
import type { CompareView } from '../../src/protocol/compare';

async function comparison(before: OpenedNetwork, after: OpenedNetwork, names: readonly [string, string]): Promise<CompareView> {
  const [a, b] = [graphView(before.network), graphView(after.network)];
  const model = (file: string, { format, totals }: typeof a) => ({ file, format, layers: totals.layers, parameters: totals.parameters });
  return { before: model(names[0], a), after: model(names[1], b), graph: mergedGraph(a, b, matchLayers(before.network, after.network)), ...differencesView(await diffNetworks(before, after), null) };
}

describe('a comparison of two models', () => {
  after(closeAll);

  it('shows what came, went and changed, in the graph and in a list, in every theme', async () => {
    const lenet = drawArchitecture('lenet5');
    const text = JSON.stringify(lenet).replace('"units":84', '"units":90').replaceAll('"f6"', '"f6_wide"').replaceAll('"AveragePooling2D"', '"MaxPooling2D"').replace('"filters":16', '"filters":12');
    const compare = await comparison(await openKerasConfig('a.json', lenet), await openKerasConfig('b.json', JSON.parse(text) as JsonObject), ['lenet5.keras', 'lenet5-wide.keras']);
    const opened = await openWebview({ answer: () => null, snapshot: () => [{ type: 'comparison', compare }] }, { width: 1240, height: 860 });
    await opened.page.waitForSelector('.change');
    assert.match(await opened.page.locator('.facts-line').innerText(), /3 layers added, 3 layers removed/);
    assert.equal(await opened.page.locator('.change-added').count(), 3);
    assert.equal(await opened.page.locator('.change-removed').count(), 3);
    const c3 = opened.page.locator('[data-change="c3"]');
    assert.match(await c3.innerText(), /filters 16 → 12/);
    await c3.click();
    await opened.page.waitForSelector('[data-node=c3].selected');
    assert.match(await opened.page.locator('.change-details').innerText(), /\[5, 5, 6, 16\] → \[5, 5, 6, 12\]/);
    for (const theme of themeNames) {
      await opened.setTheme(theme);
      await opened.screenshot(`compare-${theme}`);
    }
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });

  it('grows while weights are read, and can be stopped', async () => {
    const [a, b] = [await openNetwork('test/fixtures/models/keras/will_i_pass.keras'), await openNetwork('test/fixtures/models/keras/will_i_pass_trained.keras')];
    const whole = await comparison(a, b, ['will_i_pass.keras', 'will_i_pass_trained.keras']);
    const opened = await openWebview({ answer: () => null, snapshot: () => [{ type: 'comparison', compare: { ...whole, changes: [], summary: '', progress: { done: 0, total: 4 } } }] }, { width: 1000, height: 600 });
    await opened.page.waitForSelector('.compare-progress');
    assert.match(await opened.page.locator('.compare-progress').innerText(), /0 of 4 weights/);
    await opened.page.locator('vscode-button', { hasText: 'Stop' }).click();
    await opened.page.waitForFunction(() => true);
    assert.ok(opened.sent.some((message) => message.kind === 'event' && message.event.type === 'stop'));
    await opened.send({ type: 'differences', differences: { summary: whole.summary, changes: whole.changes, progress: null, stopped: null } });
    await opened.page.waitForSelector('.compare-progress', { state: 'detached' });
    assert.equal(await opened.page.locator('.change-weights').count(), 2);
    assert.match(await opened.page.locator('[data-node=hidden]').innerText(), /~ \d/);
    await opened.screenshot('compare-trained');
    await opened.close();
    await a.weights.close();
    await b.weights.close();
  });
});

describe('the chart of architectures', () => {
  after(closeAll);

  it('sets accuracy against compute and size, names every source, and opens what is clicked', async () => {
    const architectures = await architectureViews(async (name) => (await openKerasConfig(`${name}.json`, drawArchitecture(name))).network);
    const opened = await openWebview({ answer: () => null, snapshot: () => [{ type: 'architectures', architectures }] }, { width: 1100, height: 900 });
    await opened.page.waitForSelector('[data-point=resnet50]');
    const place = async (name: string): Promise<{ x: number; y: number }> => { const box = await opened.page.locator(`[data-point=${name}]`).boundingBox(); assert.ok(box); return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; };
    const [resnet, vgg, mobilenet, alexnet] = [await place('resnet50'), await place('vgg19'), await place('mobilenet'), await place('alexnet')];
    assert.ok(mobilenet.x < resnet.x && resnet.x < vgg.x, 'by multiply-adds');
    assert.ok(resnet.y < vgg.y && vgg.y < mobilenet.y, 'the more accurate the higher');
    assert.match(await opened.page.locator('[data-point=resnet50]').getAttribute('title') ?? '', /25,557,032 parameters \(torchvision.*76\.13 % \(torchvision/s);
    assert.equal(await opened.page.locator('.architecture-table tbody tr').count(), architectures.architectures.length);
    for (const theme of themeNames) {
      await opened.setTheme(theme);
      await opened.page.waitForSelector('[data-point=resnet50]');
      await opened.screenshot(`architectures-${theme}`);
    }
    await opened.page.locator('.strip select').selectOption('parameters');
    await opened.page.waitForFunction((before) => (document.querySelector('[data-point=alexnet]')?.getBoundingClientRect().x ?? 0) > before + 200, alexnet.x);
    await opened.page.locator('[data-point=resnet18]').click();
    assert.deepEqual(opened.sent.at(-1), { kind: 'event', event: { type: 'openArchitecture', name: 'resnet18' } });
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });
});
