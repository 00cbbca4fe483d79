/** A run and others that use TensorFlow.js in the same process: neither notices the other. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { presentBackends } from '../../../src/engine/backend/backend';
import type { RunConfig } from '../../../src/engine/config';
import { runOf } from '../../../src/engine/local-run';
import { Recorder } from '../../../src/engine/recorder/recorder';
import { internals } from '../../../src/engine/recorder/engine-state';
import { Failure } from '../../../src/tensor/failure';
import { examples, mlp } from './networks';

const config: RunConfig = { model: 'mlp', data: { generator: 'clusters' }, loss: 'categorical_crossentropy', optimizer: 'adam', batchSize: 8, seed: 3 };
const dataset = examples('x', [4], 'classes', 3);

/** All of the engine's state that a stretch touches. */
function engineState(): unknown {
  const { backendName, backendInstance, state } = internals();
  return {
    backendName, backendInstance, depth: state.gradientDepth, kernels: state.kernelDepth, tape: state.activeTape, scope: state.activeScope, stack: state.scopeStack,
    hooked: Object.keys(internals()).filter((key) => key === 'runKernelFunc' || key === 'clone'),
  };
}

describe('a run beside other users of TensorFlow.js', () => {
  it('leaves the engine as it found it between stretches, also after an exception in a kernel', async () => {
    for (const { name } of await presentBackends()) {
      const before = engineState();
      const tensors = tf.engine().state.numTensors;
      const recorder = new Recorder(name);
      assert.throws(() => recorder.run(true, () => {
        tf.tidy(() => { tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).add(tf.reshape(tf.ones([4]), [3, 2])); });
      }));
      assert.deepEqual(engineState(), before);
      recorder.release();
      assert.equal(tf.engine().state.numTensors, tensors);
    }
  });

  it('records nothing of what runs between its stretches, and its tensors survive a tidy around it', async () => {
    for (const { name } of await presentBackends()) {
      const recorder = new Recorder(name);
      const kept = recorder.run(true, () => tf.tidy(() => { const inner = tf.square(tf.tensor1d([1, 2])); inner.dispose(); return tf.add(tf.square(tf.tensor1d([3])), 1); }));
      tf.tidy(() => tf.square(tf.scalar(2)));
      assert.deepEqual(recorder.ops.map(({ kernel }) => kernel), ['Square', 'Square', 'Add']);
      assert.deepEqual([...recorder.tensors.get(recorder.ops[0]!.outputs[0]!)!.read().data], [1, 4]);
      assert.deepEqual([...recorder.record(kept)!.read().data], [10]);
      recorder.release();
    }
  });

  it('trains to the same weights with another run and plain training interleaved', async () => {
    for (const { name } of await presentBackends()) {
      const alone = await runOf({ ...config, backend: name }, mlp(), dataset);
      const trace = await alone.iteration(5);
      const reference = trace.weights.map(({ after }) => trace.tensors.get(after)!.read().data);
      alone.dispose();

      const [one, two] = await Promise.all([runOf({ ...config, backend: name }, mlp(), dataset), runOf({ ...config, optimizer: 'sgd', backend: name }, mlp(), dataset)]);
      const w = tf.tidy(() => tf.variable(tf.scalar(1)));
      const plain = (async () => {
        for (let i = 0; i < 20; i += 1) {
          tf.tidy(() => { tf.train.sgd(0.1).minimize(() => tf.square(w)); });
          await new Promise((resolve) => { setImmediate(resolve); });
        }
      })();
      const [first] = await Promise.all([one.iteration(5), two.iteration(7), plain]);
      first.weights.forEach(({ after }, i) => { assert.deepEqual(first.tensors.get(after)!.read().data, reference[i]); });
      assert.ok(Math.abs(Number(w.dataSync()[0]) - 0.8 ** 20) < 1e-6);
      w.dispose();
      one.dispose();
      two.dispose();
    }
  });
});

describe('a run that is stopped', () => {
  it('ends in the middle of an iteration with run.cancelled, loses nothing and leaks nothing', async () => {
    const [backend] = await presentBackends();
    const run = await runOf({ ...config, backend: backend!.name }, mlp(), dataset);
    const trace = await run.iteration(1);
    const tensors = tf.engine().state.numTensors;
    const cancelled = (error: unknown): boolean => error instanceof Failure && error.code === 'run.cancelled' && /Iteration 3 was stopped/.test(error.message);
    const abort = new AbortController();
    await assert.rejects(run.iteration(2, { signal: abort.signal, onProgress: ({ phase }) => { if (phase === 'update') abort.abort(); } }), cancelled);
    assert.equal(tf.engine().state.numTensors, tensors);
    assert.equal(run.losses.length, 2);
    assert.equal(trace.tensors.get(trace.lossTensor)!.read().data.length, 1);
    await assert.rejects(run.iteration(2, { signal: AbortSignal.abort() }), cancelled);
    assert.equal((await run.iteration(2)).iteration, 2);
    run.dispose();
  });

  it('frees everything when it is disposed while an iteration runs', async () => {
    const [backend] = await presentBackends();
    const before = tf.engine().state.numTensors;
    const run = await runOf({ ...config, backend: backend!.name }, mlp(), dataset);
    const pending = run.iteration(50);
    await new Promise((resolve) => { setImmediate(resolve); });
    run.dispose();
    await assert.rejects(pending, (error: unknown) => error instanceof Failure && error.code === 'run.cancelled');
    assert.equal(tf.engine().state.numTensors, before);
  });

  it('says that a tensor is gone when it is read after the run has ended', async () => {
    const run = await runOf(config, mlp(), dataset);
    const trace = await run.iteration(0);
    run.dispose();
    assert.throws(() => trace.tensors.get(trace.lossTensor)!.read(), (error: unknown) => error instanceof Failure && error.code === 'trace.released');
  });

  it('keeps a retained trace until it is let go', async () => {
    const run = await runOf(config, mlp(), dataset, { traces: 0 });
    const trace = await run.iteration(0);
    const release = run.retain(trace);
    await run.iteration(5);
    assert.equal(trace.tensors.get(trace.lossTensor)!.read().data.length, 1);
    release();
    assert.throws(() => trace.tensors.get(trace.lossTensor)!.read());
    run.dispose();
  });
});
