/** What panels ask about tensors: pictures, windows, pins, comparisons, slices to keep; and that whole tensors stay where they are. */
import assert from 'node:assert/strict';
import { TensorDesk } from '../../../src/debug/view/desk';
import type { FoundTensor } from '../../../src/debug/view/picture';
import { readNpy } from '../../../src/tensor/npy';
import { defaultSlice } from '../../../src/tensor/slice';
import type { TensorValue } from '../../../src/tensor/value';
import { sizeOf } from '../../../src/tensor/value';

const value = (shape: readonly number[], element: (place: number) => number = (place) => place): TensorValue => ({ dtype: 'float32', shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, place) => element(place)) });
const at = (tensor: number) => ({ kind: 'trace', iteration: 0, tensor } as const);

/** A desk over tensors by number; counts how often each is read out of the backend. */
function deskOf(tensors: Map<number, TensorValue>): { readonly desk: TensorDesk; readonly reads: Map<number, number> } {
  const reads = new Map<number, number>(), identities = new Map<TensorValue, object>();
  const desk = new TensorDesk((address): Promise<FoundTensor> => {
    if (address.kind !== 'trace') return Promise.reject(new Error('not here'));
    const tensor = tensors.get(address.tensor) ?? assert.fail();
    const identity = identities.get(tensor) ?? {};
    identities.set(tensor, identity);
    return Promise.resolve({ name: `t${address.tensor}`, use: 'activation', identity, read: () => { reads.set(address.tensor, (reads.get(address.tensor) ?? 0) + 1); return tensor; } });
  });
  return { desk, reads };
}

describe('the desk of a panel', () => {
  it('gives percentiles of the whole tensor with a picture that shows a part of it', async () => {
    const { desk } = deskOf(new Map([[1, value([2, 10, 10, 2])]]));
    const picture = await desk.picture({ address: at(1), clip: 5 });
    assert.ok(picture.clipped);
    assert.ok(Math.abs(picture.clipped.low - 19.95) < 1e-3 && Math.abs(picture.clipped.high - 379.05) < 1e-3);
    assert.equal((await desk.picture({ address: at(1) })).clipped, undefined);
  });

  it('reads a large tensor once for many requests', async () => {
    const { desk, reads } = deskOf(new Map([[1, value([800, 800])]]));
    const slice = defaultSlice([800, 800], 'activation');
    await desk.picture({ address: at(1) });
    for (let row = 0; row < 5; row += 1) await desk.part({ address: at(1), slice, part: { tile: 0, tiles: 1, row, rows: 1, column: 0, columns: 800 } });
    assert.equal(reads.get(1), 1);
  });

  it('keeps a pinned tensor as it was when its address has other values', async () => {
    const tensors = new Map([[1, value([2, 3])]]);
    const { desk } = deskOf(tensors);
    const [pin] = await desk.pinned({ kind: 'keep', address: at(1), title: 'x', variable: 'x', place: 'iteration 1', diverging: false });
    assert.ok(pin);
    tensors.set(1, value([2, 3], (place) => (place === 4 ? 9 : place)));
    const picture = await desk.picture({ address: { kind: 'pin', id: pin.id } });
    assert.deepEqual([...new Float32Array(picture.values)], [0, 1, 2, 3, 4, 5]);
    const { comparison, statistics } = await desk.compare({ first: { kind: 'pin', id: pin.id }, second: at(1) });
    assert.deepEqual(comparison, { count: 6, different: 1, largest: 5, index: [1, 1], first: 4, second: 9 });
    assert.equal(statistics.max, 5);
    const difference = await desk.picture({ address: { kind: 'difference', first: { kind: 'pin', id: pin.id }, second: at(1) } });
    assert.deepEqual([...new Float32Array(difference.values)], [0, 0, 0, 0, 5, 0]);
    assert.deepEqual(await desk.pinned({ kind: 'drop', id: pin.id }), []);
    await assert.rejects(desk.picture({ address: { kind: 'pin', id: pin.id } }), { code: 'pin.gone' });
  });

  it('compares anew when one of the two has other values', async () => {
    const tensors = new Map([[1, value([4])], [2, value([4])]]);
    const { desk } = deskOf(tensors);
    assert.equal((await desk.compare({ first: at(1), second: at(2) })).comparison.different, 0);
    tensors.set(2, value([4], () => 1));
    const { comparison, statistics } = await desk.compare({ first: at(1), second: at(2) });
    assert.deepEqual([comparison.different, comparison.largest, statistics.min], [3, 2, -2]);
    tensors.set(2, value([2, 2]));
    await assert.rejects(desk.compare({ first: at(1), second: at(2) }), { code: 'compare.shape' });
  });

  it('pins no more than it can keep, and says so', async () => {
    const { desk } = deskOf(new Map([[1, value([2])]]));
    const keep = () => desk.pinned({ kind: 'keep', address: at(1), title: 'kernel', variable: 'kernel', place: '', diverging: true });
    for (let count = 0; count < 12; count += 1) await keep();
    await assert.rejects(keep(), { code: 'pin.room', message: /kernel cannot be pinned: 12 tensors of 0 MiB are pinned already\. Unpin one first\./ });
    assert.equal((await desk.pinned({ kind: 'list' })).length, 12);
  });

  it('hands out a slice whole, in the order of the tensor\'s axes', async () => {
    const { desk } = deskOf(new Map([[1, value([3, 200, 200, 4])]]));
    const slice = { tileAxes: [], rowAxis: 2, columnAxis: 1, at: { 0: 2, 3: 1 } };
    const { file, elements } = await desk.exported({ address: at(1), slice, to: 'npy', name: 'x.npy' });
    const saved = readNpy(file?.bytes ?? assert.fail());
    assert.deepEqual([saved.shape, saved.dtype, elements], [[200, 200], 'float32', 40_000]);
    assert.deepEqual([saved.data[1], saved.data[200]], [((2 * 200) * 200 + 1) * 4 + 1, ((2 * 200 + 1) * 200) * 4 + 1]);
    assert.equal((await desk.exported({ address: at(1), slice: { ...slice, rowAxis: null, at: { 0: 0, 2: 0, 3: 0 } }, to: 'json', name: 'x' })).text?.slice(0, 12), '[0, 800, 160');
    await assert.rejects(desk.exported({ address: at(1), slice: { tileAxes: [0, 3], rowAxis: 1, columnAxis: 2, at: {} }, to: 'tabs', name: 'x' }), { code: 'text.large' });
  });
});
