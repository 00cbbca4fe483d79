import assert from 'node:assert/strict';
import { engine } from '@tensorflow/tfjs-core';
import { presentBackends } from '../../../src/engine/backend/backend';
import type { RunConfig } from '../../../src/engine/config';
import { runOf } from '../../../src/engine/local-run';
import type { Trace } from '../../../src/engine/trace';
import { examples, mlp } from './networks';

const config: RunConfig = { model: 'mlp', data: { generator: 'clusters' }, loss: 'categorical_crossentropy', optimizer: 'adam', batchSize: 8, seed: 3 };
const dataset = examples('x', [4], 'classes', 3);

/** Every tensor of a trace, as comparable bytes. */
function bytes(trace: Trace): string[] {
  return [...trace.tensors.values()].map((tensor) => {
    const { dtype, shape, data } = tensor.read();
    return `${tensor.id} ${dtype} ${shape.join()} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`;
  });
}

describe('a run', () => {
  it('gives each iteration as a trace with phases, layers, weights and gradients', async () => {
    for (const { name } of await presentBackends()) {
      const run = await runOf({ ...config, backend: name }, mlp(), dataset);
      const trace = await run.iteration(0);
      assert.deepEqual([...new Set(trace.groups.map(({ phase }) => phase))], ['forward', 'loss', 'backward', 'update']);
      assert.deepEqual(trace.weights.map(({ layer, weight }) => `${layer}/${weight}`), ['hidden/kernel', 'hidden/bias', 'classes/kernel', 'classes/bias']);
      for (const { gradient, before, after } of trace.weights) {
        assert.notEqual(gradient, null);
        assert.notDeepEqual(trace.tensors.get(before)!.read().data, trace.tensors.get(after)!.read().data);
        assert.deepEqual(trace.tensors.get(gradient!)!.gradientOf, { tensor: before, partial: false });
      }
      run.dispose();
    }
  });

  it('shows the same tensors, bit for bit, after random jumps as a fresh run', async () => {
    for (const { name } of await presentBackends()) {
      const fresh = await runOf({ ...config, backend: name }, mlp(), dataset);
      const expected: string[][] = [];
      for (let i = 0; i < 12; i += 1) expected.push(bytes(await fresh.iteration(i)));
      fresh.dispose();
      const run = await runOf({ ...config, backend: name }, mlp(), dataset, { traces: 0, checkpoints: 0 });
      for (const i of [7, 2, 11, 0, 5, 5, 10, 3, 9, 1]) assert.deepEqual(bytes(await run.iteration(i)), expected[i], `iteration ${i} on ${name}`);
      run.dispose();
    }
  });

  it('leaves no tensor behind when it ends', async () => {
    const [backend] = await presentBackends();
    const before = engine().state.numTensors;
    for (let i = 0; i < 200; i += 1) {
      const run = await runOf({ ...config, backend: backend!.name }, mlp(), dataset);
      await run.iteration(i % 3);
      run.dispose();
    }
    assert.equal(engine().state.numTensors, before);
  });
});
