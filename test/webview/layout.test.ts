import assert from 'node:assert/strict';
import type { LayoutEdge, LayoutInput, LayoutResult, Point, Rect } from '../../webview/render/layout/graph';
import { layoutGraph } from '../../webview/render/layout/layout';
import { layoutNetwork } from '../../webview/render/layout/columns';
import { architecture, openFile } from './fixtures/real';
import { drawGraph } from '../../webview/render/graph/model';

const size = { width: 150, height: 42 };
const edge = (text: string): LayoutEdge => ({ source: text.split('>')[0] ?? '', target: text.split('>')[1] ?? '' });
/** `a>b>c` is a path. */
const path = (text: string): LayoutEdge[] => text.split('>').slice(1).map((target, index) => ({ source: text.split('>')[index] ?? '', target }));

function network(edges: readonly LayoutEdge[], parents: Readonly<Record<string, string>> = {}): LayoutInput {
  const groups = [...new Set(Object.values(parents))];
  const ids = [...new Set(edges.flatMap(({ source, target }) => [source, target]))].filter((id) => !groups.includes(id));
  return { nodes: ids.map((id) => ({ id, ...size, parent: parents[id] ?? null })), groups: groups.map((id) => ({ id, parent: parents[id] ?? null })), edges };
}

const overlaps = (a: Rect, b: Rect): boolean => a.x < b.x + b.width - 0.5 && b.x < a.x + a.width - 0.5 && a.y < b.y + b.height - 0.5 && b.y < a.y + a.height - 0.5;
const centre = ({ x, width }: Rect): number => x + width / 2;
const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.6;

/** What holds for every drawing: nothing overlaps, edges join their ends orthogonally and run through no node. */
function check(input: LayoutInput, result: LayoutResult): void {
  const nodes = [...result.nodes];
  assert.equal(nodes.length, input.nodes.length);
  if (nodes.length < 400) nodes.forEach(([a, rect], index) => nodes.slice(index + 1).forEach(([b, other]) => assert.ok(!overlaps(rect, other), `${a} and ${b} overlap`)));
  input.edges.forEach(({ source, target }, index) => {
    const points = result.edges[index] ?? [];
    if (source === target) return;
    const [from, to] = [result.nodes.get(source) ?? result.groups.get(source), result.nodes.get(target) ?? result.groups.get(target)];
    const [first, last] = [points[0], points.at(-1)];
    assert.ok(from && to && first && last, `${source} > ${target} has a line`);
    const onto = ({ x, y }: Point, rect: Rect): boolean => x >= rect.x - 0.5 && x <= rect.x + rect.width + 0.5 && (near(y, rect.y) || near(y, rect.y + rect.height));
    assert.ok(onto(first, from), `${source} > ${target} starts at its source`);
    assert.ok(onto(last, to), `${source} > ${target} ends at its target`);
    points.slice(1).forEach((point, corner) => {
      const before = points[corner] ?? point;
      assert.ok(near(point.x, before.x) || near(point.y, before.y), `${source} > ${target} runs straight down or across`);
      if (nodes.length > 400) return;
      const box = { x: Math.min(point.x, before.x) - 0.1, y: Math.min(point.y, before.y) - 0.1, width: Math.abs(point.x - before.x) + 0.2, height: Math.abs(point.y - before.y) + 0.2 };
      for (const [id, rect] of nodes) if (id !== source && id !== target) assert.ok(!overlaps(box, { x: rect.x + 1, y: rect.y + 1, width: rect.width - 2, height: rect.height - 2 }), `${source} > ${target} runs through ${id}`);
    });
  });
}

const at = (result: LayoutResult, id: string): Rect => result.nodes.get(id) as Rect;

/** A U of so many depths: two layers, then down; two layers, then up and joined with what is across; `over` lies on each skip. */
function uNet(depths: number, over: readonly string[] = []): LayoutInput {
  const down = Array.from({ length: depths }, (_, depth) => `d${depth}a>d${depth}b>pool${depth}`).join('>');
  const up = Array.from({ length: depths }, (_, index) => `up${depths - 1 - index}>join${depths - 1 - index}>u${depths - 1 - index}a>u${depths - 1 - index}b`).join('>');
  return network([...path(`in>${down}>bottom_a>bottom_b>${up}>out`), ...Array.from({ length: depths }, (_, depth) => path([`d${depth}b`, ...over.map((name) => `${name}${depth}`), `join${depth}`].join('>'))).flat()]);
}

