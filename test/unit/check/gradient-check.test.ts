import assert from 'node:assert/strict';
import path from 'node:path';
import { getGradient, memory, mul, registerGradient, sub, scalar, unregisterGradient } from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import { check } from '../../../src/cli/check';
import { checkGradient } from '../../../src/engine/check/gradient-check';
import { createRun } from '../../../src/engine/create-run';
import type { Run } from '../../../src/engine/run';
import type { Trace, TraceTensor } from '../../../src/engine/trace';
import { Failure } from '../../../src/tensor/failure';
import { itOnEachBackend } from '../backend/each-backend';
import { toyRun, toyTrace } from '../debug/toy';
import { configOf, readReference } from '../engine/references';

const examples = path.resolve('media/examples');
const open = (backend: 'cpu' | 'wasm' | 'tensorflow'): Promise<Run> => createRun({
  model: 'lenet5.keras', data: { generator: 'digits', examples: 8 }, loss: 'sparse_categorical_crossentropy', optimizer: 'sgd', batchSize: 4, backend,
}, { baseFolder: examples });

describe('Checking gradients', () => {
  itOnEachBackend('finds those of LeNet-5 right: weights, the input, activations', async ({ name }) => {
    const run = await open(name);
    try {
      const trace = await run.iteration(1);
      const tensors = memory().numTensors;
      const subjects = [...trace.weights.filter(({ weight }) => weight === 'kernel').map(({ before }) => before), trace.inputs['image']?.value ?? -1, trace.layers.find(({ layer }) => layer === 'pool_1')?.outputs[0] ?? -1];
      for (const subject of subjects) {
        const { verdict, worst } = await checkGradient(run, trace, subject, { sample: 6 });
        assert.equal(verdict, 'agrees', JSON.stringify({ subject, worst }));
      }
      assert.equal(memory().numTensors, tensors, 'the tensors of the trial runs are given back');
      const again = await run.iteration(1);
      assert.equal(again.loss, trace.loss);
    } finally {
      run.dispose();
    }
  });

  for (const name of ['activation_zoo', 'autoencoder', 'cnn_zoo', 'gru_bidir', 'lstm_rows', 'masked_text', 'multi_io', 'resnet_mini', 'transformer_block']) {
    it(`calls no gradient of ${name} wrong, kinks and bends or not`, async () => {
      const reference = await readReference('keras', name);
      const run = await createRun({ ...configOf(reference, `${name}.keras`, 'sgd'), batchSize: 4, backend: 'wasm' }, { baseFolder: reference.folder });
      try {
        const trace = await run.iteration(0);
        let agreed = 0;
        for (const { layer, weight, before, gradient } of trace.weights) {
          if (gradient === null) continue;
          const { verdict, worst } = await checkGradient(run, trace, before, { sample: 3 });
          assert.notEqual(verdict, 'differs', `${layer}/${weight} ${JSON.stringify(worst)}`);
          if (verdict === 'agrees') agreed += 1;
        }
        assert.ok(agreed > 0);
      } finally {
        run.dispose();
      }
    });
  }

  for (const [name, scale] of [['lenet5', 1.1], ['cnn_zoo', 1.2], ['resnet_mini', 1.3], ['transformer_block', 1.2]] as const) {
    it(`notices gradients that are ${scale} times as large as they should be, in most weights of ${name}`, async () => {
      const reference = await readReference('keras', name);
      const run = await createRun({ ...configOf(reference, `${name}.keras`, 'sgd'), batchSize: 4, backend: 'wasm' }, { baseFolder: reference.folder });
      try {
        const trace = await run.iteration(0);
        const gradients = new Set(trace.weights.map(({ gradient }) => gradient));
        const scaled = (tensor: TraceTensor): TraceTensor => ({
          ...tensor, id: tensor.id, dtype: tensor.dtype, shape: tensor.shape, read: () => { const value = tensor.read(); return { ...value, data: Float32Array.from(value.data as Float32Array, (each) => scale * each) }; },
        });
        const wrong = Object.assign(Object.create(trace) as Trace, { loss: trace.loss, weights: trace.weights, inputs: trace.inputs, tensors: new Map([...trace.tensors].map(([id, tensor]) => [id, gradients.has(id) ? scaled(tensor) : tensor])) });
        const verdicts: string[] = [];
        for (const { before, gradient } of trace.weights) if (gradient !== null) verdicts.push((await checkGradient({ ...toyRun(() => []), lossWith: (_, changes) => run.lossWith(trace, changes) }, wrong, before, { sample: 4 })).verdict);
        const found = verdicts.filter((verdict) => verdict === 'differs').length;
        assert.ok(found >= 0.6 * verdicts.filter((verdict) => verdict !== 'too small to tell').length, verdicts.join());
      } finally {
        run.dispose();
      }
    });
  }

  it('finds a wrong gradient that was planted', async () => {
    const right = getGradient('Tanh');
    const wrong: GradConfig = { kernelName: 'Tanh', outputsToSave: [true], gradFunc: (dy, saved) => ({ x: () => mul(sub(scalar(1.2), saved[0] as Tensor), dy as Tensor) }) };
    unregisterGradient('Tanh');
    registerGradient(wrong);
    const run = await open('cpu');
    try {
      const trace = await run.iteration(0);
      const kernel = trace.weights.find(({ layer, weight }) => layer === 'dense_2' && weight === 'kernel');
      assert.equal((await checkGradient(run, trace, kernel?.before ?? -1, { sample: 6 })).verdict, 'differs');
    } finally {
      run.dispose();
      unregisterGradient('Tanh');
      registerGradient(right);
    }
  });

  it('does not call numbers right that are none', async () => {
    const toy = toyTrace(0, ['forward a 1']), x = toy.tensors.get(0) ?? assert.fail(), y = toy.tensors.get(1) ?? assert.fail();
    const check = async (recorded: number, loss: number): Promise<string> => {
      const gradient: TraceTensor = { ...y, gradientOf: { tensor: 0, partial: false }, read: () => ({ dtype: 'float32', shape: [2], data: Float32Array.of(recorded, 0) }) };
      const trace: Trace = { ...toy, inputs: { x: { value: 0, gradient: 1 } }, tensors: new Map([[0, x], [1, gradient]]) };
      return (await checkGradient({ ...toyRun(() => ['forward a 1']), lossWith: () => Promise.resolve(loss) }, trace, 0)).verdict;
    };
    assert.equal(await check(NaN, 1), 'differs');
    assert.equal(await check(1, NaN), 'differs');
    const toNothing: Trace = { ...toy, tensors: new Map([[0, x], [1, { ...y, read: () => ({ dtype: 'float32', shape: [2], data: Float32Array.of(NaN, NaN) }) }]]), inputs: { x: { value: 0, gradient: 1 } } };
    assert.equal((await checkGradient({ ...toyRun(() => ['forward a 1']), lossWith: () => Promise.resolve(NaN) }, toNothing, 0)).verdict, 'not a number');
  });

  it('takes smaller steps where wider ones leave what the loss is defined on', async () => {
    const toy = toyTrace(0, ['forward a 1']), tensor = (id: number, data: Float32Array, more: Partial<TraceTensor> = {}): TraceTensor => ({ ...toy.tensors.get(id) ?? assert.fail(), ...more, shape: [1], read: () => ({ dtype: 'float32', shape: [1], data }) });
    const small = 0.001, root = (value: number): number => (value < 0 ? NaN : Math.sqrt(value));
    const verdictOf = async (recorded: number): Promise<string> => {
      const trace: Trace = { ...toy, loss: root(small), inputs: { x: { value: 0, gradient: 1 } }, tensors: new Map([[0, tensor(0, Float32Array.of(small))], [1, tensor(1, Float32Array.of(recorded), { gradientOf: { tensor: 0, partial: false } })]]) };
      return (await checkGradient({ ...toyRun(() => ['forward a 1']), lossWith: (_, [change]) => Promise.resolve(root(change?.value ?? NaN)) }, trace, 0)).verdict;
    };
    assert.equal(await verdictOf(0.5 / Math.sqrt(small)), 'agrees');
    assert.equal(await verdictOf(0.6 / Math.sqrt(small)), 'differs');
  });

  it('says so when there is no gradient', async () => {
    const run = await open('cpu');
    try {
      const trace = await run.iteration(0);
      await assert.rejects(checkGradient(run, trace, trace.labels['digit'] ?? -1), (error: unknown) => error instanceof Failure && error.code === 'check.gradient');
    } finally {
      run.dispose();
    }
  });

  it('is a command: every weight with a verdict', async () => {
    let out = '';
    const status = await check([path.join(examples, 'perceptron.run.json'), '--sample', '4'], { out: (text) => { out += text; }, error: (text) => { out += text; } });
    assert.equal(status, 0, out);
    assert.match(out, /^neuron\/kernel: agrees in 2 elements.*\nneuron\/bias: agrees in 1 elements/);
    let error = '';
    assert.equal(await check(['nowhere.json'], { out: () => undefined, error: (text) => { error += text; } }), 2);
    assert.match(error, /nowhere\.json cannot be read/);
  });
});
