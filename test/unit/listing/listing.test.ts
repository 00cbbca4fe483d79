/** The listing: its text, the map between lines and ops, names from any layer, and that it is valid TypeScript. */
import assert from 'node:assert/strict';
import type { Trace } from '../../../src/engine/trace';
import type { Listing } from '../../../src/listing/listing';
import { makeListing } from '../../../src/listing/listing';
import { checkListing } from './check-listing';
import { TraceBuilder, layer, network, smallTrace } from './trace-builder';
import { typeErrors } from './type-check';

const lineText = (listing: Listing, line: number): string => listing.text.split('\n')[line - 1] ?? '';

describe('listing', () => {
  it('writes one line an op, named after layers, with gradients next to their values', async () => {
    const { trace, network: model } = await smallTrace();
    const listing = makeListing(trace, model);
    checkListing(listing, trace);
    const lines = listing.text.split('\n');
    assert.equal(lines[0], '// small · one training iteration · batch of 2');
    for (const line of [
      '// ── forward ──', '// conv2d_1 · Conv2D · 4×4×1 → 2×2×2',
      'const conv2d_1_conv = conv2d(x, conv2d_1_kernel, [1, 1], "valid");', 'const conv2d_1_z = add(conv2d_1_conv, conv2d_1_bias);', 'const conv2d_1 = tanh(conv2d_1_z);',
      'const loss = mean(loss_squares, [0, 1]);', 'const d_dense_1 = mul(loss_difference, 0.33333334);', 'const d_dense_1_kernel = matMul(flatten, d_dense_1, true);',
      '// conv2d_1 · Conv2D · gradient 2×2×2 → 4×4×1', 'const d_conv2d_1_kernel = conv2dFilterGrad(x, d_conv2d_1_z, [1, 1], "valid", [3, 3, 1, 2]);',
      '// conv2d_1/kernel · 3×3×1×2', 'const conv2d_1_kernel_new = sub(conv2d_1_kernel, conv2d_1_kernel_product);',
    ]) assert.ok(lines.includes(line), `${line}\nis missing in\n${listing.text}`);
    assert.deepEqual(typeErrors(listing, trace), []);
  });

  it('marks phases and layers as regions that editors fold, when asked', async () => {
    const { trace, network: model } = await smallTrace();
    const listing = makeListing(trace, model, { regions: true });
    checkListing(listing, trace);
    let open = 0;
    for (const line of listing.text.split('\n')) {
      open += /^\s*\/\/\s*#region\b/.test(line) ? 1 : /^\s*\/\/\s*#endregion\b/.test(line) ? -1 : 0;
      assert.ok(open >= 0 && open <= 2);
      if (line.startsWith('const ')) assert.equal(open, 2);
    }
    assert.equal(open, 0);
    assert.deepEqual(typeErrors(listing, trace), []);
  });

  it('has the same text for every iteration with the same ops, whatever the values', async () => {
    const [first, second] = [await smallTrace(undefined, 0), await smallTrace(undefined, 7)];
    assert.equal(makeListing(first.trace, first.network).text, makeListing(second.trace, second.network).text);
  });

  const odd = [
    { conv: 'conv2d', flatten: 'flatten', dense: 'add' },
    { conv: 'class', flatten: 'x', dense: 'labels' },
    { conv: 'слой 1', flatten: '層/二', dense: '3d-<b>bold</b>' },
    { conv: 'a/b', flatten: 'a_b', dense: 'a b' },
    { conv: 'loss', flatten: 'd_loss', dense: 'await' },
    { conv: '\u202eevil\n*/ alert(1) //', flatten: '💥', dense: ' ' },
    { conv: 'toString', flatten: '__proto__', dense: 'constructor' },
    { conv: 'x'.repeat(300), flatten: `${'x'.repeat(300)}y`, dense: '$' },
  ];
  for (const names of odd) {
    it(`makes valid identifiers of the layers ${JSON.stringify(Object.values(names)).slice(0, 60)}`, async () => {
      const { trace, network: model } = await smallTrace(names);
      const listing = makeListing(trace, model);
      checkListing(listing, trace);
      assert.deepEqual(typeErrors(listing, trace), []);
      const given = [...trace.tensors.values()].filter(({ id }) => listing.names.has(id));
      assert.equal(new Set(given.map(({ id }) => listing.names.get(id))).size, given.length, 'one name a tensor');
    });
  }

  it('keeps the variable of a layer that is named like a function recognisable', async () => {
    const { trace, network: model } = await smallTrace({ conv: 'conv2d', flatten: 'flatten', dense: 'add' });
    const listing = makeListing(trace, model);
    assert.ok(listing.text.includes('const conv2d_out = tanh(conv2d_z);'));
    assert.ok(listing.text.includes('const add_out = matMul(flatten, add_kernel);'));
  });

  it('writes kernels and attributes that it does not know with all that was recorded', async () => {
    const b = await TraceBuilder.open();
    const x = b.given({ kind: 'input', name: 'x' }, [1, 2, 3, 4], [4]);
    const place = { phase: 'forward' as const, layer: 'odd' };
    b.op('Tanh', { x }, { 'my-setting': [1, null], mode: 'a\u2028b' }, place);
    b.op('Cast', { x }, { dtype: 'int32' }, place);
    const trace = b.build();
    const listing = makeListing(trace, network('odd', [layer('odd', 'Odd')]));
    assert.equal(lineText(listing, listing.lineOfOp(0)), 'const odd_tanh = kernel("Tanh", { x: x }, { "my-setting": [1, null], mode: "a\\u2028b" });');
    assert.equal(lineText(listing, listing.lineOfOp(1)), 'const odd_cast = cast(x, "int32");');
    assert.deepEqual(typeErrors(listing, trace), []);
  });

  it('writes lists of inputs and of outputs', async () => {
    const b = await TraceBuilder.open();
    const x = b.given({ kind: 'input', name: 'x' }, [1, 2, 3, 4], [2, 2]);
    const place = { phase: 'forward' as const, layer: 'lists' };
    b.op('Concat', { 0: x, 1: x }, { axis: 0 }, place);
    b.op('Unpack', { value: x }, { axis: 1 }, place);
    b.op('TopK', { x }, { k: 1, sorted: true }, place);
    const trace = b.build();
    const listing = makeListing(trace, network('lists', []));
    assert.equal(lineText(listing, listing.lineOfOp(0)), 'const lists_joined = concat([x, x], 0);');
    assert.equal(lineText(listing, listing.lineOfOp(1)), 'const [lists_slice, lists_slice_2] = unstack(x, 1);');
    assert.equal(lineText(listing, listing.lineOfOp(2)), 'const [lists_top_k, lists_top_k_2] = topK(x, 1);');
    assert.deepEqual(typeErrors(listing, trace), []);
  });

  it('writes scalar constants in place, with their type and exact value', async () => {
    const b = await TraceBuilder.open();
    const x = b.given({ kind: 'input', name: 'x' }, [1, 2], [2]);
    const place = { phase: 'forward' as const, layer: 'constants' };
    const values = [0.1, 1e-7, -0, 16777217, 3.4028234663852886e38, Number.NaN, -Infinity];
    for (const value of values) b.op('Add', { a: x, b: b.given({ kind: 'constant' }, [value], []) }, {}, place);
    const n = b.given({ kind: 'input', name: 'n' }, [1, 2], [2], 'int32');
    b.op('Add', { a: n, b: b.given({ kind: 'constant' }, [5], [], 'int32') }, {}, place);
    b.op('Add', { a: x, b: b.given({ kind: 'constant', name: 'step_size' }, [0.5], []) }, {}, place);
    const trace = b.build();
    const listing = makeListing(trace, network('constants', []));
    const written = trace.ops.map((op) => /, (.*)\);$/.exec(lineText(listing, listing.lineOfOp(op.index)))?.[1]);
    assert.deepEqual(written, ['0.1', '1e-7', '-0', '16777216', '3.4028235e+38', 'NaN', '-Infinity', 'int32(5)', 'step_size']);
    values.forEach((value, i) => { assert.ok(Object.is(Math.fround(Number(written[i])), Math.fround(value))); });
    assert.deepEqual(typeErrors(listing, trace), []);
  });

  it('lists 50,000 ops in less than a second', () => {
    const trace = longTrace(50_000);
    // Time of the processor, best of three: other processes may have the machine meanwhile.
    const times = [1, 2, 3].map(() => {
      const before = process.cpuUsage();
      const listing = makeListing(trace, network('long', []));
      assert.equal(listing.lines.filter(({ kind }) => kind === 'op').length, 50_000);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    });
    assert.ok(Math.min(...times) < 1000, `took ${times.map((time) => time.toFixed(0)).join(', ')} ms`);
  });
});

