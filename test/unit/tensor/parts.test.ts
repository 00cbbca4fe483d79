/** Slices as text, percentiles, windows and whole slices, comparison: against NumPy's own results and plain indexing. */
import assert from 'node:assert/strict';
import { compareTensors, differenceOf } from '../../../src/tensor/compare';
import { writeNpy } from '../../../src/tensor/npy';
import { cutSlice, readPart } from '../../../src/tensor/part';
import { percentilesOf } from '../../../src/tensor/percentiles';
import { defaultSlice, readSlice } from '../../../src/tensor/slice';
import type { SliceSpec } from '../../../src/tensor/slice';
import { parseSlice, sliceTextOf } from '../../../src/tensor/slice-text';
import { textOf } from '../../../src/tensor/text';
import type { TensorValue } from '../../../src/tensor/value';
import { sizeOf } from '../../../src/tensor/value';

const counting = (...shape: number[]): TensorValue => ({ dtype: 'float32', shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => i) });
const small = (dtype: TensorValue['dtype'], shape: readonly number[], data: TensorValue['data']): TensorValue => ({ dtype, shape, data });

/** np.save of slices of x = arange(120).reshape(2, 3, 4, 5) * 0.25 - 7 as float32, with x[1, 2, 3, 4] = nan and x[0, 0, 0, 0] = -inf (NumPy 2.4.6). */
const saved: Readonly<Record<string, string>> = {"x[1, :, :, 3]": "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsIDQpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAxBAAAgQQAANEEAAEhBAABcQQAAcEEAAIJBAACMQQAAlkEAAKBBAACqQQAAtEE=", "x[0]": "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsIDQsIDUpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAID/AADYwAAA0MAAAMjAAADAwAAAuMAAALDAAACowAAAoMAAAJjAAACQwAAAiMAAAIDAAABwwAAAYMAAAFDAAABAwAAAMMAAACDAAAAQwAAAAMAAAOC/AADAvwAAoL8AAIC/AABAvwAAAL8AAIC+AAAAAAAAgD4AAAA/AABAPwAAgD8AAKA/AADAPwAA4D8AAABAAAAQQAAAIEAAADBAAABAQAAAUEAAAGBAAABwQAAAgEAAAIhAAACQQAAAmEAAAKBAAACoQAAAsEAAALhAAADAQAAAyEAAANBAAADYQAAA4EAAAOhAAADwQAAA+EA=", "x[:, 2, 1]": "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDUpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIhAAACQQAAAmEAAAKBAAACoQAAAmkEAAJxBAACeQQAAoEEAAKJB"};

describe('slices as text', () => {
  const shape = [32, 28, 30, 6];
  const before = defaultSlice(shape, 'activation', 3);

  it('are written as NumPy indexes', () => {
    assert.equal(sliceTextOf(shape, before), '[3, :, :, :]');
    assert.equal(sliceTextOf([], { at: {} }), '');
  });

  for (const [text, tileAxes, rowAxis, columnAxis, at] of [
    ['[0, :, :, 3]', [], 1, 2, { 0: 0, 3: 3 }], ['0,:,:,:', [3], 1, 2, { 0: 0 }], ['[-1, ..., -2]', [], 1, 2, { 0: 31, 3: 4 }], ['[...]', [3, 0], 1, 2, {}],
    ['[:, 4]', [3], 0, 2, { 1: 4 }], ['[1, 2, 3, :]', [], null, 3, { 0: 1, 1: 2, 2: 3 }], ['[:, 1, 2, 3]', [], null, 0, { 1: 1, 2: 2, 3: 3 }], ['[1, 2, 3, 4]', [], null, null, { 0: 1, 1: 2, 2: 3, 3: 4 }],
  ] as const) {
    it(`reads ${text}, with axes where they were before`, () => assert.deepEqual(parseSlice(text, shape, before), { tileAxes, rowAxis, columnAxis, at }));
  }

  it('refuses what is no slice, in a sentence', () => {
    assert.throws(() => parseSlice('[a, :]', shape, before), { code: 'slice.text', message: /"a" is neither an index nor ":"; write something like \[3, :, :, :\]/ });
    assert.throws(() => parseSlice('[1, 2, 3, 4, 5]', shape, before), { code: 'slice.text', message: /has 4 axes; the slice names 5/ });
    assert.throws(() => parseSlice('[32, :]', shape, before), { code: 'slice.index', message: /0 to 31 are possible/ });
    assert.throws(() => parseSlice('[-33]', shape, before), { code: 'slice.index' });
  });

  it('come back from their text for every default', () => {
    for (const extents of [[4], [3, 4], [3, 4, 2], [2, 3, 4, 5], [2, 3, 2, 4, 3]]) {
      for (const use of ['weight', 'activation'] as const) {
        const slice = defaultSlice(extents, use, 1);
        assert.deepEqual(parseSlice(sliceTextOf(extents, slice), extents, slice), slice);
      }
    }
  });
});

