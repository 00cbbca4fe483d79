/** Cell depth: the elements of ops as steps of the debugger, and what the panel gets to see of one. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { cellNumber, cellPlace } from '../../../src/debug/cells';
import { Controller } from '../../../src/debug/controller';
import type { Move } from '../../../src/debug/controller';
import { cellView } from '../../../src/debug/view/cell';
import { createRun } from '../../../src/engine/create-run';
import type { RunConfig } from '../../../src/engine/config';
import { makeListing } from '../../../src/listing/listing';
import { toyRun } from './toy';

const usual = ['forward a 2', 'forward b 1 Opaque', 'loss - 1', 'backward a 1 Opaque'];

async function toy(iterations?: number): Promise<{ controller: Controller; moves: Move[] }> {
  const run = toyRun(() => usual, iterations === undefined ? {} : { iterations });
  const controller = await Controller.launch({ open: () => Promise.resolve(run), makeListing: (trace, { network }) => makeListing(trace, network) });
  const moves: Move[] = [];
  controller.on('moved', (move) => { moves.push(move); });
  return { controller, moves };
}

const at = ({ cursor }: Controller): string => `${cursor.iteration} ${cursor.op} ${cursor.depth}${cursor.cell === undefined ? '' : ` ${cursor.cell}`}`;

async function walk(controller: Controller, moves: readonly ('stepOver' | 'stepBack' | 'stepInto' | 'stepOut')[]): Promise<string[]> {
  const stops: string[] = [];
  for (const move of moves) {
    await controller[move]();
    stops.push(at(controller));
  }
  return stops;
}

describe('stepping through elements', () => {
  it('goes from an op to its largest element, and back to the op', async () => {
    const { controller } = await toy();
    // A toy op's values are the iteration and its own tensor number: the second is the larger one.
    assert.deepEqual(await walk(controller, ['stepInto', 'stepInto', 'stepOut', 'stepInto']), ['0 0 op', '0 0 cell 1', '0 0 op', '0 0 cell 1']);
    await controller.end();
  });

  it('goes on in row-major order, past ops that have no elements, and into the next iteration; Step Back mirrors it', async () => {
    const { controller } = await toy();
    await walk(controller, ['stepInto', 'stepInto']);
    const forwards = [at(controller), ...await walk(controller, new Array<'stepOver'>(8).fill('stepOver'))];
    assert.deepEqual(forwards, ['0 0 cell 1', '0 1 cell 0', '0 1 cell 1', '0 3 cell 0', '0 3 cell 1', '1 0 cell 0', '1 0 cell 1', '1 1 cell 0', '1 1 cell 1']);
    assert.deepEqual([at(controller), ...await walk(controller, new Array<'stepBack'>(8).fill('stepBack'))], forwards.reverse());
    await controller.end();
  });

  it('goes to the element selected, in any output of that shape', async () => {
    const { controller } = await toy();
    controller.selectElement({ tensor: controller.trace.ops[1]?.outputs[0] ?? -1, index: [0] });
    assert.deepEqual(await walk(controller, ['stepInto', 'stepInto', 'stepInto', 'stepOut']), ['0 0 op', '0 0 cell 0', '0 0 cell 1', '0 0 op']);
    for (const nothing of [null, { tensor: 999, index: [0] }, { tensor: controller.trace.ops[0]?.outputs[0] ?? -1, index: [7] }]) {
      controller.selectElement(nothing);
      assert.deepEqual(await walk(controller, ['stepInto', 'stepOut']), ['0 0 cell 1', '0 0 op']);
    }
    await controller.end();
  });

  it('stays at an op that cannot be taken apart, and says so', async () => {
    const { controller, moves } = await toy();
    await controller.jumpTo({ kind: 'op', op: 2 });
    assert.deepEqual(await walk(controller, ['stepInto']), ['0 2 op']);
    assert.match(moves.at(-1)?.text ?? '', /^Opaque is not a sum of terms that one could step into; Step Over goes on to the next op\.$/);
    await controller.end();
  });

  it('stays on the last element at the end of the run, and on the first at its start', async () => {
    const { controller, moves } = await toy(1);
    await controller.jumpTo({ kind: 'op', op: 3 });
    assert.deepEqual(await walk(controller, ['stepInto', 'stepOver']), ['0 3 cell 1', '0 3 cell 1']);
    assert.equal(moves.at(-1)?.reason, 'end of run');
    await controller.jumpTo({ kind: 'cell', iteration: 0, op: 0, tensor: controller.trace.ops[0]?.outputs[0] ?? -1, index: [0] });
    assert.deepEqual(await walk(controller, ['stepBack']), ['0 0 cell 0']);
    assert.equal(moves.at(-1)?.reason, 'start of run');
    await controller.end();
  });

  it('jumps to an element, keeps it in another iteration, and refuses one that does not exist', async () => {
    const { controller } = await toy();
    const tensor = controller.trace.ops[1]?.outputs[0] ?? -1;
    await controller.jumpTo({ kind: 'cell', iteration: 0, op: 1, tensor, index: [1] });
    assert.equal(at(controller), '0 1 cell 1');
    await controller.jumpTo({ kind: 'iteration', iteration: 3 });
    assert.equal(at(controller), '3 1 cell 1');
    for (const target of [{ op: 1, index: [2] }, { op: 1, index: [] }, { op: 0, index: [1] }, { op: 99, index: [1] }]) {
      await assert.rejects(controller.jumpTo({ kind: 'cell', iteration: 3, tensor, ...target }), /There is no element/);
    }
    await assert.rejects(controller.jumpTo({ kind: 'cell', iteration: 0, op: 1, tensor, index: [1] }), /iteration 4/);
    assert.equal(at(controller), '3 1 cell 1');
    await controller.end();
  });
});

describe('an element for the panel', () => {
  const root = process.cwd();
  let controller: Controller;
  before(async () => {
    const config: RunConfig = { model: 'lenet5.keras', data: { generator: 'digits', examples: 32 }, loss: 'sparse_categorical_crossentropy', optimizer: 'sgd', batchSize: 32, seed: 3, backend: 'cpu' };
    controller = await Controller.launch({ open: () => createRun(config, { baseFolder: path.join(root, 'media/examples') }), makeListing: (trace, { network }) => makeListing(trace, network) });
  });
  after(() => controller.end());

  const goTo = async (kernel: string, index: readonly number[], skip = 0): Promise<NonNullable<ReturnType<typeof cellView>>> => {
    const op = controller.trace.ops.filter((each) => each.kernel === kernel)[skip] ?? assert.fail(kernel);
    await controller.jumpTo({ kind: 'cell', iteration: 0, op: op.index, tensor: op.outputs[0] ?? -1, index });
    return cellView(controller.view) ?? assert.fail('no cell');
  };
  const value = (tensor: number, index: readonly number[]): number => {
    const { shape, data } = controller.trace.tensors.get(tensor)?.read() ?? assert.fail(`tensor ${tensor}`);
    return Number(data[index.reduce((sum, place, axis) => sum * (shape[axis] ?? 1) + place, 0)]);
  };

  it('numbers elements row-major', () => {
    const op = controller.trace.ops.find(({ kernel }) => kernel === 'Conv2D') ?? assert.fail();
    const [n = 0, h = 0, w = 0, c = 0] = controller.trace.tensors.get(op.outputs[0] ?? -1)?.shape ?? [];
    assert.deepEqual(cellPlace(controller.trace, op, ((1 * h + 2) * w + 3) * c + 4), { which: 0, tensor: op.outputs[0], index: [1, 2, 3, 4] });
    assert.equal(cellNumber(controller.trace, op, [1, 2, 3, 4], () => true), ((1 * h + 2) * w + 3) * c + 4);
    assert.deepEqual(cellPlace(controller.trace, op, Infinity)?.index, [n - 1, h - 1, w - 1, c - 1]);
  });

  it('lays the kernel over the patch, with its padding, and sums to the value of the kernel', async () => {
    const view = await goTo('Conv2D', [0, 0, 0, 2]);
    const { patch } = view;
    assert.ok(patch !== null);
    assert.deepEqual([patch.rows, patch.columns, patch.tiles, patch.folded], [5, 5, ['[0, :, :, 0]'], false]);
    // same padding of a 5×5 kernel: two rows above and two columns to the left lie outside
    assert.deepEqual(patch.numbers.map((number) => (number < 0 ? '.' : '#')).join('').match(/.{5}/g), ['.....', '.....', '..###', '..###', '..###']);
    assert.equal(view.count, 9);
    for (const [cell, number] of patch.numbers.entries()) {
      if (number < 0) continue;
      const [x, kernel] = view.terms[number]?.factors ?? [];
      assert.deepEqual(kernel?.index.slice(0, 2), [Math.floor(cell / 5), cell % 5], 'a cell of the patch is a tap of the kernel');
      assert.equal(patch.factors[0]?.values[cell], value(x?.tensor ?? -1, x?.index ?? []));
      assert.equal(patch.factors[1]?.values[cell], value(kernel?.tensor ?? -1, kernel?.index ?? []));
    }
    assert.equal(view.terms.at(-1)?.total, view.total);
    assert.ok(Math.abs(view.value - view.shown) <= 1e-5 * Math.max(1, Math.abs(view.shown)));
    assert.deepEqual(view.windows[0]?.start, [0, -2, -2, 0]);
    assert.deepEqual(view.windows[1], { tensor: view.windows[1]?.tensor, start: [2, 2, 0, 2], extent: [3, 3, 1, 1], step: [1, 1, 1, 1] });
  });

  it('sends a tile a channel, and the first of many terms', async () => {
    const view = await goTo('Conv2D', [1, 3, 4, 5], 1);
    assert.equal(view.count, 150);
    assert.deepEqual([view.patch?.rows, view.patch?.columns, view.patch?.tiles.length, view.patch?.allTiles], [5, 5, 6, 6]);
    const gradient = await goTo('Conv2DBackpropFilter', [1, 1, 0, 0]);
    assert.ok(gradient.count > 200 && gradient.terms.length === 200);
    assert.ok(JSON.stringify(gradient).length < 200_000);
  });

  it('is made at every place where the terms are most', async () => {
    const op = controller.trace.ops.filter(({ kernel }) => kernel === 'Conv2DBackpropFilter').at(-1) ?? assert.fail();
    for (let place = 0; place < 9; place += 1) {
      await controller.jumpTo({ kind: 'cell', iteration: 0, op: op.index, tensor: op.outputs[0] ?? -1, index: [2, place % 5, 0, place % 6] });
      assert.ok((cellView(controller.view)?.count ?? 0) > 2000);
    }
  });

  it('marks the winner of a window', async () => {
    const run = await Controller.launch({
      open: () => createRun({ model: 'convnet/model.json', data: { generator: 'digits', examples: 8 }, loss: 'sparse_categorical_crossentropy', optimizer: 'sgd', batchSize: 4, seed: 3, backend: 'cpu' }, { baseFolder: path.join(root, 'media/examples') }),
      makeListing: (trace, { network }) => makeListing(trace, network),
    });
    const op = run.trace.ops.find(({ kernel }) => kernel === 'MaxPool');
    if (op !== undefined) {
      await run.jumpTo({ kind: 'op', op: op.index });
      await run.stepInto();
      const view = cellView(run.view);
      assert.equal(view?.combine, 'max');
      assert.equal(view.terms[view.winner ?? -1]?.value, view.shown);
      assert.equal(view.shown, Math.max(...view.terms.map(({ value: each }) => each)));
    }
    await run.end();
    assert.ok(op !== undefined);
  });
});
