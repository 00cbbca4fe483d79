/** ONNX files that PyTorch wrote, against PyTorch's own numbers: outputs, layers, loss, gradients, and steps of SGD and Adam. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createRun } from '../../../src/engine/create-run';
import type { LayerTensors, Trace } from '../../../src/engine/trace';
import { openNetwork } from '../../../src/formats/registry';
import type { Network } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import { itOnEachBackend } from '../backend/each-backend';
import { assertFits, misfit, modelsFolder, readReference } from '../engine/references';
import type { Reference } from '../engine/references';
import { readJson } from '../formats/fixture';
import { run, valuesOf } from '../layers/passes';

interface Stored { readonly initializer: string; readonly transform: string }
interface Facts { readonly onnx: Readonly<Record<string, { readonly parameters?: Readonly<Record<string, Stored | null>> }>> }

const folder = path.join(modelsFolder, 'torch');
const nets = ['torch_cnn', 'torch_resnet', 'torch_encoder', 'torch_lstm'];
const kinds = ['onnx', 'unfolded.onnx', 'dynamo.onnx', 'external.onnx'];
const files = nets.flatMap((net) => kinds.map((kind) => ({ net, file: `${net}.${kind}` }))).filter(({ file }) => existsSync(path.join(folder, file)));
/** Exports that hold batch normalization as part of a convolution: what training does to it cannot be compared. */
const folded = (file: string): boolean => /^torch_(cnn|resnet)\.(onnx|dynamo|external)/.test(file);

const array = (reference: Reference, key: string): TensorValue => {
  const found = reference.arrays.get(key);
  assert.ok(found, key);
  return found;
};

function transposed({ dtype, shape: [rows = 1, columns = 1], data }: TensorValue): TensorValue {
  return { dtype, shape: [columns, rows], data: Float32Array.from({ length: data.length }, (_, index) => Number(data[(index % rows) * columns + Math.floor(index / rows)])) };
}

/** PyTorch's gates i, f, g, o of vectors or rows as ONNX's i, o, f, c with an axis of one direction in front. */
function gates({ dtype, shape, data }: TensorValue): TensorValue {
  const block = data.length / 4;
  return { dtype, shape: [1, ...shape], data: Float32Array.from({ length: data.length }, (_, index) => Number(data[[0, 3, 1, 2][Math.floor(index / block)]! * block + (index % block)])) };
}

/** What an initializer should be, by PyTorch's arrays of a kind (`grad/`, `sgd/`): each comes once. */
function expectedOf(reference: Reference, file: string, kind: string): Map<string, TensorValue> {
  const expected = new Map<string, TensorValue>();
  const facts = readJson<Facts>(`torch/${reference.name}.json`).onnx[file === `${reference.name}.external.onnx` ? `${reference.name}.onnx` : file];
  for (const [name, stored] of Object.entries(facts?.parameters ?? {})) {
    const value = reference.arrays.get(`${kind}/${name}`);
    if (stored !== null && value !== undefined) expected.set(stored.initializer, stored.transform === 'transposed' ? transposed(value) : value);
  }
  return expected;
}

const read = (trace: Trace, id: number | null): TensorValue | null => (id === null ? null : trace.tensors.get(id)!.read());

/** Differences of the weights' gradients, or of what they are after steps, from PyTorch's. */
function compareWeights(trace: Trace, network: Network, reference: Reference, file: string, kind: 'grad' | 'sgd' | 'adam3'): (string | null)[] {
  const keys = new Map(network.layers.flatMap((layer) => layer.weights.map((weight) => [`${layer.name}/${weight.name}`, weight.key] as const)));
  const expected = expectedOf(reference, file, kind);
  const found: (string | null)[] = [];
  for (const tensors of trace.weights) {
    const key = keys.get(`${tensors.layer}/${tensors.weight}`);
    const wanted = expected.get(key ?? '');
    const id = kind === 'grad' ? tensors.gradient : tensors.after;
    const type = network.layers.find(({ name }) => name === tensors.layer)?.type;
    if (type === 'LSTM') found.push(compareLstm(read(trace, id), reference, kind));
    if (wanted === undefined || (kind === 'grad' && id === null && !tensors.trainable)) continue;
    expected.delete(key ?? '');
    const actual = read(trace, id);
    if (kind === 'adam3' && key === 'encoder.self_attn.in_proj_bias') found.push(...compareAttentionBias(actual, wanted));
    else found.push(misfit(`${kind}/${key}`, actual, wanted));
  }
  for (const key of expected.keys()) found.push(`${kind}/${key}: nothing was compared`);
  return found;
}

