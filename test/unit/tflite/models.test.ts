/** TFLite models: outputs against TensorFlow's own interpreter, gradients against TensorFlow. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { createRun } from '../../../src/engine/create-run';
import { tfliteOperators } from '../../../src/engine/layers/tflite';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import { runnableOperators } from '../../../src/formats/tflite/operators';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import { assertClose, differenceOf } from '../layers/comparing';
import type { Pass } from '../layers/passes';
import { run, valuesOf } from '../layers/passes';

const models = path.resolve('test/fixtures/models');
const zoo = path.join(models, 'tensorflow/lite');
const files = (kind: string): string[] => readdirSync(zoo).filter((file) => file.endsWith(`.${kind}.tflite`));

/** Runs a file on `x`; with `y`, also the loss and its gradients. The caller closes the engine's scope. */
async function pass(file: string, x: TensorValue, y?: TensorValue): Promise<Pass> {
  const { network, weights: store } = await openNetwork(file);
  assert.equal(network.viewOnly, undefined);
  const weights = await valuesOf(network, store);
  await store.close();
  return run({ network, weights, inputs: [x], training: y !== undefined, ...(y === undefined ? {} : { loss: { settings: ['mean_squared_error'], labels: [y] } }) });
}

/** Largest difference of a pass from the interpreter's output, in steps of the output's grid. */
function steps(made: Pass, expected: TensorValue, step: number): number {
  const output = made.result.outputs[0]!;
  assert.deepEqual(output.shape, expected.shape);
  return Math.max(...Array.from(output.dataSync(), (value, index) => Math.abs(value - Number(expected.data[index])) / step));
}

describe('TFLite models run', () => {
  it('the list of operators that run is the engine\'s table', () => {
    assert.deepEqual([...runnableOperators].sort(), Object.keys(tfliteOperators).sort());
  });

  for (const file of files('float')) {
    itOnEachBackend(`${file}: outputs are the interpreter's, the gradient by the input is TensorFlow's`, async () => {
      const references = await readNpz(path.join(zoo, file.replace('.tflite', '.npz')));
      tf.engine().startScope();
      try {
        const made = await pass(path.join(zoo, file), references.get('x')!, references.get('y'));
        assertClose([
          differenceOf('output', made.result.outputs[0]!, references.get('y_pred')!), differenceOf('loss', made.loss, references.get('loss')!),
          differenceOf('gradient by the input', made.gradientOf(made.inputs[0]!), references.get('grad/input')!),
        ]);
      } finally {
        tf.engine().endScope();
      }
    });
  }

  for (const kind of ['float', 'float16']) {
    itOnEachBackend(`lite_cnn.${kind}.tflite gives the interpreter's predictions`, async () => {
      const references = await readNpz(path.join(models, 'tflite/lite_cnn.reference.npz'));
      tf.engine().startScope();
      try {
        const made = await pass(path.join(models, `tflite/lite_cnn.${kind}.tflite`), references.get('x')!);
        assertClose([differenceOf('y_pred', made.result.outputs[0]!, references.get(`y_pred/${kind}`)!)]);
      } finally {
        tf.engine().endScope();
      }
    });
  }

  it('weights of 8 bits under float arithmetic are used as the numbers that they stand for', async () => {
    const references = await readNpz(path.join(models, 'tflite/lite_cnn.reference.npz'));
    tf.engine().startScope();
    try {
      const made = await pass(path.join(models, 'tflite/lite_cnn.dynamic.tflite'), references.get('x')!);
      // The interpreter rounds the input of the one dense layer with such weights to 8 bits as it runs.
      assert.ok(steps(made, references.get('y_pred/dynamic')!, 1) < 2e-3, String(steps(made, references.get('y_pred/dynamic')!, 1)));
    } finally {
      tf.engine().endScope();
    }
  });

  for (const file of [...files('int8'), ...files('uint8')]) {
    itOnEachBackend(`${file}: every output is on the grid, and the interpreter's within two steps of it`, async () => {
      const references = await readNpz(path.join(zoo, file.replace('.tflite', '.npz')));
      const step = Number(references.get('step')!.data[0]);
      tf.engine().startScope();
      try {
        const made = await pass(path.join(zoo, file), references.get('x')!);
        const off = steps(made, references.get('y_pred')!, step);
        // Its integer tables for softmax and GELU are coarser than float32.
        assert.ok(off < 2.01, `${off} steps`);
        for (const value of made.result.outputs[0]!.dataSync()) assert.ok(Math.abs(value / step - Math.round(value / step)) < 1e-3, String(value));
      } finally {
        tf.engine().endScope();
      }
    });
  }

  itOnEachBackend('lite_cnn.int8.tflite gives the interpreter\'s predictions within a step of their grid', async () => {
    const references = await readNpz(path.join(models, 'tflite/lite_cnn.reference.npz'));
    tf.engine().startScope();
    try {
      const made = await pass(path.join(models, 'tflite/lite_cnn.int8.tflite'), references.get('x')!);
      assert.ok(steps(made, references.get('y_pred/int8')!, 1 / 256) < 1.01);
    } finally {
      tf.engine().endScope();
    }
  });

  it('a quantised model says in a sentence how it is computed', async () => {
    const { network, weights } = await openNetwork(path.join(models, 'tflite/lite_cnn.int8.tflite'));
    await weights.close();
    assert.match(network.problems.join(), /lite_cnn\.int8\.tflite is quantised: Backstep computes in float32 and rounds each result to the grid of its tensor/);
    assert.match(network.formatDetail ?? '', /quantised/);
  });

  for (const file of ['cnn.float.tflite', 'lstm.float.tflite']) {
    it(`a run trains ${file}: the loss falls`, async () => {
      const arrays = file.replace('.tflite', '.npz');
      const run = await createRun({ model: file, data: { x: `${arrays}#x`, y: `${arrays}#y` }, loss: 'mean_squared_error', optimizer: { type: 'adam', learningRate: 0.02 }, batchSize: 4 }, { baseFolder: zoo });
      try {
        for (let index = 0; index < 12; index += 1) await run.iteration(index);
        const [first = 0] = run.losses;
        assert.ok((run.losses.at(-1) ?? Infinity) < 0.95 * first, run.losses.join(' '));
      } finally {
        run.dispose();
      }
    });
  }
});
