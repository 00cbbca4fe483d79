import assert from 'node:assert/strict';
import { Ahead } from '../../../src/debug/view/ahead';
import type { CursorView, TensorCard } from '../../../src/protocol/run';
import type { TensorPicture, TensorRequest } from '../../../src/protocol/tensor';
import { pictureOf } from '../../../src/tensor/picture';
import { statisticsOf } from '../../../src/tensor/statistics';

const values = Float32Array.from({ length: 24 }, (_, index) => index);
const card = (tensor: number, variable: string, data = values): TensorCard => ({
  tensor, title: variable, variable, use: 'input', shape: [2, 3, 4], dtype: 'float32', statistics: statisticsOf(data), diverging: false, gradientOf: null, cellOp: null, checkable: false,
});
const cursorWith = (...cards: readonly TensorCard[]): CursorView => ({
  iteration: 3, phase: 'forward', depth: 'layer', op: 0, ops: 1, phaseProgress: 1, layer: null, forwardDone: [], backwardDone: [], title: '', formula: '', explanation: '', cards, loss: 0, line: 1, cell: null, changed: [],
});
const asked = (tensor: number, form: object = { example: 1, maxElements: 100 }): TensorRequest => ({ address: { kind: 'trace', iteration: 3, tensor }, ...form });

describe('pictures sent ahead', () => {
  let made: TensorRequest[];
  const picture = (request: TensorRequest): Promise<TensorPicture> => {
    made.push(request);
    return Promise.resolve(pictureOf({ dtype: 'float32', shape: [2, 3, 4], data: values }, { name: '', use: 'activation', example: request.example }));
  };
  beforeEach(() => { made = []; });

  it('sends nothing before it has seen how the panel asks', async () => {
    assert.deepEqual(await new Ahead().pictures(cursorWith(card(1, 'a')), picture), []);
    assert.deepEqual(made, []);
  });

  it('makes what the panel will ask for next, in the way in which it asked', async () => {
    const ahead = new Ahead();
    ahead.note(asked(1), cursorWith(card(1, 'a')));
    const pictures = await ahead.pictures(cursorWith(card(1, 'a'), card(2, 'b')), picture);
    assert.deepEqual(pictures.map(({ request }) => request), [asked(2)], 'the panel has the first one');
    assert.deepEqual([...new Float32Array(pictures[0]!.picture.values)], [...values.subarray(12)]);
  });

  it('keeps a slice to the variable that it was chosen for', async () => {
    const ahead = new Ahead(), sliced = { slice: { rows: 1, columns: 2, tiles: [], fixed: [0] }, maxElements: 100 };
    ahead.note(asked(1), cursorWith(card(1, 'a')));
    ahead.note(asked(2, sliced), cursorWith(card(2, 'b')));
    const pictures = await ahead.pictures(cursorWith(card(11, 'a'), card(12, 'b'), card(13, 'c')), picture);
    assert.deepEqual(pictures.map(({ request }) => request), [asked(11), asked(12, sliced), asked(13)]);
  });

  it('sends a tensor again only when its values are others, or the panel starts anew', async () => {
    const ahead = new Ahead();
    ahead.note(asked(1), cursorWith(card(1, 'a')));
    assert.equal((await ahead.pictures(cursorWith(card(2, 'b')), picture)).length, 1);
    assert.equal((await ahead.pictures(cursorWith(card(2, 'b')), picture)).length, 0);
    assert.equal((await ahead.pictures(cursorWith(card(2, 'b', values.map((value) => value + 1))), picture)).length, 1);
    ahead.forget();
    assert.equal((await ahead.pictures(cursorWith(card(2, 'b')), picture)).length, 1);
  });

  it('stays below 1 MiB, and leaves what cannot be made to the panel', async () => {
    const ahead = new Ahead(), cards = Array.from({ length: 8 }, (_, index) => card(10 + index, `v${index}`));
    ahead.note(asked(1), cursorWith(card(1, 'a')));
    const large = (request: TensorRequest): Promise<TensorPicture> => picture(request).then((reply) => ({ ...reply, values: new ArrayBuffer(2 ** 18) }));
    const bytes = (await ahead.pictures(cursorWith(...cards), large)).reduce((sum, { picture: { values: sent } }) => sum + sent.byteLength, 0);
    assert.ok(bytes > 2 ** 19 && bytes < 2 ** 20, String(bytes));
    ahead.forget();
    assert.deepEqual(await ahead.pictures(cursorWith(...cards), () => Promise.reject(new Error('gone'))), []);
    assert.ok((await ahead.pictures(cursorWith(...cards), picture)).length > 0, 'it was not taken for sent');
  });
});
