import assert from 'node:assert/strict';
import vm from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/engine/backend/backend';
import { inspect, inspectClipped, inspectPart } from '../../../src/debug/inspect/inspector';
import type { InspectOptions } from '../../../src/debug/inspect/inspector';
import { Failure } from '../../../src/tensor/failure';

/** A program paused with these variables; the debugger evaluates in it and answers with the text of the result. */
const look = (variables: Record<string, unknown>, expression: string, options?: InspectOptions) => {
  const context = vm.createContext({ ...variables, Buffer, ArrayBuffer, Float32Array, Float64Array, Array });
  return inspect('pwa-node', expression, (text) => Promise.resolve(String(vm.runInContext(text, context))), options);
};
const valuesOf = async (...args: Parameters<typeof look>): Promise<{ shape: readonly number[]; values: number[]; dtype: string }> => {
  const seen = await look(...args);
  assert.equal(seen.kind, 'tensor');
  return seen.kind === 'tensor' ? { shape: seen.picture.shape, dtype: seen.picture.dtype, values: [...new Float32Array(seen.picture.values)] } : assert.fail();
};
const fails = (code: string, word: RegExp) => (error: unknown): boolean => error instanceof Failure && error.code === code && word.test(error.message);

describe('A paused JavaScript program', () => {
  before(async () => { (await openBackend('cpu')).activate(); });

  it('shows a tf.Tensor: a channel a tile, with statistics over the whole', async () => {
    const t = tf.range(0, 2 * 3 * 4 * 2).reshape([2, 3, 4, 2]);
    const seen = await look({ t }, 't', { example: 1 });
    assert.ok(seen.kind === 'tensor');
    const { picture } = seen;
    assert.deepEqual([picture.tiles, picture.rows, picture.columns, picture.dtype], [2, 3, 4, 'float32']);
    assert.deepEqual([...new Float32Array(picture.values)], [0, 1].flatMap((channel) => Array.from({ length: 12 }, (_, i) => 24 + 2 * i + channel)));
    assert.deepEqual([picture.statistics.min, picture.statistics.max, picture.statistics.mean, picture.statistics.count], [0, 47, 23.5, 48]);
    assert.equal(picture.histogram.counts.reduce((a, b) => a + b), 48);
    t.dispose();
  });

  it('shows typed arrays, nested arrays, buffers in a shape asked for, and views with strides', async () => {
    assert.deepEqual(await valuesOf({ a: new Float32Array([1, 2.5]) }, 'a'), { shape: [2], dtype: 'float32', values: [1, 2.5] });
    assert.deepEqual(await valuesOf({ a: [[1, 2], [3, 4]] }, 'a'), { shape: [2, 2], dtype: 'float64', values: [1, 2, 3, 4] });
    assert.deepEqual(await valuesOf({ a: Buffer.from([1, 2, 3, 4, 5, 6]) }, 'a', { shape: [2, 3] }), { shape: [2, 3], dtype: 'uint8', values: [1, 2, 3, 4, 5, 6] });
    const transposed = { data: new Float32Array([0, 1, 2, 3, 4, 5]), shape: [3, 2], stride: [1, 3], offset: 0 };
    assert.deepEqual(await valuesOf({ transposed }, 'transposed'), { shape: [3, 2], dtype: 'float32', values: [0, 3, 1, 4, 2, 5] });
  });

  it('evaluates the expression among the program\'s own names, even where they are called like ours', async () => {
    assert.deepEqual((await valuesOf({ module: { probe: [7] }, request: [8, 9] }, '[...module.probe, ...request]')).values, [7, 8, 9]);
    const frame = (text: string): Promise<string> => Promise.resolve(String(vm.runInThisContext(`(() => { const Number = 0, Math = [1, 2], Float32Array = null, Error = null; return ${text}; })()`)));
    const seen = await inspect('pwa-node', 'Math', frame, { shape: [2, 1] });
    assert.ok(seen.kind === 'tensor' && seen.picture.statistics.max === 2);
  });

  it('looks its globals up once, not once an element: in a paused frame each takes long', async () => {
    const names: unknown[] = [];
    const scopes = new Proxy({}, { has: (_, name) => { names.push(name); return false; } });
    const evaluate = (text: string): Promise<string> => Promise.resolve(String((vm.runInThisContext(`(function (scopes) { with (scopes) { return ${text}; } })`) as (scopes: object) => unknown)(scopes)));
    const lookups: number[] = [];
    for (const [length, shape] of [[64, [8, 8]], [512 * 512, [512, 512]]] as const) {
      names.length = 0;
      await inspect('pwa-node', `new globalThis.Float32Array(${length})`, evaluate, { shape });
      lookups.push(names.length);
    }
    assert.ok(lookups.every((count) => count > 0 && count < 10), `${lookups.join(', ')} lookups: ${[...new Set(names)].join(', ')}`);
  });

  it('keeps NaN and infinity visible', async () => {
    const seen = await look({ a: [NaN, Infinity, 1, NaN] }, 'a');
    assert.ok(seen.kind === 'tensor');
    assert.deepEqual([seen.picture.statistics.nan, seen.picture.statistics.infinite, seen.picture.statistics.max], [2, 1, 1]);
    const nothing = await look({ a: [NaN] }, 'a');
    assert.ok(nothing.kind === 'tensor' && Number.isNaN(nothing.picture.statistics.min));
  });

  it('leaves the program as it was', async () => {
    const context = vm.createContext({ a: [1, 2, 3], Buffer });
    const before = vm.runInContext('JSON.stringify(Object.getOwnPropertyNames(globalThis).sort())', context) as string;
    const tensors = tf.memory().numTensors;
    const t = tf.ones([4, 4]);
    await look({ t }, 't');
    t.dispose();
    await inspect('pwa-node', 'a', (text) => Promise.resolve(String(vm.runInContext(text, context))));
    assert.equal(vm.runInContext('JSON.stringify(Object.getOwnPropertyNames(globalThis).sort())', context), before);
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('reduces a large tensor over there: a quarter million numbers at most cross', async () => {
    let length = 0;
    const seen = await inspect('pwa-node', 'new Float32Array(4 << 20).fill(3)', (text) => { const answer = String(vm.runInThisContext(text)); length = answer.length; return Promise.resolve(answer); }, { shape: [2048, 2048], maxElements: 1 << 20 });
    assert.ok(seen.kind === 'tensor' && seen.picture.reduction === 4 && seen.picture.rows === 512);
    assert.ok(length < 1.5 * 2 ** 20);
  });

  it('gives a window of a slice at full resolution, and only that', async () => {
    const data = Float32Array.from({ length: 3 * 50 * 40 * 2 }, (_, i) => i);
    const context = vm.createContext({ data, Buffer, ArrayBuffer, Float32Array });
    let length = 0;
    const evaluate = (text: string): Promise<string> => { const answer = String(vm.runInContext(text, context)); length = answer.length; return Promise.resolve(answer); };
    const slice = { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 2 } }, shape = [3, 50, 40, 2];
    const values = new Float32Array(await inspectPart('pwa-node', 'data', evaluate, slice, { tile: 1, tiles: 1, row: 10, rows: 2, column: 37, columns: 3 }, { shape }));
    assert.deepEqual([...values], [10, 11].flatMap((row) => [37, 38, 39].map((column) => ((2 * 50 + row) * 40 + column) * 2 + 1)));
    assert.ok(length < 100);
    await assert.rejects(inspectPart('pwa-node', 'data', evaluate, slice, { tile: 1, tiles: 2, row: 0, rows: 1, column: 0, columns: 1 }, { shape }), fails('inspect.unreadable', /does not fit the slice/));
  });

  it('gives percentiles of the whole tensor, not of what is shown', async () => {
    const data = Float32Array.from({ length: 10_001 }, (_, i) => (i * 7919) % 10_001);
    data[5] = NaN;
    const sorted = [...data].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    const at = (share: number): number => { const place = share * (sorted.length - 1), below = Math.floor(place); return sorted[below]! + (sorted[below + 1]! - sorted[below]!) * (place - below); };
    const evaluate = (text: string): Promise<string> => Promise.resolve(String(vm.runInContext(text, vm.createContext({ data, Buffer, ArrayBuffer, Float32Array }))));
    const { low, high, histogram } = await inspectClipped('pwa-node', 'data', evaluate, 1);
    assert.ok(Math.abs(low - at(0.01)) < 1e-3 && Math.abs(high - at(0.99)) < 1e-3, `${low} ${high}`);
    assert.equal(histogram.counts.reduce((a, b) => a + b), sorted.filter((value) => value >= low && value <= high).length);
  });

  it('counts only a sample of 10^9 elements', async () => {
    const evaluate = (text: string): Promise<string> => Promise.resolve(String(vm.runInThisContext(text)));
    // A typed array of so many elements takes no memory until it is written to.
    const seen = await inspect('pwa-node', 'new Float32Array(1e9)', evaluate, { shape: [1000, 1000, 1000], maxElements: 1000 });
    assert.ok(seen.kind === 'tensor' && seen.whole !== null);
    assert.deepEqual([seen.whole.sampled, seen.whole.statistics.count, seen.whole.statistics.zeros], [3815, 262_124, 262_124]);
    await assert.rejects(inspect('pwa-node', '({ data: new Float32Array(1e9), shape: [1000, 1000, 1000], stride: [1, 1000, 1000000] })', evaluate), fails('inspect.too-large', /in another order than they lie in memory/));
  });

  it('tells by checksums which elements are others', async () => {
    const sums = async (a: unknown): Promise<number[]> => {
      const seen = await look({ a }, 'a');
      return seen.kind === 'tensor' ? [...seen.whole?.checksums ?? []] : assert.fail();
    };
    for (const [make, other] of [[Float64Array, 2.0000000001], [Float32Array, 2.001], [Int8Array, -2], [Uint16Array, 3]] as const) {
      const before = await sums(make.from([1, 2, 3]));
      assert.deepEqual((await sums(make.from([1, other, 3]))).map((sum, i) => sum === before[i]), [true, false, true], make.name);
    }
  });

  it('answers with a sentence for what it cannot show', async () => {
    const disposed = tf.ones([2]);
    disposed.dispose();
    await assert.rejects(look({ disposed }, 'disposed'), fails('inspect.disposed', /already disposed/));
    await assert.rejects(look({ a: 'text' }, 'a'), fails('inspect.not-a-tensor', /"a" is no tensor but a string/));
    await assert.rejects(look({ a: null }, 'a'), fails('inspect.not-a-tensor', /no tensor/));
    await assert.rejects(look({ a: [[1, 2], [3]] }, 'a'), fails('inspect.ragged', /do not all have 2 elements/));
    await assert.rejects(look({ a: [1, 2, 3] }, 'a', { shape: [2, 2] }), fails('inspect.shape', /needs 4 elements, it has 3/));
    await assert.rejects(look({ a: [] }, 'a'), fails('inspect.empty', /no elements/));
    await assert.rejects(inspect('pwa-node', 'a', () => Promise.resolve('ReferenceError: a is not defined')), fails('inspect.answer', /could not be read.*ReferenceError/));
    await assert.rejects(inspect('lldb', 'a', () => Promise.resolve('')), fails('inspect.language', /JavaScript and Python/));
  });
});
