import assert from 'node:assert/strict';
import { openNetwork } from '../../../src/formats/registry';
import { graphView } from '../../../src/network/graph-view';
import { columnWidths, outputText } from '../../../webview/render/graph/layer-columns';
import { layerTree } from '../../../webview/render/graph/layer-rows';
import type { LayerTree } from '../../../webview/render/graph/layer-rows';
import { scopesOf } from '../../../webview/render/graph/scopes';
import { fixture } from '../formats/fixture';

async function tree(file: string): Promise<LayerTree> {
  const { network, weights } = await openNetwork(fixture(file));
  await weights.close();
  const view = graphView(network);
  return layerTree(view, scopesOf(view));
}
const measure = (text: string): number => 7 * text.length;

describe('Columns of the table of layers', () => {
  it('a network with shapes has all of them', async () => {
    const { columns, outputs, template } = columnWidths(await tree('keras/lenet5.keras'), measure);
    assert.deepEqual([columns, outputs], [['type', 'output', 'parameters', 'macs', 'activations', 'weights', 'field'], 'shapes']);
    assert.equal(template.split(/ (?=minmax|\d)/).filter((part) => part.endsWith('px') || part.endsWith(')')).length, 8);
  });

  it('a file of weights has those of its weights, with sizes in place of shapes', async () => {
    const modules = await tree('torch/torch_resnet.safetensors');
    const { columns, outputs, total, template } = columnWidths(modules, measure);
    assert.deepEqual([columns, outputs], [['type', 'output', 'parameters', 'weights'], 'sizes']);
    assert.ok(total < columnWidths(await tree('keras/lenet5.keras'), measure).total);
    assert.equal(template.endsWith(' 88px 66px'), true);
    assert.deepEqual(['layer2/conv1', 'layer2', 'fc'].map((id) => outputText(outputs, modules.views.get(id) ?? null)), ['8→16, 3×3', '', '16→4']);
  });
});