/** The bias of the keys, the middle third, has no gradient but rounding errors, of which Adam makes three steps in any direction; the rest is as exact as any weight. */
function compareAttentionBias(actual: TensorValue | null, { dtype, shape: [size = 0], data }: TensorValue): (string | null)[] {
  const third = size / 3;
  const part = (values: TensorValue['data'], from: number): TensorValue => ({ dtype, shape: [third], data: Float32Array.from({ length: third }, (_, index) => Number(values[from + index])) });
  return [0, 1, 2].map((index) => misfit(`adam3/in_proj_bias, part ${index}`, actual === null ? null : part(actual.data, index * third), part(data, index * third), index === 1 ? 6e-3 : 0));
}

/** The weights of an LSTM by their shapes: those of the input, of the state, and both biases in a row. */
function compareLstm(actual: TensorValue | null, reference: Reference, kind: string): string | null {
  const { shape = [] } = actual ?? {};
  if (shape.length === 3) return misfit(`${kind} of ${shape.join('x')}`, actual, gates(array(reference, `${kind}/lstm.weight_${shape[2] === 12 ? 'hh' : 'ih'}_l0`)));
  const [first, second] = ['ih', 'hh'].map((of) => gates(array(reference, `${kind}/lstm.bias_${of}_l0`)));
  return misfit(`${kind} of the biases`, actual, { dtype: 'float32', shape: [1, 96], data: Float32Array.from([...first!.data, ...second!.data].map(Number)) });
}

/**
 * Ops that give the output of a module of PyTorch, by the scope in their names (`/layer1/conv1/Conv`): of each innermost scope the last.
 * Convolutions that hold batch normalization give what no module does.
 */
function modulesOf(network: Network, file: string): ReadonlyMap<string, string> {
  const scopes = network.layers.map(({ name, type }) => ({ name, type, module: name.split('/').slice(0, -1).join('.') })).filter(({ module }) => module !== '');
  const inner = scopes.filter(({ module, type }) => !scopes.some((other) => other.module.startsWith(`${module}.`)) && !(folded(file) && type === 'Conv'));
  return new Map([...new Map(inner.map(({ name, module }) => [module, name]))].map(([module, name]) => [name, module]));
}

/** Outputs of layers, and their gradients, that the reference has. */
function compareLayers(layers: readonly Pick<LayerTensors, 'layer' | 'outputs' | 'outputGradients'>[], trace: Trace, network: Network, reference: Reference, file: string): (string | null)[] {
  const modules = modulesOf(network, file);
  return layers.flatMap(({ layer, outputs, outputGradients }) => {
    const module = modules.get(layer) ?? '';
    const activation = reference.arrays.get(`act_train/${module}`);
    const gradient = reference.arrays.get(`grad_act/${module}`);
    return [
      ...(activation === undefined ? [] : [misfit(`act_train/${module}`, read(trace, outputs[0] ?? null), activation)]),
      ...(gradient === undefined ? [] : [misfit(`grad_act/${module}`, read(trace, outputGradients[0] ?? null), gradient)]),
    ];
  });
}

const config = (reference: Reference, file: string, optimizer: { type: string; learningRate: number }, backend: 'tensorflow' | 'wasm' | 'cpu') => ({
  model: file, data: { x: `${reference.name}.reference.npz#x`, y: `${reference.name}.reference.npz#y` }, loss: 'cross_entropy', optimizer, batchSize: 1000, shuffle: false, backend,
});

