import assert from 'node:assert/strict';
import { graphView } from '../../../src/network/graph-view';
import { openNetwork } from '../../../src/formats/registry';
import { bytesText, fieldWords, layerRows, layerTree } from '../../../webview/render/graph/layer-rows';
import type { LayerTree } from '../../../webview/render/graph/layer-rows';
import { scopesOf } from '../../../webview/render/graph/scopes';
import { fixture } from '../formats/fixture';

async function tree(file: string): Promise<LayerTree> {
  const { network, weights } = await openNetwork(fixture(file));
  await weights.close();
  const view = graphView(network);
  return layerTree(view, scopesOf(view));
}

describe('Rows of the table of layers', () => {
  it('nest by group, folded and open', async () => {
    const nested = await tree('keras/multi_io.keras');
    const text = (open: readonly string[]): string[] => layerRows(nested, new Set(open), null, null).map(({ id, depth, open: isOpen }) => `${'  '.repeat(depth)}${id}${isOpen === null ? '' : isOpen ? ' -' : ' +'}`);
    assert.ok(text([]).includes('tower +') && !text([]).includes('  tower/conv'));
    const open = text(['tower']);
    assert.deepEqual(open.slice(open.indexOf('tower -'), open.indexOf('tower -') + 6), ['tower -', '  tower/input_layer', '  tower/conv', '  tower/pool', '  tower/flat', '  tower/embed']);
  });

  it('sum a group: parameters, multiply-adds and memory of its layers', async () => {
    const deep = await tree('applications/ResNet50.config.json');
    const rows = layerRows(deep, new Set(), null, null);
    assert.ok(rows.length < 30, 'folded by the blocks of its names');
    assert.deepEqual(rows.map(({ id }) => id), ['input_layer', 'conv1/', 'pool1_pad', 'pool1_pool', 'conv2/', 'conv3/', 'conv4/', 'conv5/', 'avg_pool', 'predictions'], 'in the order of the network');
    assert.equal(rows.reduce((all, { facts }) => all + facts.parameters, 0), 25_636_712);
    assert.equal(rows.reduce((all, { facts }) => all + facts.layers, 0), 177);
    assert.equal(rows.reduce((all, { facts }) => all + facts.weights, 0), 4 * 25_636_712);
  });

  it('sort all layers by a column, without their groups', async () => {
    const rows = layerRows(await tree('applications/VGG16.config.json'), new Set(), null, { column: 'parameters', down: true });
    assert.deepEqual(rows.slice(0, 3).map(({ id, facts }) => [id, facts.parameters]), [['fc1', 102_764_544], ['fc2', 16_781_312], ['predictions', 4_097_000]]);
    const wide = layerRows(await tree('applications/VGG16.config.json'), new Set(), null, { column: 'activations', down: true });
    assert.deepEqual(wide.slice(0, 2).map(({ id, facts }) => [id, facts.activations]), [['block1_conv1', 4 * 224 * 224 * 64], ['block1_conv2', 4 * 224 * 224 * 64]]);
    assert.equal(wide.length, 23);
  });

  it('list what was found inside its groups', async () => {
    assert.deepEqual(layerRows(await tree('keras/multi_io.keras'), new Set(), new Set(['tower/conv']), null).map(({ id }) => id), ['tower', 'tower/conv']);
  });

  it('word memory and receptive fields', () => {
    assert.deepEqual([0, 12, 2048, 246_824, 553_430_176, null].map(bytesText), ['', '12 B', '2.0 KB', '241 KB', '528 MB', '?']);
    assert.equal(fieldWords({ input: 'image', axes: [{ size: 5, jump: 2, start: -2 }, { size: 5, jump: 2, start: -2 }] }), 'sees 5×5 of image; the first element begins 2 before its edge, each next one 2 further');
    assert.equal(fieldWords({ input: 'image', axes: [null, null] }), 'sees all of image');
  });
});
