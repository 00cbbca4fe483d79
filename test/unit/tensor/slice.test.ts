/** Default slices by shape and use, slices of any axes against plain indexing, and reduction by blocks. */
import assert from 'node:assert/strict';
import { pictureOf } from '../../../src/tensor/picture';
import { defaultSlice, readSlice } from '../../../src/tensor/slice';
import type { SliceSpec } from '../../../src/tensor/slice';
import { sizeOf } from '../../../src/tensor/value';

const counting = (...shape: number[]): { shape: number[]; data: Float32Array } => ({ shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => i) });

/** The slow way: every index spelt out. */
function plain({ shape, data }: { shape: readonly number[]; data: Float32Array }, slice: SliceSpec): number[] {
  const axes = [...slice.tileAxes, ...[slice.rowAxis, slice.columnAxis].filter((axis) => axis !== null)];
  const found: number[] = [];
  const visit = (depth: number, index: Record<number, number>): void => {
    const axis = axes[depth];
    if (axis === undefined) {
      found.push(data[shape.reduce((offset, extent, at) => offset * extent + (index[at] ?? 0), 0)]!);
      return;
    }
    for (let i = 0; i < shape[axis]!; i += 1) visit(depth + 1, { ...index, [axis]: i });
  };
  visit(0, { ...slice.at });
  return found;
}

describe('slices of a tensor', () => {
  it('shows conv kernels as tiles of in × out, activations as a tile a channel of one example', () => {
    assert.deepEqual(defaultSlice([5, 5, 6, 16], 'weight'), { tileAxes: [2, 3], rowAxis: 0, columnAxis: 1, at: {} });
    assert.deepEqual(defaultSlice([32, 28, 28, 6], 'activation', 3), { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 3 } });
    assert.deepEqual(defaultSlice([400, 120], 'weight'), { tileAxes: [], rowAxis: 0, columnAxis: 1, at: {} });
    assert.deepEqual(defaultSlice([84], 'weight'), { tileAxes: [], rowAxis: null, columnAxis: 0, at: {} });
    assert.deepEqual(defaultSlice([], 'activation'), { tileAxes: [], rowAxis: null, columnAxis: null, at: {} });
    assert.deepEqual(defaultSlice([32, 10, 8], 'activation', 99), { tileAxes: [], rowAxis: 1, columnAxis: 2, at: { 0: 31 } });
  });

  for (const use of ['weight', 'activation'] as const) {
    for (const shape of [[], [4], [3, 4], [3, 4, 2], [2, 3, 4, 5], [2, 3, 2, 4, 3], [2, 1, 3, 2, 2, 3]]) {
      it(`has a default for a ${use} of rank ${shape.length} that names each axis once and reads what plain indexing reads`, () => {
        const tensor = counting(...shape);
        const slice = defaultSlice(shape, use, 1);
        const found = readSlice(tensor, slice, 1e6);
        assert.deepEqual([...found.values], plain(tensor, slice));
        assert.equal(found.values.buffer.byteLength, 4 * found.tiles * found.rows * found.columns);
      });
    }
  }

  it('reads any axes in any order', () => {
    const tensor = counting(2, 3, 4, 5);
    const slices: SliceSpec[] = [
      { tileAxes: [0], rowAxis: 3, columnAxis: 1, at: { 2: 2 } }, { tileAxes: [3, 0], rowAxis: 2, columnAxis: 1, at: {} },
      { tileAxes: [], rowAxis: null, columnAxis: 2, at: { 0: 1, 1: 2, 3: 4 } }, { tileAxes: [1], rowAxis: 0, columnAxis: null, at: { 2: 3, 3: 0 } },
      { tileAxes: [0, 1, 2, 3], rowAxis: null, columnAxis: null, at: {} },
    ];
    for (const slice of slices) assert.deepEqual([...readSlice(tensor, slice, 1e6).values], plain(tensor, slice));
  });

  it('refuses axes that are missing, double or unknown, and indices outside, in a sentence', () => {
    const tensor = counting(2, 3);
    for (const slice of [{ tileAxes: [], rowAxis: 0, columnAxis: 0, at: {} }, { tileAxes: [], rowAxis: 0, columnAxis: null, at: {} }, { tileAxes: [2], rowAxis: 0, columnAxis: 1, at: {} }]) {
      assert.throws(() => readSlice(tensor, slice, 100), { code: 'slice.axis' });
    }
    assert.throws(() => readSlice(tensor, { tileAxes: [], rowAxis: null, columnAxis: 1, at: { 0: 2 } }, 100), { code: 'slice.index', message: /Index 2 of axis 0 lies outside \[2, 3\]: 0 to 1/ });
  });

  it('reduces a large matrix to means of whole blocks, smaller at the edges', () => {
    const found = readSlice(counting(5, 5), defaultSlice([5, 5], 'weight'), 9);
    assert.deepEqual([found.reduction, found.rows, found.columns], [2, 3, 3]);
    assert.deepEqual([...found.values], [3, 5, 6.5, 13, 15, 16.5, 20.5, 22.5, 24]);
  });

  it('keeps NaN and infinity visible in a reduced picture', () => {
    const tensor = counting(4, 4);
    tensor.data[0] = NaN;
    tensor.data[15] = Infinity;
    const found = readSlice(tensor, defaultSlice([4, 4], 'weight'), 4);
    assert.ok(Number.isNaN(found.values[0]) && found.values[3] === Infinity && Number.isFinite(found.values[1]));
  });

  it('never sends more than asked for, even with more tiles than that', () => {
    for (const [shape, most] of [[[3, 3, 64, 64], 5000], [[3, 3, 64, 64], 100], [[2, 2, 7, 1000], 1], [[1000], 10], [[7, 1000], 999]] as const) {
      const found = readSlice(counting(...shape), defaultSlice(shape, 'weight'), most);
      assert.ok(found.values.length <= most, `${found.values.length} > ${most}`);
      assert.equal(found.values.length, found.tiles * found.rows * found.columns);
    }
  });

  it('shows an empty tensor as an empty picture', () => {
    const found = pictureOf({ dtype: 'float32', shape: [0, 4, 4, 2], data: new Float32Array() }, { name: 'empty', use: 'activation' });
    assert.equal(found.statistics.count, 0);
  });

  it('makes a picture of 25 million elements from a small copy, in well under a second', () => {
    const tensor = { dtype: 'float32' as const, shape: [5000, 5000], data: new Float32Array(25_000_000).fill(1) };
    const started = process.cpuUsage();
    const found = pictureOf(tensor, { name: 'large', use: 'weight' });
    assert.ok(process.cpuUsage(started).user < 2e6);
    assert.ok(found.values.byteLength <= 262_144 && found.reduction === 20 && found.rows === 250);
    assert.ok(new Float32Array(found.values).every((value) => value === 1));
  });
});