describe('ONNX models from PyTorch', () => {
  for (const { net, file } of files) {
    itOnEachBackend(`${file} can be run, and predicts what PyTorch predicts`, async () => {
      const reference = await readReference('torch', net);
      const { network, weights } = await openNetwork(path.join(folder, file));
      assert.deepEqual([network.viewOnly, network.problems], [undefined, []]);
      const values = await valuesOf(network, weights);
      await weights.close();
      const quiet = run({ network, weights: values, inputs: [array(reference, 'x')], training: false, loss: { settings: ['cross_entropy'], labels: [array(reference, 'y')] } });
      const value = (tensor: { dataSync(): ArrayLike<number>; shape: number[] } | null | undefined): TensorValue | null => (tensor ? { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) } : null);
      const misfits = [misfit('y_pred', value(quiet.result.outputs[0]), array(reference, 'y_pred')), misfit('loss_eval', value(quiet.loss), array(reference, 'loss_eval'))];
      const modules = [...modulesOf(network, file)].filter(([, module]) => reference.arrays.has(`act/${module}`));
      for (const [name, module] of modules) misfits.push(misfit(`act/${module}`, value(quiet.tensors.get(name) as Parameters<typeof value>[0]), array(reference, `act/${module}`)));
      if (!/dynamo|external/.test(file)) assert.ok(modules.length > 0, 'layers are compared');
      assertFits(misfits);
    });

    if (folded(file)) {
      itOnEachBackend(`${file} has the gradients of the export that keeps batch normalization, in inference mode`, async () => {
        const reference = await readReference('torch', net);
        const gradientsOf = async (name: string): Promise<Map<string, TensorValue>> => {
          const { network, weights } = await openNetwork(path.join(folder, name));
          const values = await valuesOf(network, weights);
          await weights.close();
          const pass = run({ network, weights: values, inputs: [array(reference, 'x')], training: false, loss: { settings: ['cross_entropy'], labels: [array(reference, 'y')] } });
          const found = new Map<string, TensorValue>();
          for (const layer of network.layers) for (const weight of layer.weights) {
            const gradient = pass.gradientOf(pass.weights.get(`${layer.name}/${weight.name}`)!);
            if (gradient !== null && weight.key !== null) found.set(weight.key, { dtype: 'float32', shape: gradient.shape, data: Float32Array.from(gradient.dataSync()) });
          }
          return found;
        };
        const [own, kept] = [await gradientsOf(file), await gradientsOf(`${net}.unfolded.onnx`)];
        const facts = readJson<Facts>(`torch/${net}.json`).onnx[`${net}.onnx`]?.parameters ?? {};
        const shared = Object.values(facts).flatMap((stored) => (stored === null ? [] : [stored.initializer])).filter((key) => own.has(key));
        assert.ok(shared.includes('fc.weight'));
        assertFits(shared.map((key) => misfit(key, own.get(key)!, kept.get(key)!)));
      });
      continue;
    }

    itOnEachBackend(`${file} has PyTorch's loss and gradients, and its weights after a step of SGD`, async ({ name: backend }) => {
      const reference = await readReference('torch', net);
      const session = await createRun(config(reference, file, { type: 'sgd', learningRate: 0.1 }, backend), { baseFolder: folder });
      try {
        assert.equal(session.info.convention, 'pytorch');
        const trace = await session.iteration(0);
        const { network } = session.info;
        const input = Object.values(trace.inputs)[0]?.gradient ?? null;
        assertFits([
          misfit('loss', read(trace, trace.lossTensor), array(reference, 'loss')), misfit('y_pred_train', read(trace, Object.values(trace.predictions)[0] ?? null), array(reference, 'y_pred_train')),
          ...(reference.arrays.has('grad/input') ? [misfit('grad/input', read(trace, input), array(reference, 'grad/input'))] : []),
          ...compareWeights(trace, network, reference, file, 'grad'), ...compareWeights(trace, network, reference, file, 'sgd'), ...compareLayers(trace.layers, trace, network, reference, file),
        ]);
      } finally {
        session.dispose();
      }
    });

    itOnEachBackend(`${file} is where PyTorch is after three steps of Adam`, async ({ name: backend }) => {
      const reference = await readReference('torch', net);
      const session = await createRun(config(reference, file, { type: 'adam', learningRate: 0.001 }, backend), { baseFolder: folder });
      try {
        assertFits(compareWeights(await session.iteration(2), session.info.network, reference, file, 'adam3'));
      } finally {
        session.dispose();
      }
    });
  }
});
