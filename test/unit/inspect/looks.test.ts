import assert from 'node:assert/strict';
import vm from 'node:vm';
import { changeOf, indexAt } from '../../../src/debug/inspect/change';
import type { Reading } from '../../../src/debug/inspect/change';
import { sliceFor } from '../../../src/debug/inspect/look-slice';
import { Looks } from '../../../src/debug/inspect/looks';
import { pictureOf } from '../../../src/tensor/picture';
import type { TensorPicture } from '../../../src/tensor/picture';
import { roleOf, withRole } from '../../../webview/render/tensor/axes';
import { arrangeTiles } from '../../../webview/render/tensor/tiles';

const picture = (data: readonly number[], shape: readonly number[], slice?: TensorPicture['slice']): TensorPicture =>
  pictureOf({ dtype: 'float32', shape: [...shape], data: Float32Array.from(data) }, { name: 't', use: 'activation', slice });

/** As it was read: a part, and a checksum for each `blockLength` elements of all of it. */
const reading = (data: readonly number[], shape: readonly number[], slice?: TensorPicture['slice'], blockLength = 1): Reading => {
  const shown = picture(data, shape, slice);
  const checksums = Uint32Array.from({ length: Math.ceil(data.length / blockLength) }, (_, block) => data.slice(block * blockLength, (block + 1) * blockLength).reduce((sum, value) => Math.imul(sum, 31) + (Number.isNaN(value) ? 7 : value * 8), 1));
  return { picture: shown, whole: { statistics: shown.statistics, histogram: shown.histogram, sampled: 1, checksums, blockLength } };
};

describe('What changed between two stops', () => {
  const shape = [2, 2, 2, 3];
  const values = Array.from({ length: 24 }, (_, i) => i);

  it('is the largest difference and its place in the tensor, not in the picture', () => {
    const slice = { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 1 } };
    const after = values.map((value, i) => (i === 20 ? value - 7 : i === 13 ? value + 2 : value));
    assert.deepEqual(changeOf(reading(values, shape, slice), reading(after, shape, slice)), {
      kind: 'values', difference: 7, index: [1, 1, 0, 2], before: 20, after: 13, count: 2, blocks: { changed: 2, of: 24, length: 1, sampled: 1, first: [1, 0, 0, 1] },
    });
  });

  it('is found in all of the tensor, by blocks, when the part that is shown is as it was', () => {
    const slice = { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 1 } };
    const after = values.map((value, i) => (i === 5 || i === 7 ? value + 0.5 : value));
    assert.deepEqual(changeOf(reading(values, shape, slice, 4), reading(after, shape, slice, 4)), { kind: 'elsewhere', compared: true, blocks: { changed: 1, of: 6, length: 4, sampled: 1, first: [0, 0, 1, 1] } });
    assert.deepEqual(changeOf(reading(values, shape, slice), reading(values, shape, slice)), { kind: 'none', sampled: 1 });
  });

  it('is known too when another part is shown than before, or the shape is another one', () => {
    const other = { tileAxes: [], rowAxis: 1, columnAxis: 2, at: { 0: 0, 3: 0 } };
    assert.deepEqual(changeOf(reading([1, 2], [2]), reading([1, 2, 3], [3])), { kind: 'shape', before: [2] });
    assert.deepEqual(changeOf(reading(values, shape), reading(values, shape, other)), { kind: 'none', sampled: 1 });
    const change = changeOf(reading(values, shape), reading([9, ...values.slice(1)], shape, other));
    assert.ok(change.kind === 'elsewhere' && !change.compared && change.blocks.changed === 1);
  });

  it('counts NaN that comes as the largest of all, and NaN that stays as none', () => {
    const change = changeOf(reading([NaN, 1, 2], [3]), reading([NaN, 9, NaN], [3]));
    assert.ok(change.kind === 'values');
    assert.deepEqual([change.difference, change.index, change.count], [Infinity, [2], 2]);
  });

  it('places values of every tile where they are', () => {
    const shown = picture(values, shape, { tileAxes: [0, 3], rowAxis: 2, columnAxis: 1, at: {} });
    const read = [...new Float32Array(shown.values)].map((value, place) => [value, indexAt(shown, place).reduce((sum, index, axis) => sum + index * ([12, 6, 3, 1][axis] ?? 0), 0)]);
    assert.ok(read.every(([value, offset]) => value === offset));
  });
});