/** A chain of additions in groups of ten, one layer each. */
function longTrace(count: number): Trace {
  const read = (): never => { throw new Error('not read'); };
  const tensors: Trace['tensors'] = new Map(Array.from({ length: count + 1 }, (_, id) => [id, {
    id, dtype: 'float32' as const, shape: [2, 2], role: id === 0 ? { kind: 'input' as const, name: 'x' } : { kind: 'value' as const }, writer: id - 1, gradientOf: null, read,
  }]));
  const ops = Array.from({ length: count }, (_, index) => ({
    index, kernel: 'Add', inputs: { a: index, b: 0 }, outputs: [index + 1], attributes: {}, phase: 'forward' as const, layer: `add_${Math.floor(index / 10)}`, call: 0, forwardOp: null, weight: null,
  }));
  const layers = Array.from({ length: count / 10 }, (_, i) => ({ layer: `add_${i}`, call: 0, inputs: [i * 10], outputs: [i * 10 + 10], outputGradients: [null], inputGradients: [null] }));
  const groups = layers.map(({ layer: path }, i) => ({ phase: 'forward' as const, layer: path, call: 0, weight: null, first: i * 10, last: i * 10 + 9 }));
  return {
    iteration: 0, loss: 0, batch: { epoch: 0, index: 0, size: 2 }, ops, groups, tensors, layers, weights: [], inputs: { x: { value: 0, gradient: null } }, labels: {}, predictions: {},
    lossTensor: count, metrics: {}, bytes: 0, signature: 'long',
  };
}
