import assert from 'node:assert/strict';
import type { GraphView, NodeView } from '../../src/protocol/graph';
import { foldGraph, groupsAround, openAtFirst } from '../../webview/render/graph/fold';
import { coloring } from '../../webview/render/graph/colors';
import { drawGraph } from '../../webview/render/graph/model';
import { graphSvg } from '../../webview/render/graph/svg';
import { rangeTitle, scopeNames, scopesOf } from '../../webview/render/graph/scopes';
import { architecture, openFile } from './fixtures/real';

const layer = (id: string, type = 'Dense', parent: string | null = null): NodeView => ({
  id, name: id.slice(parent === null ? 0 : parent.length + 1), type, detail: '', outputShape: '8', activation: null, parameters: 10, trainable: 10, macs: 5, parent, settings: [], weights: [], problem: null,
});
const graphOf = (nodes: readonly NodeView[], edges: readonly (readonly [string, string])[]): GraphView => ({
  title: 'test', format: 'test', nodes, edges: edges.map(([source, target]) => ({ source, target, shape: '8' })), problems: [], totals: { layers: nodes.length, parameters: 0, trainable: 0, macs: 0 },
});
const chain = (names: readonly string[]): (readonly [string, string])[] => names.slice(1).map((name, index) => [names[index] ?? '', name] as const);

describe('name scopes', () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    conv2_block1_1_conv: ['conv2', 'conv2_block1'], block1_conv1: ['block1'], block_3_expand: ['block_3'], 'encoder/layer_0/query': ['encoder', 'encoder/layer_0'], '/layer1/conv/Conv': ['layer1', 'layer1/conv'],
    'layer1.0.conv1': ['layer1', 'layer1.0'], conv2d_17: [], conv2d_17_bn: [], dense: [], batch_normalization_3: [], layer_2999: [], block2d_expand_conv: ['block2d'],
  };
  for (const [name, scopes] of Object.entries(cases)) it(`of ${name}: ${scopes.join(', ') || 'none'}`, () => assert.deepEqual(scopeNames(name), scopes));
});

describe('the title of a range of layers', () => {
  for (const [first, last, title] of [
    ['conv2_block12_1_bn', 'conv2_block22_add', 'conv2_block12–22'], ['conv2_block1_1_bn', 'conv2_block11_add', 'conv2_block1–11'], ['dense_0', 'dense_49', 'dense_0–49'],
    ['conv2_block111_1_bn', 'conv2_block111_add', 'conv2_block111'], ['layer_3', 'layer_7', 'layer_3–7'], ['block_a', 'block_b', 'block_a … block_b'], ['stem', 'head', 'stem … head'],
  ] as const) it(`from ${first} to ${last}: ${title}`, () => assert.equal(rangeTitle(first, last), title));
});

describe('modules that a file says apart from names', () => {
  const ops = (scope: string | undefined, ...names: string[]): NodeView[] => names.map((name) => ({ ...layer(name, 'Relu'), ...(scope === undefined ? {} : { scope }) }));
  const blocks = Array.from({ length: 20 }, (_, index) => [...ops(`layer.${index}.mlp`, `a${index}`, `b${index}`, `c${index}`), ...ops(`layer.${index}.act`, `d${index}`)]).flat();
  const split = { ...layer('node_Split_7', 'Split'), parameters: 0 };
  const weight = { ...layer('val_3', 'Parameter') };
  const graph = graphOf([layer('x', 'Input'), ...blocks, weight, split], [...chain(['x', ...blocks.map(({ id }) => id)]), ['val_3', 'node_Split_7'], ['node_Split_7', 'a4'], ['node_Split_7', 'c4']]);
  const scopes = scopesOf(graph);

  it('are its groups, each named so that a number does not stand alone', () => {
    assert.deepEqual(groupsAround(scopes, 'b4'), ['layer/', 'layer.4/', 'layer.4.mlp/']);
    assert.equal(scopes.groups.get('layer.4/')?.title, 'layer.4');
    assert.equal(scopes.groups.get('layer.4.mlp/')?.title, 'mlp');
  });
  it('take in what only they use: weights and ops that the exporter has put in front', () => {
    for (const id of ['node_Split_7', 'val_3']) assert.deepEqual(groupsAround(scopes, id), ['layer/', 'layer.4/', 'layer.4.mlp/']);
    assert.deepEqual(groupsAround(scopes, 'x'), []);
  });
  it('stand for names that an exporter made up, but not in a run, whose listing has these', () => {
    const titles = foldGraph(graph, scopes, new Set(scopes.groups.keys())).titles;
    assert.deepEqual([titles.get('d4'), titles.get('a4'), titles.get('x')], ['act', 'a4', 'x']);
    assert.equal(foldGraph(graph, scopes, new Set(scopes.groups.keys()), false).titles.get('d4'), 'd4');
  });
});