describe('Views of a tensor', () => {
  it('make tiles of channels that come last or first, and one map of tiles', () => {
    assert.deepEqual(sliceFor('maps', [28, 28, 3], { tileAxes: [], rowAxis: 1, columnAxis: 2, at: { 0: 0 } }), { tileAxes: [2], rowAxis: 0, columnAxis: 1, at: {} });
    assert.deepEqual(sliceFor('maps', [3, 28, 28], { tileAxes: [], rowAxis: 1, columnAxis: 2, at: { 0: 0 } }), { tileAxes: [0], rowAxis: 1, columnAxis: 2, at: {} });
    assert.deepEqual(sliceFor('heat', [1, 4, 4, 3], { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 0 } }), { tileAxes: [], rowAxis: 1, columnAxis: 2, at: { 0: 0, 3: 0 } });
  });

  it('exchange the roles of two axes when one takes the other\'s', () => {
    const slice = { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 1 } };
    const turned = withRole(slice, 3, 'rows');
    assert.deepEqual([0, 1, 2, 3].map((axis) => roleOf(turned, axis)), ['index', 'tiles', 'columns', 'rows']);
    assert.deepEqual(withRole(slice, 3, 'index'), { tileAxes: [], rowAxis: 1, columnAxis: 2, at: { 0: 1, 3: 0 } });
    assert.deepEqual(withRole(slice, 0, 'tiles'), { tileAxes: [0, 3], rowAxis: 1, columnAxis: 2, at: {} });
  });

  it('stand side by side rather than below each other, where their size is the same', () => {
    const { perRow, cellWidth } = arrangeTiles({ tiles: 8, rows: 24, columns: 32, tileExtents: [8] }, { width: 500, height: 360, scale: 1 });
    assert.deepEqual([perRow, cellWidth], [4, 3]);
  });
});

describe('Expressions that are looked at', () => {
  const program = vm.createContext({ a: [1, 2], b: [[1, 2], [3, 4]], Buffer });
  let paused = true;
  const evaluate = (text: string): Promise<string> => Promise.resolve(String(vm.runInContext(text, program)));
  const looks = new Looks(() => (paused ? { debuggerType: 'pwa-node', evaluate } : null), () => Promise.reject(new Error('no graph')), () => undefined);
  const shown = () => looks.view.looks.map(({ expression, pinned, stale, result }) => [expression, pinned, stale, result.kind]);

  it('take each other\'s place unless they are pinned', async () => {
    await looks.look('a', 'tensor');
    await looks.look('b', 'heat');
    assert.deepEqual(shown(), [['b', false, false, 'tensor']]);
    looks.pin(looks.view.looks[0]?.id ?? '', true);
    await looks.look('a', 'tensor');
    assert.deepEqual(shown(), [['a', false, false, 'tensor'], ['b', true, false, 'tensor']]);
  });

  it('are read again at a stop when pinned, and marked as old when not', async () => {
    vm.runInContext('b[1][0] = -3', program);
    await looks.refresh();
    assert.deepEqual(shown(), [['a', false, true, 'tensor'], ['b', true, false, 'tensor']]);
    const { result } = looks.view.looks[1] ?? assert.fail();
    assert.ok(result.kind === 'tensor');
    assert.deepEqual(result.change, { kind: 'values', difference: 6, index: [1, 0], before: 3, after: -3, count: 1, blocks: { changed: 1, of: 4, length: 1, sampled: 1, first: [1, 0] } });
  });

  it('show a large tensor before its numbers are counted, and are compared in the whole', async () => {
    const views: [boolean, number, string][] = [];
    const large: Looks = new Looks(() => ({ debuggerType: 'pwa-node', evaluate }), () => Promise.reject(new Error('no graph')), () => {
      const { result } = large.view.looks[0] ?? assert.fail();
      if (result.kind === 'tensor') views.push([result.counting, result.statistics.count, result.change?.kind ?? 'new']);
    });
    vm.runInContext('globalThis.c = new Float32Array(4 * 300 * 300)', program);
    await large.look('c', 'tensor');
    const [{ id }] = [large.view.looks[0] ?? assert.fail()];
    views.length = 0;
    await large.readShape(id, [4, 300, 300]);
    assert.deepEqual(views.slice(1).map(([counting, count]) => [counting, count]), [[true, 22_500], [false, 360_000]]);
    vm.runInContext('c[3 * 90000 + 5] = 1', program);
    await large.again(id);
    const { result } = large.view.looks[0] ?? assert.fail();
    assert.ok(result.kind === 'tensor');
    assert.deepEqual(result.change, { kind: 'elsewhere', compared: true, blocks: { changed: 1, of: 4091, length: 88, sampled: 1, first: [2, 299, 284] } });
  });

  it('say in one sentence that no program is paused', async () => {
    paused = false;
    await looks.look('c', 'tensor');
    const { result } = looks.view.looks[0] ?? assert.fail();
    assert.ok(result.kind === 'problem' && /^No program is paused: .*"c" again\.$/.test(result.message));
    paused = true;
  });
});
