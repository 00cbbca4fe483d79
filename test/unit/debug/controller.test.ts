/** The controller over runs whose iterations differ, fail, or take their time. */
import assert from 'node:assert/strict';
import { Controller } from '../../../src/debug/controller';
import type { Move } from '../../../src/debug/controller';
import type { Breakpoint } from '../../../src/debug/breakpoints/breakpoints';
import { makeListing } from '../../../src/listing/listing';
import type { Failure } from '../../../src/tensor/failure';
import { toyRun } from './toy';
import type { ToyRun } from './toy';

const usual = ['forward a 2', 'forward b 3', 'loss - 1', 'backward b 2', 'backward a 2', 'update a 1'];
/** Another op in front, b's second op gone, and no backward phase for a. */
const other = ['forward new 2', 'forward a 2', 'forward b 1', 'loss - 1', 'backward b 2', 'update a 1'];

interface Seen { readonly controller: Controller; readonly run: ToyRun; readonly moves: Move[]; readonly changed: Breakpoint[] }

async function launch(run: ToyRun): Promise<Seen> {
  const controller = await Controller.launch({ open: () => Promise.resolve(run), makeListing: (trace, { network }) => makeListing(trace, network) });
  const moves: Move[] = [], changed: Breakpoint[] = [];
  controller.on('moved', (move) => { moves.push(move); });
  controller.on('breakpoints', (breakpoints) => { changed.push(...breakpoints); });
  return { controller, run, moves, changed };
}

/** What stands on the cursor's line, without decoration. */
const here = ({ controller }: Seen): string => (controller.listing.text.split('\n')[controller.view.line - 1] ?? '').replace(/^\/\/[\s─-]*|[\s─-]+$/g, '');
const lineOfOp = ({ controller }: Seen, op: number): number => controller.listing.lineOfOp(op);