describe('names inside a group', () => {
  it('do not repeat the group\'s', () => {
    const names = Array.from({ length: 30 }, (_, index) => ['conv1/Conv', 'relu/Relu', 'Add'].map((op) => `layer${index % 3}/layer${index % 3}.${index}/${op}`)).flat();
    const graph = graphOf(names.map((name) => layer(name)), chain(names));
    const scopes = scopesOf(graph);
    const titles = foldGraph(graph, scopes, new Set(scopes.groups.keys())).titles;
    assert.equal(titles.get('layer1/layer1.4/conv1/Conv'), 'conv1/Conv');
  });
});

describe('groups of a large network', () => {
  it('that have names stay apart when what stands between them is divided into ranges', () => {
    const between = (part: string): string[] => Array.from({ length: 40 }, (_, index) => `${part}_${index}`);
    const names = [...between('before'), 'stem/a', 'stem/b', 'stem/c', ...between('after')];
    const graph = graphOf(names.map((name) => layer(name)), chain(names));
    const scopes = scopesOf(graph);
    assert.deepEqual(groupsAround(scopes, 'stem/b'), ['stem/']);
    assert.ok(foldGraph(graph, scopes, new Set()).graph.nodes.length < 20);
  });
  it('fold the blocks of ResNet-18 too, which has 69 layers', async () => {
    const graph = await architecture('resnet18');
    const scopes = scopesOf(graph);
    const boxes = foldGraph(graph, scopes, openAtFirst(graph, scopes));
    assert.equal([...boxes.folded].filter((id) => /block\d/.test(id)).length, 8);
    assert.ok(boxes.graph.nodes.length < 40, `${boxes.graph.nodes.length} boxes`);
  });

  it('hold the layer that gives them its name, as in MobileNet', async () => {
    const graph = await architecture('mobilenet');
    const scopes = scopesOf(graph);
    const boxes = foldGraph(graph, scopes, openAtFirst(graph, scopes)).graph.nodes;
    assert.deepEqual(groupsAround(scopes, 'conv_dw_7'), ['conv_dw_7/']);
    assert.equal(boxes.find(({ name }) => name === 'conv_pw_7')?.detail, '3 layers');
    assert.ok(boxes.length < 48 && boxes.every(({ name }) => !name.includes('…')), boxes.map(({ name }) => name).join());
  });

  it('come from the names of ResNet50, stage and block', async () => {
    const host = await openFile('test/fixtures/models/applications/ResNet50.config.json');
    const { graph } = host;
    const scopes = scopesOf(graph);
    assert.deepEqual(groupsAround(scopes, 'conv4_block6_2_bn'), ['conv4/', 'conv4_block6/']);
    const all = foldGraph(graph, scopes, new Set());
    assert.ok(all.graph.nodes.length < 15, `${all.graph.nodes.length} boxes`);
    const conv4 = all.graph.nodes.find(({ id }) => id === 'conv4/');
    assert.equal(conv4?.detail, '62 layers');
    assert.equal(conv4.outputShape, '14×14×1024');
    assert.equal(conv4.parameters, graph.nodes.filter(({ name }) => name.startsWith('conv4_')).reduce((sum, { parameters }) => sum + parameters, 0));
    await host.close();
  });

  it('are blocks around the joins where names say nothing', async () => {
    const host = await openFile('test/fixtures/models/applications/InceptionV3.config.json');
    const { graph } = host;
    const scopes = scopesOf(graph);
    assert.ok([...scopes.groups.values()].some(({ title }) => title === 'mixed5 block'), [...scopes.groups.values()].map(({ title }) => title).join());
    assert.ok(foldGraph(graph, scopes, new Set()).graph.nodes.length <= 60);
    await host.close();
  });

  for (const count of [151, 3000, 10000]) {
    it(`are ranges of a plain chain of ${count}, each small enough to look at`, () => {
      const names = Array.from({ length: count }, (_, index) => `dense_${index}`);
      const graph = graphOf(names.map((name) => layer(name)), chain(names));
      const scopes = scopesOf(graph);
      const children = new Map<string | null, number>();
      for (const parent of scopes.parentOf.values()) children.set(parent, (children.get(parent) ?? 0) + 1);
      assert.ok([...children.values()].every((size) => size <= 60), [...children.values()].join());
      const folded = foldGraph(graph, scopes, new Set());
      assert.equal(folded.graph.edges.length, folded.graph.nodes.length - 1, 'a chain of groups');
    });
  }

  it('hold a mask that feeds every layer outside, and the blocks apart', () => {
    const blocks = Array.from({ length: 60 }, (_, index) => [`a_${index}`, `b_${index}`, `c_${index}`, `add_${index}`]);
    const names = ['in', ...blocks.flat()];
    const graph = graphOf([layer('mask'), ...names.map((name) => layer(name))], [...chain(names), ...blocks.slice(1).map(([, , , add], index) => [`add_${index}`, add ?? ''] as const), ...blocks.map(([a]) => ['mask', a ?? ''] as const)]);
    const scopes = scopesOf(graph);
    assert.deepEqual(groupsAround(scopes, 'mask').filter((id) => id.includes('block of')), []);
    assert.ok(groupsAround(scopes, 'b_7').some((id) => id.startsWith('block of add_7')));
  });
});