describe('percentiles', () => {
  const close = (found: readonly number[], expected: readonly number[]): void => {
    found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) <= 1e-6 * Math.max(1, Math.abs(expected[i]!)), `${value} is not ${expected[i]}`));
  };

  it('are those of NumPy, of the finite elements', () => {
    const values = [3, -1, 2.5, 7, 0, 0, 1e-3, -4, 100, NaN, Infinity];
    const expected = [-4, -3.76, -2.8, 0, 0.0010000000474974513, 3, 62.8, 92.56, 100];
    const shares = [0, 1, 5, 25, 50, 75, 95, 99, 100];
    close(percentilesOf(Float32Array.from(values), shares), expected);
    close(percentilesOf(Float64Array.from(values), shares), expected);
    const waves = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) * i);
    close(percentilesOf(waves, [0.1, 1, 5, 50, 95, 99, 99.9]), [-976.298024230957, -894.4664654541016, -709.9834136962891, -0.0053506228141486645, 712.2712738037108, 898.0246350097656, 958.0388577270535]);
  });

  it('exist for integers and constants, and not without a finite element', () => {
    assert.deepEqual(percentilesOf(BigInt64Array.of(5n, 1n, 3n), [0, 50, 100]), [1, 3, 5]);
    assert.deepEqual(percentilesOf(new Float32Array(9).fill(-0.5), [1, 99]), [-0.5, -0.5]);
    assert.ok(percentilesOf(Float32Array.of(NaN, Infinity), [1, 99]).every(Number.isNaN));
  });

  it('of 25 million elements take well under a second', () => {
    const data = new Float32Array(25_000_000).map((_, i) => i % 1000);
    const started = process.cpuUsage();
    // The place of a percentile lies between two ranks: 0.01 · (n − 1).
    close(percentilesOf(data, [1, 99]), [9.99, 989.01]);
    assert.ok(process.cpuUsage(started).user < 2e6);
  });
});

describe('parts of a tensor', () => {
  const tensor = counting(2, 3, 4, 5);

  it('are windows of the slice, element by element', () => {
    const slices: SliceSpec[] = [defaultSlice(tensor.shape, 'activation', 1), defaultSlice(tensor.shape, 'weight'), { tileAxes: [3, 0], rowAxis: 2, columnAxis: 1, at: {} }, { tileAxes: [], rowAxis: null, columnAxis: 2, at: { 0: 1, 1: 2, 3: 4 } }];
    for (const slice of slices) {
      const whole = readSlice(tensor, slice, 1e6);
      const part = { tile: whole.tiles - 1, tiles: 1, row: whole.rows > 1 ? 1 : 0, rows: Math.max(1, whole.rows - 1), column: 1, columns: whole.columns - 1 };
      const expected = Array.from({ length: part.rows }, (_, row) => Array.from({ length: part.columns }, (_, column) => whole.values[((part.tile) * whole.rows + part.row + row) * whole.columns + part.column + column])).flat();
      assert.deepEqual([...readPart(tensor, slice, part)], expected);
      const all = { tile: 0, tiles: whole.tiles, row: 0, rows: whole.rows, column: 0, columns: whole.columns };
      assert.deepEqual([...readPart(tensor, slice, all)], [...whole.values]);
    }
  });

  it('are refused outside of the slice and beyond 256 KiB', () => {
    const slice = defaultSlice(tensor.shape, 'weight');
    for (const part of [{ tile: 20, tiles: 1 }, { tile: -1, tiles: 1 }, { tile: 0, tiles: 0 }, { tile: 0, tiles: 1.5 }]) {
      assert.throws(() => readPart(tensor, slice, { row: 0, rows: 2, column: 0, columns: 3, ...part }), { code: 'slice.part' });
    }
    assert.throws(() => readPart(counting(300, 300), defaultSlice([300, 300], 'weight'), { tile: 0, tiles: 1, row: 0, rows: 300, column: 0, columns: 300 }), { code: 'slice.part' });
  });

  it('cut out whole are, byte for byte, what NumPy saves', () => {
    const x = small('float32', [2, 3, 4, 5], Float32Array.from({ length: 120 }, (_, i) => i * 0.25 - 7));
    x.data[119] = NaN;
    x.data[0] = -Infinity;
    for (const [name, at] of [['x[1, :, :, 3]', { 0: 1, 3: 3 }], ['x[0]', { 0: 0 }], ['x[:, 2, 1]', { 1: 2, 2: 1 }]] as const) {
      assert.equal(Buffer.from(writeNpy(cutSlice(x, at))).toString('base64'), saved[name], name);
    }
  });

  it('keep their dtype, also of 64-bit integers', () => {
    const cut = cutSlice(small('int64', [2, 3], BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n)), { 1: 2 });
    assert.deepEqual([cut.dtype, cut.shape, [...cut.data]], ['int64', [2], [3n, 6n]]);
    assert.deepEqual([...cutSlice(tensor, { 0: 1, 1: 2, 2: 3, 3: 4 }).data], [119]);
  });
});

