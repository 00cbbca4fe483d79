// Elements set by hand: another history, computed as the numbers then are, and the same on every visit.
import assert from 'node:assert/strict';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { presentBackends } from '../../../src/engine/backend/backend';
import type { TensorChange } from '../../../src/engine/changes';
import { createRun } from '../../../src/engine/create-run';
import type { RunConfig } from '../../../src/engine/config';
import type { Run } from '../../../src/engine/run';
import type { Trace } from '../../../src/engine/trace';

const folder = path.resolve('media/examples');
const set = (tensor: number, element: number, value: number): TensorChange => ({ tensor, elements: Uint32Array.of(element), values: Float64Array.of(value) });
const numbers = (trace: Trace, id: number): number[] => [...trace.tensors.get(id)?.read().data as Float32Array];
const weight = (trace: Trace, at: number): Trace['weights'][number] => trace.weights[at] ?? assert.fail('no weight');
/** All numbers of a trace, to compare bit for bit. */
const bits = (trace: Trace): string => [...trace.tensors.values()].map(({ id }) => numbers(trace, id).join()).join('\n');

describe('Values set by hand', () => {
  const runs: Run[] = [];
  const open = async (backend: RunConfig['backend'] & string, budgets = {}): Promise<Run> => {
    const run = await createRun({ model: 'students.h5', data: { csv: 'students.csv', features: ['lectures', 'hours'], label: 'passed' }, loss: 'binary_crossentropy', optimizer: { type: 'sgd', learningRate: 0.5 }, batchSize: 16, seed: 5, backend }, { baseFolder: folder, budgets });
    runs.push(run);
    return run;
  };
  afterEach(() => { for (const run of runs.splice(0)) run.dispose(); });

  for (const name of ['wasm', 'cpu', 'tensorflow'] as const) {
    describe(`on ${name}`, () => {
      before(async function () { if (!(await presentBackends()).some((backend) => backend.name === name)) this.skip(); });

      it('in a weight give the loss that the network has with it', async () => {
        const run = await open(name), trace = await run.iteration(2), { before: id } = weight(trace, 0);
        const wanted = await run.lossWith(trace, [{ tensor: id, element: 1, value: 0.75 }]), old = trace.loss;
        await run.change(2, [set(id, 1, 0.75)]);
        const changed = await run.iteration(2);
        assert.equal(numbers(changed, id)[1], 0.75);
        assert.equal(changed.loss, wanted);
        assert.notEqual(changed.loss, old);
      });

      it('in a gradient reach the weight that it updates, and nothing before', async () => {
        const run = await open(name), trace = await run.iteration(1), { gradient, after } = weight(trace, 0), loss = trace.loss;
        const start = numbers(trace, weight(trace, 0).before);
        await run.change(1, [set(gradient ?? -1, 0, 10)]);
        const changed = await run.iteration(1);
        assert.equal(changed.loss, loss);
        assert.equal(numbers(changed, after)[0], Math.fround((start[0] ?? NaN) - Math.fround(0.5 * 10)));
      });

      it('in an activation change what comes after it alone', async () => {
        const run = await open(name), trace = await run.iteration(0), output = trace.layers.find(({ layer }) => layer === weight(trace, 0).layer)?.outputs[0] ?? -1;
        const writer = trace.tensors.get(output)?.writer ?? -1, before = new Map([...trace.tensors.values()].map(({ id, writer: by }) => [id, { by, text: numbers(trace, id).join() }]));
        await run.change(0, [set(output, 3, 4)]);
        const changed = await run.iteration(0);
        assert.equal(numbers(changed, output)[3], 4);
        for (const [id, { by, text }] of before) if (by < writer) assert.equal(numbers(changed, id).join(), text);
        assert.notEqual(numbers(changed, changed.lossTensor).join(), before.get(changed.lossTensor)?.text);
      });

      it('hold on every visit, whatever has been forgotten meanwhile', async () => {
        const generous = await open(name), tight = await open(name, { traces: 0, checkpoints: 0 });
        const traces: string[][] = [];
        for (const run of [generous, tight]) {
          const { before: id } = weight(await run.iteration(2), 0);
          await run.iteration(5);
          await run.change(2, [set(id, 0, -1)]);
          assert.equal(run.losses.length, 2);
          const seen: string[] = [];
          for (const index of [2, 6, 0, 2, 4]) seen.push(bits(await run.iteration(index)));
          assert.equal(seen[0], seen[3]);
          traces.push(seen);
        }
        assert.ok(traces[0]?.every((text, i) => text === traces[1]?.[i]));
      });

      it('can be taken back: all is bit for bit as it was', async () => {
        const run = await open(name), { before: id } = weight(await run.iteration(1), 0), before = [bits(await run.iteration(1)), bits(await run.iteration(3))];
        await run.change(1, [set(id, 0, 3)]);
        assert.notEqual(bits(await run.iteration(3)), before[1]);
        assert.deepEqual([...run.changes.keys()], [1]);
        await run.change(1, []);
        assert.equal(run.changes.size, 0);
        assert.ok(bits(await run.iteration(1)) === before[0] && bits(await run.iteration(3)) === before[1]);
      });

      it('are in force when the pass is run again to ask something of it', async () => {
        const run = await open(name), { before: id } = weight(await run.iteration(1), 0);
        await run.change(1, [set(id, 0, 3)]);
        const changed = await run.iteration(1);
        assert.equal(await run.lossWith(changed, []), changed.loss);
        assert.equal(await run.lossWith(changed, [{ tensor: id, element: 0, value: 3 }]), changed.loss);
      });
    });
  }

  it('leave no tensor behind, also of traces that were in use', async () => {
    const before = tf.engine().state.numTensors;
    const run = await open('cpu'), trace = await run.iteration(1), release = run.retain(trace), { before: id } = weight(trace, 0);
    await run.iteration(3);
    const alive = tf.engine().state.numTensors;
    for (let value = 0; value < 5; value += 1) {
      await run.change(1, [set(id, 0, value)]);
      await run.iteration(1);
      assert.equal(numbers(trace, id).length, 6, 'a retained trace can be read');
    }
    release();
    await run.iteration(3);
    assert.ok(tf.engine().state.numTensors <= alive, `${tf.engine().state.numTensors} of ${alive}`);
    run.dispose();
    assert.equal(tf.engine().state.numTensors, before);
  });
});
