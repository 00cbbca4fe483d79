/** Sessions end as they should: when asked, in the middle of an iteration, while launching, and leave no tensor behind. */
import assert from 'node:assert/strict';
import { engine } from '@tensorflow/tfjs-core';
import { createRun } from '../../src/engine/create-run';
import { Client } from './client';
import { students } from './fixture';
import { stuckAt, toldAt } from './runs';

/** Slow enough on the pure JavaScript backend to be caught in the middle. */
const lenet = {
  model: 'test/fixtures/models/keras/lenet5.keras', data: { generator: 'digits', examples: 64 }, loss: 'sparse_categorical_crossentropy', optimizer: 'sgd', batchSize: 8, backend: 'cpu',
};

describe('the life of a session', () => {
  it('leaves the number of tensors where it was, two hundred times in a row', async () => {
    const warm = new Client();
    await warm.start(students);
    await warm.end();
    const before = engine().state.numTensors, bytes = engine().state.numBytes;
    for (let i = 0; i < 200; i += 1) {
      const client = new Client();
      await client.start({ ...students, backend: i % 2 === 0 ? 'cpu' : 'wasm' });
      for (const command of [['next'], ['stepIn', 'next'], ['stepOut', 'stepOut'], ['continue'], ['restart', 'stepBack']][i % 5] ?? []) {
        if (command === 'continue') await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hidden', hitCondition: '5' }] });
        await client.go(command);
      }
      await client.scopes();
      await client.request(i % 3 === 0 ? 'terminate' : 'disconnect');
      await client.event('terminated');
    }
    assert.equal(engine().state.numTensors, before);
    assert.equal(engine().state.numBytes, bytes);
  });

  it('pauses the engine in the middle of an iteration and goes on from there', async () => {
    const before = engine().state.numTensors;
    const { createRun: create, reached } = toldAt(1);
    const client = new Client({ createRun: create });
    await client.start(lenet);
    await client.request('continue', { threadId: 1 });
    await reached;
    assert.equal((await client.go('pause')).reason, 'pause');
    // In the middle of the update: an iteration that had gone on would stand at its end.
    assert.match(await client.where(), /^\S+ bias:\d+ < update:\d+ < iteration 1:1$/);
    await client.go('stepBack');
    await client.go('next');
    await client.go('next');
    assert.match(await client.where(), /iteration 2:1$/);
    await client.end();
    assert.equal(engine().state.numTensors, before);
  });

  it('goes on when the client cancels a request of the stop before', async () => {
    const client = new Client();
    await client.start({ ...students, iterations: 40 });
    await client.request('continue', { threadId: 1 });
    await client.request('cancel', { requestId: 3 });
    assert.equal((await client.event<{ description?: string }>('stopped')).description, 'Paused at the end of the run');
    await client.end();
  });

  it('ends in the middle of an iteration', async () => {
    const before = engine().state.numTensors;
    const { createRun: create, reached } = toldAt(1);
    const client = new Client({ createRun: create });
    await client.start(lenet);
    await client.request('continue', { threadId: 1 });
    await reached;
    await client.end();
    assert.equal(engine().state.numTensors, before);
    assert.equal(client.events.filter(({ event }) => event === 'terminated').length, 1);
    assert.equal(client.events.filter(({ event }) => event === 'stopped').length, 1, 'only the stop on entry');
  });

  it('ends while it is being launched', async () => {
    const before = engine().state.numTensors;
    let opened = (): void => undefined;
    const opening = new Promise<void>((resolve) => { opened = resolve; });
    const client = new Client({ createRun: async (config, { baseFolder }) => { const run = await createRun(config, { baseFolder }); opened(); return run; } });
    await client.request('initialize', { adapterID: 'backstep' });
    const launch = client.raw('launch', lenet);
    await opening;
    await client.end();
    assert.equal((await launch).success, false);
    assert.equal(engine().state.numTensors, before);
  });

  it('ends with its client, when the streams close', async () => {
    const before = engine().state.numTensors;
    const client = new Client();
    await client.start(students);
    const ended = new Promise<void>((resolve) => { client.session.controller?.on('ended', () => { resolve(); }); });
    client.hangUp();
    await ended;
    assert.equal(engine().state.numTensors, before);
  });

  it('takes steps that come faster than it goes in the order in which they came', async () => {
    const client = new Client();
    await client.start(students);
    await Promise.all(['next', 'next', 'stepBack', 'stepIn', 'next', 'stepOut'].map((command) => client.go(command)));
    assert.equal((await client.where()).replace(/:\d+/g, ''), 'loss < loss < iteration 1');
    await client.end();
  });

  it('pauses first when it is told to jump while it runs', async () => {
    const { createRun: create, reached } = stuckAt(3);
    const client = new Client({ createRun: create });
    await client.start(students);
    await client.request('continue', { threadId: 1 });
    await reached;
    await client.session.controller?.jumpTo({ kind: 'layer', layer: 'hidden', phase: 'forward' });
    assert.equal((await client.where()).replace(/:\d+/g, ''), 'hidden < forward < iteration 3');
    await client.session.controller?.jumpTo({ kind: 'iteration', iteration: 0 });
    assert.equal((await client.where()).replace(/:\d+/g, ''), 'hidden < forward < iteration 1');
    await client.session.controller?.jumpTo({ kind: 'op', op: 4 });
    assert.equal((await client.where()).replace(/:\d+/g, ''), 'Add < will_pass < forward < iteration 1');
    await client.session.controller?.jumpTo({ kind: 'layer', layer: 'will_pass', phase: 'backward' });
    await client.session.controller?.jumpTo({ kind: 'layer', layer: 'hidden' });
    assert.equal((await client.where()).replace(/:\d+/g, ''), 'hidden < backward < iteration 1', 'a layer is looked for in the present phase first');
    await assert.rejects(async () => client.session.controller?.jumpTo({ kind: 'layer', layer: 'hiden' }), /did you mean 'hidden'\?$/);
    await assert.rejects(async () => client.session.controller?.jumpTo({ kind: 'layer', layer: 'features' }), /runs no operation/);
    await assert.rejects(async () => client.session.controller?.jumpTo({ kind: 'op', op: 5000 }), /does not exist/);
    await assert.rejects(async () => client.session.controller?.jumpTo({ kind: 'iteration', iteration: -1 }), /count from 1/);
    await client.end();
  });
});
