import assert from 'node:assert/strict';
import { openKerasConfig } from '../../../src/formats/keras/config-file';
import { openNetwork } from '../../../src/formats/registry';
import { drawArchitecture } from '../../../src/network/architectures/architectures';
import { architectureViews } from '../../../src/network/architectures/figures';
import { differencesView, mergedGraph, removedNode } from '../../../src/network/compare-view';
import { diffNetworks, matchLayers } from '../../../src/network/diff';
import { graphView } from '../../../src/network/graph-view';
import type { JsonObject, OpenedNetwork } from '../../../src/network/network';
import type { GraphView } from '../../../src/protocol/graph';
import { fixture } from '../formats/fixture';

const config = (name: string, change: (text: string) => string): Promise<OpenedNetwork> => openKerasConfig(`${name}.json`, JSON.parse(change(JSON.stringify(drawArchitecture(name)))) as JsonObject);
const merged = (a: OpenedNetwork, b: OpenedNetwork): GraphView => mergedGraph(graphView(a.network), graphView(b.network), matchLayers(a.network, b.network));

describe('Two models in one view', () => {
  it('draws layers that are gone where they were', async () => {
    const [a, b] = [await config('lenet5', (text) => text), await config('vgg11', (text) => text)];
    const { nodes, edges } = merged(a, b);
    const gone = nodes.filter(({ id }) => id.endsWith('/')).map(({ name }) => name);
    assert.ok(gone.includes('c1') && gone.includes('c3'));
    assert.ok(edges.some(({ source, target }) => source === removedNode('c1') && target === removedNode('s2')));
    // `image` is in both: one node, from which both go on.
    assert.equal(nodes.filter(({ id }) => id === 'image').length, 1);
    assert.ok(edges.some(({ source, target }) => source === 'image' && target === removedNode('c1')) && edges.some(({ source, target }) => source === 'image' && target === 'block1_conv1'));
  });

  it('lists the farthest weights first, with how far they moved', async () => {
    const [a, b] = [await openNetwork(fixture('keras/will_i_pass.keras')), await openNetwork(fixture('keras/will_i_pass_trained.keras'))];
    const difference = await diffNetworks(a, b);
    const { changes, summary, progress } = differencesView(difference, null);
    assert.equal(progress, null);
    assert.match(summary, /^4 weights moved, farthest /);
    assert.deepEqual(changes.map(({ mark }) => mark), ['weights', 'weights']);
    const kernel = changes.find(({ id }) => id === 'hidden')?.weights.find(({ name }) => name === 'kernel');
    const layer = difference.layers.find(({ path }) => path === 'hidden');
    const expected = layer?.kind === 'changed' ? layer.weights.find(({ name }) => name === 'kernel') : undefined;
    assert.ok(expected !== undefined && kernel?.relative !== null);
    assert.ok(Math.abs((kernel?.relative ?? 0) - expected.distance / expected.norm) < 1e-12);
    assert.equal(kernel?.largest, expected.largest);
    await a.weights.close();
    await b.weights.close();
  });

  it('tells settings, shapes and new names apart from weights that moved', async () => {
    const [a, b] = [await config('lenet5', (text) => text), await config('lenet5', (text) => text.replace('"units":84', '"units":90').replaceAll('"c3"', '"conv"'))];
    const { changes } = differencesView(await diffNetworks(a, b), null);
    assert.deepEqual(Object.fromEntries(changes.map(({ id, mark }) => [id, mark])), { f6: 'settings', digit: 'settings', conv: 'renamed' });
    assert.deepEqual(changes.find(({ id }) => id === 'f6')?.weights.map(({ name, shape }) => `${name} ${shape}`), ['kernel [120, 84] → [120, 90]', 'bias [84] → [90]']);
  });
});

describe('Figures of the architectures', () => {
  it('our counts of multiply-adds are the published ones', async () => {
    const { architectures } = await architectureViews(async (name) => (await openKerasConfig(`${name}.json`, drawArchitecture(name))).network);
    const published = architectures.filter((view) => view.published !== null);
    assert.equal(published.length, 11);
    for (const { name, macs, published: figure } of published) {
      const [ours, theirs] = [(macs ?? 0) / 1e9, (figure?.value ?? 0) / 1e9];
      assert.ok(Math.abs(ours - theirs) < Math.max(0.006, 0.003 * theirs), `${name}: ${ours.toFixed(3)} against ${theirs}`);
    }
  });

  it('each figure names where it was published', async () => {
    const { architectures } = await architectureViews(async (name) => (await openKerasConfig(`${name}.json`, drawArchitecture(name))).network);
    for (const { parameters, accuracy, published, source } of architectures) for (const text of [parameters.source, source, ...(accuracy === null ? [] : [accuracy.source]), ...(published === null ? [] : [published.source])]) assert.ok(text.length > 8);
    assert.ok(architectures.filter(({ accuracy }) => accuracy !== null).length >= 11);
  });
});
