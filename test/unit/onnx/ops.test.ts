/** Single ops against the outputs that the ONNX project's own tests prescribe. */
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { onnxLayers } from '../../../src/engine/layers/onnx';
import { isKnownOp, onnxOps, runtimeOps } from '../../../src/formats/onnx/ops';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import { run } from '../layers/passes';
import { caseNames, openCase } from './cases';

/** The largest difference in units of what the tests allow, 1e-4 + 1e-3 of the value. */
function excess(actual: ArrayLike<number>, expected: TensorValue): number {
  let worst = 0;
  for (let index = 0; index < expected.data.length; index += 1) {
    const [a, b] = [Number(actual[index]), Number(expected.data[index])];
    if (Object.is(a, b) || a === b) continue;
    const off = Math.abs(a - b) / (1e-4 + 1e-3 * Math.abs(b));
    worst = Math.max(worst, Number.isNaN(off) ? Infinity : off);
  }
  return worst;
}

/** What the standard prescribes, and what onnxruntime computes for its own ops (`runtime_…`). */
describe('ONNX ops', () => {
  it('every op that files are read with is there', () => {
    assert.deepEqual(Object.keys(onnxLayers).sort(), [...onnxOps, ...runtimeOps].sort());
    assert.ok(isKnownOp('Conv') && isKnownOp('Scan') && !isKnownOp('StringSplit'));
  });

  it('the shapes of onnxruntime\'s ops, which its files do not state, are known before they run', async () => {
    for (const name of (await caseNames()).filter((one) => one.startsWith('runtime_'))) {
      const { network, outputs } = await openCase(name);
      for (const [index, ref] of network.outputs.entries()) {
        const shape = network.layers.find((layer) => layer.name === ref.layer)?.calls[ref.call]?.outputShapes[ref.output];
        assert.deepEqual(shape, outputs[index]?.shape, `${name}, output ${index}`);
      }
    }
  });

  // Names begin with the op: `conv_with_strides_padding`. One test for each first letter keeps a failure readable.
  for (const letter of 'abcdefghilmnopqrstuwx') {
    itOnEachBackend(`whose tests begin with ${letter} give what the standard, or onnxruntime, says`, async () => {
      const wrong: string[] = [];
      const names = (await caseNames()).filter((one) => one.startsWith(letter));
      assert.ok(names.length > 0);
      for (const name of names) {
        const { network, weights, inputs, outputs } = await openCase(name);
        tf.engine().startScope();
        try {
          const { result } = run({ network, weights, inputs: inputs.slice(0, network.inputs.length), training: false });
          outputs.forEach((expected, index) => {
            const actual = result.outputs[index];
            if (actual?.shape.join() !== expected.shape.join()) wrong.push(`${name}: output ${index} has the shape [${actual?.shape.join()}] instead of [${expected.shape.join()}]`);
            else if (excess(actual.dataSync(), expected) > 1) wrong.push(`${name}: output ${index} is off`);
          });
        } catch (error) {
          wrong.push(`${name}: ${(error as Error).message}`);
        } finally {
          tf.engine().endScope();
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});