describe('folding', () => {
  const inner = ['m/x', 'm/y', 'm/z'];
  const graph = graphOf([layer('in'), { ...layer('m', 'Functional'), detail: '3 layers' }, ...inner.map((id) => layer(id, 'Dense', 'm')), layer('out')], [['in', 'm/x'], ...chain(inner), ['m/z', 'out'], ['m/y', 'out']]);

  it('lifts edges to a folded group, once for each pair', () => {
    const folded = foldGraph(graph, scopesOf(graph), new Set());
    assert.deepEqual(folded.graph.nodes.map(({ id }) => id), ['in', 'm', 'out']);
    assert.deepEqual(folded.graph.edges.map(({ source, target }) => `${source}>${target}`), ['in>m', 'm>out']);
    assert.equal(folded.home.get('m/y'), 'm');
    assert.deepEqual([...folded.folded], ['m']);
  });

  it('of nothing leaves the network as it is', () => {
    const scopes = scopesOf(graph);
    const open = openAtFirst(graph, scopes);
    assert.deepEqual([...open], ['m']);
    const folded = foldGraph(graph, scopes, open);
    assert.deepEqual(new Set(folded.graph.nodes), new Set(graph.nodes));
    assert.deepEqual(folded.graph.edges, graph.edges);
  });

  it('shows a large network with few boxes at first', async () => {
    const host = await openFile('test/fixtures/models/applications/ResNet50.config.json');
    const { graph: large } = host;
    const scopes = scopesOf(large);
    const folded = foldGraph(large, scopes, openAtFirst(large, scopes));
    assert.ok(folded.graph.nodes.length > 15 && folded.graph.nodes.length < 60, `${folded.graph.nodes.length} boxes`);
    await host.close();
  });
});

describe('colours and pictures of the graph', () => {
  const views = [{ ...layer('a', 'Conv2D'), parameters: 10 }, { ...layer('b', 'Dense'), parameters: 100_000 }, { ...layer('c', 'Unheard'), parameters: 0 }];

  it('by class name each family once in the legend', () => {
    const { tints, legend } = coloring('class', views, true);
    assert.deepEqual(legend.map(({ text }) => text), ['convolution', 'dense', 'other']);
    assert.notEqual(tints.get('a')?.color, tints.get('b')?.color);
  });

  it('by quantity widen the stripe and write the number', () => {
    const { tints } = coloring('parameters', views, false);
    assert.ok((tints.get('a')?.stripe ?? 0) < (tints.get('b')?.stripe ?? 0));
    assert.equal(tints.get('b')?.text, '100 k');
    assert.equal(tints.has('c'), false);
    assert.equal(coloring('memory', [{ ...layer('a'), outputShape: '2×3, 4' }], true).tints.get('a')?.text, '40 B');
  });

  it('are an SVG that holds every name as text', () => {
    const graph = graphOf([layer('<script>'), layer('b & c')], [['<script>', 'b & c']]);
    const colors = { background: '#fff', surface: '#eee', border: '#ccc', line: '#888', foreground: '#000', muted: '#555', fontFamily: '"Segoe UI"' };
    const svg = graphSvg(drawGraph(graph, false), 'a < b', colors, new Map(), { title: 'Class', entries: [{ color: '#123456', stripe: 4, text: 'dense < sparse' }], unit: 'parameters' });
    assert.ok(/#123456/.test(svg) && svg.includes('dense &#60; sparse') && svg.includes('number on a box: parameters'), 'with what colours and numbers mean');
    assert.ok(svg.includes('&#60;script&#62;') && svg.includes('b &#38; c') && !svg.includes('<script'));
    assert.equal(svg.split('<polyline').length, 2);
  });
});

describe('the shapes beside a line', () => {
  it('are told together where several tensors leave at one place', () => {
    const graph = graphOf(['a', 'b', 'c', 'd', 'e'].map((id) => layer(id)), []);
    const edges = [['b', '8'], ['c', '16'], ['d', '8'], ['e', '32×2']].map(([target = '', shape = '']) => ({ source: 'a', target, shape }));
    const labels = drawGraph({ ...graph, edges }, false).labels.filter(({ id }) => id.startsWith('a '));
    assert.deepEqual(labels.map(({ text }) => text), ['8, 16, 32×2']);
  });
});