describe('a network that goes down and comes up again', () => {
  for (const over of [[], ['crop'], ['crop', 'scale']]) {
    it(`is drawn as a U, its skips straight across${over.length === 0 ? '' : ` over ${over.join(' and ')}`}`, () => {
      const input = uNet(4, over);
      const result = layoutNetwork(input);
      const nodes = [...result.nodes];
      nodes.forEach(([a, rect], index) => nodes.slice(index + 1).forEach(([b, other]) => assert.ok(!overlaps(rect, other), `${a} and ${b} overlap`)));
      for (let depth = 0; depth < 4; depth += 1) {
        const row = [`d${depth}b`, ...over.map((name) => `${name}${depth}`), `join${depth}`].map((id) => at(result, id));
        assert.ok(row.every(({ y }) => near(y, row[0]?.y ?? NaN)), `depth ${depth} is one row`);
        row.slice(1).forEach((rect, index) => assert.ok(rect.x > (row[index]?.x ?? Infinity) + size.width, 'from left to right'));
        assert.ok(depth === 0 || at(result, `d${depth}b`).y > at(result, `d${depth - 1}b`).y, 'deeper is lower');
      }
      const left = ['in', 'd0a', 'd3b', 'pool3', 'bottom_a'].map((id) => at(result, id).x);
      const right = ['bottom_b', 'up3', 'join0', 'u0b', 'out'].map((id) => at(result, id).x);
      assert.equal(new Set(left).size + new Set(right).size, 2, 'two columns');
      input.edges.forEach(({ source, target }, index) => {
        const points = result.edges[index] ?? [];
        assert.ok(points.length >= 2 && points.slice(1).every((point, corner) => near(point.x, points[corner]?.x ?? NaN) || near(point.y, points[corner]?.y ?? NaN)), `${source} > ${target} runs straight`);
      });
    });
  }

  it('has an odd layer of the bottom in the middle', () => {
    const result = layoutNetwork(network([...path('in>a1>a2>p1>b1>b2>p2>bottom>up2>j2>c1>up1>j1>d1>out'), edge('a2>j1'), edge('b2>j2')]));
    assert.ok(near(centre(at(result, 'bottom')), (centre(at(result, 'a2')) + centre(at(result, 'j1'))) / 2));
    assert.ok(at(result, 'bottom').y > at(result, 'p2').y);
  });

  it('is told from residual blocks, one around others, and from branches', () => {
    for (const edges of [
      [...path('in>a>b>c>add1>d>e>f>add2>out'), edge('in>add1'), edge('add1>add2')],
      [...path('in>a>b>c>d>e>f>g>out'), edge('in>g'), edge('a>f')],
      [...path('in>a>b>c>join>d>e>f>out'), ...path('in>x>y>join'), ...path('b>z>out')],
    ]) {
      const input = network(edges);
      assert.deepEqual(layoutNetwork(input), layoutGraph(input));
    }
  });

  it('shows U-Net so, the shapes beside and over its lines', async () => {
    const drawing = drawGraph(await architecture('unet'), false);
    const rect = (name: string): Rect => drawing.nodes.find(({ title }) => title === name)?.rect as Rect;
    for (const depth of [1, 2, 3, 4]) assert.equal(rect(`down${depth}_conv2`).y, rect(`up${depth}_concatenate`).y);
    assert.ok(rect('up1_conv1').x > rect('down1_conv1').x + 2 * size.width);
    for (const { x, y, text } of drawing.labels) {
      const box = { x: x + 11, y: y + 4, width: 5.5 * text.length, height: 14 };
      for (const { title, rect: other } of drawing.nodes) assert.ok(!overlaps(box, other), `${text} stands in ${title}`);
    }
  });
});

describe('modules of a file that does not say how they are connected', () => {
  it('stand one below the other, also in their groups, without lines', async () => {
    const host = await openFile('test/fixtures/models/torch/torch_resnet.pt');
    assert.equal(host.graph.edges.length, 0);
    const drawing = drawGraph(host.graph, false);
    assert.equal(drawing.edges.length, 0);
    const rects = drawing.nodes.map(({ rect }) => rect);
    rects.slice(1).forEach((rect, index) => assert.ok(rect.y > (rects[index]?.y ?? Infinity), 'in the order of the file'));
    assert.ok(drawing.width < 2.5 * (rects[0]?.width ?? 0) && drawing.nodes.length > 5);
    await host.close();
  });
});