describe('the controller', () => {
  it('keeps breakpoints on their steps when the next iteration has another listing', async () => {
    const seen = await launch(toyRun((i) => (i % 2 === 0 ? usual : other)));
    const { controller } = seen;
    const set = controller.setLineBreakpoints('listing', [
      { line: controller.listing.lineOfGroup(0) }, { line: lineOfOp(seen, 2) }, { line: lineOfOp(seen, 3) }, { line: controller.listing.lineOfGroup(4) }, { line: controller.listing.lineOfPhase('update') },
    ]);
    assert.ok(set.every(({ verified }) => verified));
    await controller.jumpTo({ kind: 'iteration', iteration: 1 });
    assert.deepEqual(seen.changed.map(({ id, verified, line }) => ({ id, verified, line })), [
      { id: 1, verified: true, line: controller.listing.lineOfGroup(1) }, { id: 2, verified: true, line: lineOfOp(seen, 4) }, { id: 3, verified: false, line: null },
      { id: 4, verified: false, line: null }, { id: 5, verified: true, line: controller.listing.lineOfPhase('update') },
    ]);
    await controller.jumpTo({ kind: 'line', line: 1 });
    const stops: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      await controller.continue();
      stops.push(`${controller.cursor.iteration} ${controller.cursor.depth} ${here(seen)}`);
    }
    assert.deepEqual(stops.map((stop) => stop.split(' ').slice(0, 2).join(' ')), ['1 layer', '1 op', '1 phase', '2 layer']);
    seen.changed.length = 0;
    await controller.jumpTo({ kind: 'iteration', iteration: 0 });
    assert.equal(seen.changed.length, 0, 'the listing is that of iteration 2');
    assert.ok(controller.setLineBreakpoints('listing', set.map(({ line }) => ({ line: line ?? 1 }))).every(({ id, verified }, i) => verified && id === set[i]?.id), 'same breakpoints, same ids');
    await controller.end();
  });

  it('finds layers by name whether they run in one call or inside another layer', async () => {
    const seen = await launch(toyRun(() => ['forward outer/a 1', 'forward outer/b 1', 'forward a 1', 'backward outer/b 1', 'backward outer/a 1']));
    const lines = seen.controller.setFunctionBreakpoints([{ name: 'outer/b' }, { name: 'outer/b.backward' }, { name: 'c' }]).map(({ line, message }) => line ?? message);
    assert.deepEqual(lines, [seen.controller.listing.lineOfGroup(1), seen.controller.listing.lineOfGroup(3), "This network has no layer 'c'; it has outer/a, outer/b, a."]);
    await seen.controller.end();
  });

  it('holds the trace that is shown and lets go of the one before', async () => {
    const seen = await launch(toyRun(() => usual));
    for (const move of ['continue', 'stepBack'] as const) {
      const wait = seen.controller[move]();
      if (move === 'continue') await seen.controller.pause();
      await wait;
      assert.deepEqual([...seen.run.retained], [seen.controller.trace]);
    }
    await seen.controller.end();
    assert.equal(seen.run.retained.size, 0);
    assert.ok(seen.run.disposed);
    assert.equal(seen.controller.state, 'ended');
    await seen.controller.stepOver();
    await seen.controller.end();
  });

  it('stays where it was when a step into the next iteration fails, and tries again', async () => {
    let failing = true;
    const seen = await launch(toyRun(() => usual, { wait: (i) => (i === 1 && failing ? Promise.reject(new Error('out of memory')) : Promise.resolve()) }));
    const failures: Failure[] = [];
    seen.controller.on('failed', (failure) => { failures.push(failure); });
    await seen.controller.jumpTo({ kind: 'layer', layer: 'a', phase: 'update' });
    const before = seen.controller.cursor;
    await seen.controller.stepOver();
    assert.deepEqual(seen.controller.cursor, before);
    assert.equal(seen.moves.at(-1)?.reason, 'exception');
    assert.equal(failures[0]?.code, 'internal');
    assert.match(failures[0]?.message ?? '', /^Backstep met an error of its own: out of memory\.$/);
    failing = false;
    await seen.controller.stepOver();
    assert.deepEqual(seen.controller.cursor, { iteration: 1, op: 0, depth: 'layer' });
    await seen.controller.end();
  });

  it('gives the event loop its turn while it continues, and stops at once when it is paused', async () => {
    const seen = await launch(toyRun(() => usual));
    const going = seen.controller.continue();
    let turns = 0;
    await new Promise<void>((resolve) => { const tick = (): void => { turns += 1; if (turns < 50) setImmediate(tick); else resolve(); }; tick(); });
    assert.equal(seen.controller.state, 'running');
    await seen.controller.pause();
    await going;
    const { iteration } = seen.controller.cursor;
    assert.ok(iteration > 5, `${iteration} iterations in 50 turns`);
    assert.equal(seen.moves.at(-1)?.reason, 'pause');
    assert.deepEqual(seen.controller.cursor, { iteration, op: 10, depth: 'layer' });
    await seen.controller.reverseContinue();
    assert.deepEqual(seen.controller.cursor, { iteration: 0, op: 0, depth: 'layer' });
    assert.equal(seen.moves.at(-1)?.reason, 'start of run');
    await seen.controller.end();
  });

  it('can be paused on its way back', async () => {
    let release = (): void => undefined, slow = false;
    const seen = await launch(toyRun(() => usual, { wait: (i) => (slow && i === 2 ? new Promise<void>((resolve) => { release = resolve; }) : Promise.resolve()) }));
    await seen.controller.jumpTo({ kind: 'iteration', iteration: 4 });
    slow = true;
    const back = seen.controller.reverseContinue();
    while (seen.controller.cursor.iteration > 3) await new Promise<void>((resolve) => { setImmediate(resolve); });
    await new Promise<void>((resolve) => { setImmediate(() => { setImmediate(resolve); }); });
    const paused = seen.controller.pause();
    release();
    await Promise.all([back, paused]);
    assert.deepEqual(seen.controller.cursor, { iteration: 3, op: 0, depth: 'layer' });
    await seen.controller.end();
  });

  it('tells losses as they come, and from the start again after a restart', async () => {
    const seen = await launch(toyRun(() => usual, { iterations: 3 }));
    const told: string[] = [];
    seen.controller.on('losses', ({ from, losses }) => { told.push(`${from}+${losses.length}`); });
    await seen.controller.continue();
    const fresh = toyRun(() => usual, { iterations: 3 });
    await seen.controller.restart(() => Promise.resolve(fresh));
    assert.deepEqual(told, ['1+1', '2+1', '0+1']);
    assert.ok(seen.run.disposed && !fresh.disposed);
    await seen.controller.end();
    assert.ok(fresh.disposed);
  });

  it('lets a listener fail without taking the run or other listeners along', async () => {
    const errors: unknown[] = [];
    const controller = await Controller.launch({ open: () => Promise.resolve(toyRun(() => usual)), makeListing: (trace, { network }) => makeListing(trace, network), onListenerError: (error) => { errors.push(error); } });
    const heard: string[] = [];
    controller.on('moved', () => { throw new Error('listener'); });
    const second = controller.on('moved', ({ reason }) => { heard.push(reason); });
    await controller.stepOver();
    second.dispose();
    await controller.stepOver();
    assert.deepEqual(heard, ['step']);
    assert.equal(errors.length, 2);
    await controller.end();
  });

  it('counts hits by place, so that walking back and forth does not count twice', async () => {
    const seen = await launch(toyRun(() => usual, { iterations: 9 }));
    seen.controller.setFunctionBreakpoints([{ name: 'b.forward', hitCondition: '3' }]);
    await seen.controller.continue();
    assert.equal(seen.controller.cursor.iteration, 2);
    await seen.controller.reverseContinue();
    assert.equal(seen.controller.cursor.iteration, 0);
    await seen.controller.continue();
    assert.equal(seen.controller.cursor.iteration, 2);
    await seen.controller.end();
  });

  it('can end while it continues, and a restart that comes too late does nothing', async () => {
    const seen = await launch(toyRun(() => usual));
    const going = seen.controller.continue(), late = toyRun(() => usual);
    await seen.controller.end();
    await going;
    await seen.controller.restart(() => Promise.resolve(late));
    assert.ok(seen.run.disposed && !late.disposed && late.visits.length === 0);
    assert.equal(seen.moves.length, 0);
  });
});