describe('numbers as text', () => {
  const value = small('float32', [2, 2, 2], Float32Array.of(0.1, -0, NaN, 16777217, Infinity, 1 / 3, 1e-10, -2));

  it('are lines with tabs, matrices apart', () => assert.equal(textOf(value, 'tabs'), '0.1\t-0.0\nNaN\t16777216\n\nInfinity\t0.33333334\n1e-10\t-2'));
  it('are JSON that reads back', () => assert.deepEqual(JSON.parse(textOf(value, 'json')), [[[0.1, -0], [null, 16777216]], [[null, 0.33333334], [1e-10, -2]]]));
  it('are an expression that makes the NumPy array', () => {
    assert.equal(textOf(small('float32', [2, 2], Float32Array.of(0.1, NaN, -Infinity, 2)), 'numpy'), 'np.array([[0.1, np.nan],\n          [-np.inf, 2]], dtype=np.float32)');
    assert.equal(textOf(small('bool', [2], Uint8Array.of(1, 0)), 'numpy'), 'np.array([True, False], dtype=np.bool_)');
  });
  it('read back as the same float32, every one', () => {
    const data = Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i * 12.9898) * 10 ** ((i % 40) - 20));
    const back = Float32Array.from(JSON.parse(textOf(small('float32', [2000], data), 'json')) as number[]);
    assert.deepEqual(back, data);
  });
  it('are refused when they are too many, in a sentence', () => assert.throws(() => textOf(counting(600, 600), 'tabs'), { code: 'text.large', message: /360,000 elements; at most 262,144/ }));
});

describe('comparison of two tensors', () => {
  const first = small('float32', [2, 3], Float32Array.of(1, 2, 3, NaN, 5, Infinity));
  it('finds the largest difference and its place', () => {
    const second = small('float32', [2, 3], Float32Array.of(1, 2.5, 3, NaN, 1, Infinity));
    assert.deepEqual(compareTensors(first, second), { count: 6, different: 2, largest: 4, index: [1, 1], first: 5, second: 1 });
    assert.deepEqual([...differenceOf(first, second).data], [0, 0.5, 0, 0, -4, 0]);
  });
  it('says that equal ones are equal', () => assert.deepEqual(compareTensors(first, first), { count: 6, different: 0, largest: 0, index: null, first: NaN, second: NaN }));
  it('takes a NaN that came for an infinite difference', () => assert.deepEqual(compareTensors(first, small('float32', [2, 3], Float32Array.of(NaN, 2, 3, NaN, 5, Infinity))).index, [0, 0]));
  it('refuses shapes that differ, in a sentence', () => {
    assert.throws(() => compareTensors(first, counting(3, 2)), { code: 'compare.shape', message: /the shapes are \[2, 3\] and \[3, 2\]/ });
    assert.throws(() => differenceOf(first, counting(2, 3, 1)), { code: 'compare.shape' });
  });
});