describe('layered layout', () => {
  it('draws a chain as one straight column', () => {
    const input = network(path('a>b>c>d'));
    const result = layoutGraph(input);
    check(input, result);
    assert.ok(result.edges.every((points) => points.length === 2));
    assert.equal(result.width, size.width);
  });

  it('keeps the main path of residual blocks straight, with the skips beside it', () => {
    const input = network([...path('in>a1>a2>add1>b1>b2>add2>out'), edge('in>add1'), edge('add1>add2')]);
    const result = layoutGraph(input);
    check(input, result);
    for (const id of ['a1', 'a2', 'add1', 'b1', 'b2', 'add2', 'out']) assert.ok(near(centre(at(result, id)), centre(at(result, 'in'))), id);
  });

  it('sets the branches of an inception block side by side and centred', () => {
    const input = network([...path('in>a>cat>out'), ...path('in>b1>b2>cat'), ...path('in>c1>c2>c3>cat'), ...path('in>d1>d2>cat')]);
    const result = layoutGraph(input);
    check(input, result);
    assert.ok(near(centre(at(result, 'b1')), centre(at(result, 'b2'))));
    assert.ok(near(centre(at(result, 'c1')), centre(at(result, 'c3'))));
    assert.ok(Math.abs(centre(at(result, 'cat')) - result.width / 2) < size.width, 'the join stands in the middle');
  });

  it('nests the skips of a U-Net without a crossing', () => {
    const input = network([...path('in>e1>e2>e3>mid>u3>u2>u1>out'), edge('e3>u3'), edge('e2>u2'), edge('e1>u1')]);
    const result = layoutGraph(input);
    check(input, result);
    const reach = (index: number): number => Math.max(...(result.edges[index] ?? []).map(({ x }) => Math.abs(x - centre(at(result, 'mid')))));
    const [inner, middle, outer] = [8, 9, 10].map(reach) as [number, number, number];
    assert.ok(inner < middle && middle < outer, 'an outer skip runs outside an inner one');
  });

  it('stands a late input by its consumer', () => {
    const input = network([...path('image>a>b>c>join>out'), edge('age>join')]);
    const result = layoutGraph(input);
    check(input, result);
    assert.ok(near(at(result, 'age').y, at(result, 'c').y));
  });

  it('draws nested models as boxes around their layers', () => {
    const inside = { x1: 'inner', x2: 'inner', x3: 'inner', y1: 'inner/deep', y2: 'inner/deep', 'inner/deep': 'inner' };
    const input = network([...path('in>x1>y1>y2>x2>out'), ...path('in>side>out'), edge('x1>x3'), edge('x3>x2')], inside);
    const result = layoutGraph(input);
    check(input, result);
    for (const [id, group] of Object.entries(inside)) {
      const [rect, box] = [result.nodes.get(id) ?? result.groups.get(id), result.groups.get(group)];
      assert.ok(rect && box && rect.x >= box.x && rect.y >= box.y + 20 && rect.x + rect.width <= box.x + box.width && rect.y + rect.height <= box.y + box.height, `${id} lies in ${group}`);
    }
    assert.ok(!overlaps(at(result, 'side'), result.groups.get('inner') as Rect));
  });

  it('accepts a group as an end of an edge', () => {
    const input = network([...path('in>group>out'), edge('a>b')], { a: 'group', b: 'group' });
    check(input, layoutGraph(input));
  });

  it('draws cycles, loops, double edges and parts that hang together with nothing', () => {
    const input = network([...path('a>b>c>a'), edge('b>b'), edge('a>b'), edge('x>y')]);
    const result = layoutGraph(input);
    assert.equal(result.nodes.size, 5);
    assert.ok(result.edges.every((points, index) => index === 3 || points.length >= 2));
  });

  it('leads a cycle through groups from the bottom of one to the top of the other, through nothing', () => {
    // A module that is called twice: what stands between its calls is below it and feeds it again.
    for (const edges of [
      [...path('in>m1>between>m2>out'), edge('m1>m2')],
      [...path('in>m1>x>y>m2>z>m3>out'), edge('x>z'), edge('m1>m3')],
      [...path('m1>x>m2>y>m3'), ...path('a1>m2>a2'), edge('a2>a1'), edge('y>a1')],
    ]) {
      const parents = { m1: 'm', m2: 'm', m3: 'm', a1: 'a', a2: 'a' };
      const used = new Set(edges.flatMap(({ source, target }) => [source, target]));
      const input = network(edges, Object.fromEntries(Object.entries(parents).filter(([id]) => used.has(id))));
      const result = layoutNetwork(input);
      check(input, result);
      for (const { x, y } of result.edges.flat()) assert.ok(x >= -1 && x <= result.width + 1 && y >= -1 && y <= result.height + 1, `${x}, ${y} lies in ${result.width} × ${result.height}`);
    }
  });

  it('draws a tensor that feeds every layer as one trunk', () => {
    const chain = Array.from({ length: 60 }, (_, index) => `l${index}`);
    const input = network([...path(['in', ...chain].join('>')), ...chain.slice(1).map((target) => ({ source: 'mask', target })), edge('in>mask')]);
    const result = layoutGraph(input);
    check(input, result);
    assert.ok(result.width < 3 * size.width, `${result.width} wide`);
    const tracks = new Set(result.edges.slice(60, -1).filter((points) => points.length > 4).map((points) => Math.max(...points.map(({ x }) => Math.round(x)))));
    assert.equal(tracks.size, 1, 'one line beside the drawing');
  });

  it('sets a long chain with skips in columns instead of a sliver', () => {
    const names = Array.from({ length: 390 }, (_, index) => `n${index}`);
    const input = network([...path(names.join('>')), ...names.slice(4).filter((_, index) => index % 3 === 0).map((target, index) => ({ source: `n${3 * index}`, target })), edge('n0>n389')]);
    const result = layoutNetwork(input);
    check(input, result);
    assert.ok(result.height < 2.5 * result.width, `${result.width} × ${result.height}`);
    for (const { x, y } of result.edges.flat()) assert.ok(x >= -1 && x <= result.width + 1 && y >= -1 && y <= result.height + 1);
  });

  it('leaves a drawing of usual height in one piece', () => {
    const input = network(path(Array.from({ length: 90 }, (_, index) => `n${index}`).join('>')));
    assert.deepEqual(layoutNetwork(input), layoutGraph(input));
  });

  it('draws layers that all feed all later ones, and ten thousands around one', () => {
    const all = Array.from({ length: 700 }, (_, to) => Array.from({ length: to }, (_, from) => ({ source: `n${from}`, target: `n${to}` }))).flat();
    assert.equal(layoutNetwork(network(all)).nodes.size, 700);
    assert.equal(layoutNetwork(network(Array.from({ length: 10_000 }, (_, index) => ({ source: 'hub', target: `n${index}` })))).nodes.size, 10_001);
  });

  it('is the same each time', () => {
    const input = network([...path('in>a>b>c>out'), ...path('in>d>out'), edge('a>c')]);
    assert.deepEqual(layoutGraph(input), layoutGraph(input));
  });

  for (const file of ['keras/multi_io.keras', 'keras/resnet_mini.keras', 'applications/ResNet50.config.json', 'applications/InceptionV3.config.json', 'applications/MobileNetV2.config.json']) {
    it(`draws ${file} without overlaps`, async () => {
      const host = await openFile(`test/fixtures/models/${file}`);
      const drawing = drawGraph(host.graph, false);
      check({ nodes: drawing.nodes.map(({ id }) => ({ id, ...size, parent: null })), groups: [], edges: drawing.edges }, {
        nodes: new Map(drawing.nodes.map(({ id, rect }) => [id, rect])), groups: new Map(drawing.groups.map(({ id, rect }) => [id, rect])), edges: drawing.edges.map(({ points }) => points), width: drawing.width, height: drawing.height,
      });
      await host.close();
    });
  }

  describe('of 3,000 nodes stays quick', () => {
    const names = Array.from({ length: 3000 }, (_, index) => `n${index}`);
    const chain = path(names.join('>'));
    const families: Readonly<Record<string, LayoutEdge[]>> = {
      chain,
      residual: [...chain, ...names.filter((_, index) => index % 4 === 0 && index + 4 < 3000).map((source, block) => ({ source, target: `n${block * 4 + 4}` }))],
      'U-Net': [...chain, ...names.slice(0, 1400).filter((_, index) => index % 20 === 0).map((source, index) => ({ source, target: `n${2999 - index * 20}` }))],
      mask: [...chain, ...names.slice(2).map((target) => ({ source: 'n0', target }))],
      inception: Array.from({ length: 300 }, (_, block) => [0, 1, 2, 3].flatMap((branch) => path(`j${block}>b${block}.${branch}.1>b${block}.${branch}.2>j${block + 1}`))).flat(),
      dense: [...chain.slice(0, 299), ...names.slice(0, 300).flatMap((source, index) => names.slice(index + 2, Math.min(300, index + 12)).map((target) => ({ source, target })))],
    };
    for (const [family, edges] of Object.entries(families)) {
      it(family, () => {
        const input = network(edges);
        layoutNetwork(input);
        const start = performance.now();
        const result = layoutNetwork(input);
        const time = performance.now() - start;
        check(input, result);
        console.log(`      ${family}: ${input.nodes.length} nodes, ${input.edges.length} edges in ${time.toFixed(0)} ms`);
      });
    }
  });
});
