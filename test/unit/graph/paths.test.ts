import assert from 'node:assert/strict';
import type { EdgeView, GraphView, NodeView } from '../../../src/protocol/graph';
import { graphView } from '../../../src/network/graph-view';
import { openKerasConfig } from '../../../src/formats/keras/config-file';
import { drawArchitecture } from '../../../src/network/architectures/architectures';
import { hideOthers } from '../../../webview/render/graph/hide';
import { drawGraph } from '../../../webview/render/graph/model';
import { edgeKey, pathWords, pathsBetween } from '../../../webview/render/graph/paths';
import type { Way } from '../../../webview/render/graph/walk';
import { walkFrom } from '../../../webview/render/graph/walk';

const edges = (...pairs: readonly string[]): EdgeView[] => pairs.map((pair) => { const [source = '', target = ''] = pair.split('>'); return { source, target, shape: '' }; });
const architecture = async (name: string): Promise<GraphView> => graphView((await openKerasConfig(`${name}.json`, drawArchitecture(name))).network);

describe('Paths between two layers', () => {
  const graph = edges('in>a', 'a>b', 'a>c', 'b>d', 'c>d', 'd>out', 'c>side', 'other>d');

  it('are all layers and edges on them, with their number and the shortest', () => {
    const found = pathsBetween(graph, ['in'], ['out']);
    assert.deepEqual([...found?.layers ?? []].sort(), ['a', 'b', 'c', 'd', 'in', 'out']);
    assert.deepEqual([...found?.edges ?? []].sort(), ['in>a', 'a>b', 'a>c', 'b>d', 'c>d', 'd>out'].map((pair) => edgeKey(pair.slice(0, pair.indexOf('>')), pair.slice(pair.indexOf('>') + 1))).sort());
    assert.deepEqual([found?.count, found?.shortest], [2, 4]);
    assert.equal(found === null ? '' : pathWords(found), '6 layers on 2 paths, the shortest over 4 edges');
  });

  it('are none against the arrows or between branches', () => {
    assert.equal(pathsBetween(graph, ['out'], ['in']), null);
    assert.equal(pathsBetween(graph, ['b'], ['c']), null);
    assert.equal(pathsBetween(graph, ['side'], ['out']), null);
  });

  it('may start from several layers, as a folded group has them', () => {
    assert.equal(pathsBetween(graph, ['b', 'c'], ['d'])?.count, 2);
  });

  it('double with each residual block: 2 to the power 16 ways through ResNet-50', async () => {
    const view = await architecture('resnet50');
    const [first, last] = [view.nodes[0]?.id ?? '', view.nodes.at(-1)?.id ?? ''];
    const found = pathsBetween(view.edges, [first], [last]);
    assert.equal(found?.count, 2 ** 16);
    assert.equal(found.layers.size, view.nodes.length);
  });
});

describe('Hiding layers', () => {
  it('leads edges on through what is hidden', () => {
    const node = (id: string): NodeView => ({ id, name: id, type: '', detail: '', outputShape: '', activation: null, parameters: 0, trainable: 0, macs: 0, parent: null, settings: [], weights: [], problem: null });
    const graph: GraphView = { title: '', format: '', nodes: ['in', 'a', 'b', 'c', 'd', 'out'].map(node), edges: edges('in>a', 'a>b', 'a>c', 'b>d', 'c>d', 'd>out', 'in>d'), totals: { layers: 6, parameters: 0, trainable: 0, macs: 0 }, problems: [] };
    const { nodes, edges: left } = hideOthers(graph, new Set(['in', 'b', 'out']));
    assert.deepEqual(nodes.map(({ id }) => id), ['in', 'b', 'out']);
    assert.deepEqual(left.map(({ source, target }) => `${source}>${target}`).sort(), ['b>out', 'in>b', 'in>out']);
  });

  it('keeps the order of the convolutions of VGG-16 as one chain', async () => {
    const view = await architecture('vgg16');
    const convolutions = view.nodes.filter(({ type }) => type === 'Conv2D').map(({ id }) => id);
    assert.deepEqual(hideOthers(view, new Set(convolutions)).edges.map(({ source, target }) => [source, target]), convolutions.slice(1).map((id, index) => [convolutions[index], id]));
  });
});

describe('Walking by keyboard', () => {
  for (const name of ['unet', 'inception', 'resnet18', 'transformer']) {
    it(`reaches every layer of ${name} along every edge`, async () => {
      const drawing = drawGraph(await architecture(name), false);
      const walked = new Set<string>();
      const states: { id: string; way: Way | null }[] = [{ id: drawing.nodes[0]?.id ?? '', way: null }];
      const seen = new Set<string>();
      for (let state = states.pop(); state !== undefined; state = states.pop()) {
        const key = JSON.stringify(state);
        if (seen.has(key)) continue;
        seen.add(key);
        if (state.way !== null) walked.add(state.way.down ? edgeKey(state.way.from, state.id) : edgeKey(state.id, state.way.from));
        for (const arrow of ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight']) {
          const next = walkFrom(drawing, state.id, arrow, state.way);
          if (next !== null) states.push(next);
        }
      }
      for (const { source, target } of drawing.edges) assert.ok(walked.has(edgeKey(source, target)), `${source} to ${target}`);
    });
  }

  it('goes up and down as a U is drawn, and on at the end of a column', async () => {
    const drawing = drawGraph(await architecture('unet'), false);
    const to = (id: string, key: string): string | undefined => walkFrom(drawing, id, key, null)?.id;
    assert.equal(to('up2_conv1', 'ArrowUp'), 'up2_conv2');
    assert.equal(to('up2_conv1', 'ArrowDown'), 'up2_concatenate');
    assert.equal(to('down2_conv1', 'ArrowDown'), 'down2_conv2');
    assert.equal(to('down2_conv2', 'ArrowRight'), 'skip2_crop');
    assert.equal(to('segmentation', 'ArrowUp'), undefined);
    const names = Array.from({ length: 400 }, (_, index) => `layer_${index}`);
    const chain = drawGraph({
      title: '', format: '', problems: [], totals: { layers: 400, parameters: 0, trainable: 0, macs: 0 }, edges: edges(...names.slice(1).map((name, index) => `${names[index] ?? ''}>${name}`)),
      nodes: names.map((name): NodeView => ({ id: name, name, type: 'Dense', detail: '', outputShape: '8', activation: null, parameters: 0, trainable: 0, macs: 0, parent: null, settings: [], weights: [], problem: null })),
    }, false);
    assert.ok(new Set(chain.nodes.map(({ rect }) => rect.x)).size > 1, 'it is set in columns');
    for (const [index, name] of names.entries()) {
      if (index + 1 < names.length) assert.equal(walkFrom(chain, name, 'ArrowDown', null)?.id, names[index + 1]);
      if (index > 0) assert.equal(walkFrom(chain, name, 'ArrowUp', null)?.id, names[index - 1]);
    }
  });
});
