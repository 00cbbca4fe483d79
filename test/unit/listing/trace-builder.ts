/** Small traces made by hand: kernels run one by one on the cpu backend, with the roles and groups that the engine would give. */
import { engine, tensor as tfTensor } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { openBackend } from '../../../src/engine/backend/backend';
import type { AttributeValue, LayerTensors, Op, OpGroup, Phase, TensorRole, Trace, TraceTensor, WeightTensors } from '../../../src/engine/trace';
import type { Layer, Network } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';

export interface Place { readonly phase: Phase; readonly layer: string | null; readonly call?: number; readonly weight?: string | null; readonly forwardOp?: number | null }

type Entry = { -readonly [key in keyof TraceTensor]: TraceTensor[key] } & { readonly tensor: Tensor };

export class TraceBuilder {
  readonly tensors = new Map<number, Entry>();
  readonly ops: Op[] = [];
  readonly layers: LayerTensors[] = [];
  readonly weights: WeightTensors[] = [];
  inputs: Record<string, { value: number; gradient: number | null }> = {};
  labels: Record<string, number> = {};
  predictions: Record<string, number> = {};
  lossTensor = -1;
  private nextTensor = 0;

  /** Kernels run at once, so the cpu backend has to be the current one. */
  static async open(): Promise<TraceBuilder> {
    (await openBackend('cpu')).activate();
    return new TraceBuilder();
  }

  given(role: TensorRole, values: readonly number[], shape: readonly number[], dtype: 'float32' | 'int32' | 'bool' = 'float32'): number {
    return this.add(tfTensor([...values], [...shape], dtype), role, -1);
  }

  op(kernel: string, inputs: Readonly<Record<string, number>>, attributes: Readonly<Record<string, AttributeValue>>, place: Place): number {
    const tensors = Object.fromEntries(Object.entries(inputs).map(([name, id]) => [name, this.tensors.get(id)!.tensor]));
    // The kernel's own attribute types are looser than a trace's.
    const named = (Object.keys(tensors).every((key) => /^\d+$/.test(key)) ? Object.values(tensors) : tensors) as unknown as NamedTensorMap;
    const result: Tensor | Tensor[] = engine().runKernel(kernel, named, attributes as unknown as NamedAttrMap);
    const index = this.ops.length;
    const outputs = (Array.isArray(result) ? result : [result]).map((tensor) => this.add(tensor, { kind: 'value' }, index));
    this.ops.push({ index, kernel, inputs, outputs, attributes, phase: place.phase, layer: place.layer, call: place.call ?? 0, forwardOp: place.forwardOp ?? null, weight: place.weight ?? null });
    return outputs[0]!;
  }

  gradient(id: number, of: number, partial = false): number {
    this.tensors.get(id)!.gradientOf = { tensor: of, partial };
    return id;
  }

  build(iteration = 0): Trace {
    const groups: OpGroup[] = [];
    for (const op of this.ops) {
      const last = groups.at(-1);
      if (last?.phase === op.phase && last.layer === op.layer && last.call === op.call && last.weight === op.weight) groups[groups.length - 1] = { ...last, last: op.index };
      else groups.push({ phase: op.phase, layer: op.layer, call: op.call, weight: op.weight, first: op.index, last: op.index });
    }
    return {
      iteration, loss: Number(this.tensors.get(this.lossTensor)?.read().data[0] ?? 0), batch: { epoch: 0, index: iteration, size: 2 },
      ops: this.ops, groups, tensors: this.tensors, layers: this.layers, weights: this.weights, inputs: this.inputs, labels: this.labels,
      predictions: this.predictions, lossTensor: this.lossTensor, metrics: {}, bytes: 0, signature: 'by hand',
    };
  }

  private add(tensor: Tensor, role: TensorRole, writer: number): number {
    const id = this.nextTensor++;
    const data = tensor.dataSync();
    const dtype = tensor.dtype as 'float32' | 'int32' | 'bool';
    const value: TensorValue = { dtype, shape: tensor.shape.slice(), data: data.slice() };
    this.tensors.set(id, { id, dtype, shape: value.shape, role, writer, gradientOf: null, read: () => value, tensor });
    return id;
  }
}

export function layer(name: string, type: string, config: Layer['config'] = {}): Layer {
  return { name, type, config, trainable: true, calls: [], weights: [], network: null, problem: null };
}

export function network(name: string, layers: readonly Layer[]): Network {
  return { name, format: 'keras', convention: 'keras', layers, inputs: [], outputs: layers.slice(-1).map((last) => ({ layer: last.name, call: 0, output: 0 })), compile: null, problems: [] };
}

/** Deterministic values around zero. */
export const wave = (count: number, phase = 0): number[] => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * 1.7 + phase)));

/** conv2d_1 (3 × 3, tanh) → flatten → dense_1, mean squared error, SGD; batch of 2. */
export async function smallTrace(names = { conv: 'conv2d_1', flatten: 'flatten', dense: 'dense_1' }, iteration = 0): Promise<{ trace: Trace; network: Network; builder: TraceBuilder }> {
  const b = await TraceBuilder.open();
  const conv = { phase: 'forward' as const, layer: names.conv }, flat = { phase: 'forward' as const, layer: names.flatten }, dense = { phase: 'forward' as const, layer: names.dense };
  const x = b.given({ kind: 'input', name: 'image' }, wave(2 * 4 * 4 * 1, iteration), [2, 4, 4, 1]);
  const labels = b.given({ kind: 'label', name: 'class' }, [1, 0, 0, 0, 0, 1], [2, 3]);
  const kernel = b.given({ kind: 'weight', layer: names.conv, weight: 'kernel' }, wave(18, 1), [3, 3, 1, 2]);
  const bias = b.given({ kind: 'weight', layer: names.conv, weight: 'bias' }, [0.1, -0.1], [2]);
  const dKernel0 = b.given({ kind: 'weight', layer: names.dense, weight: 'kernel' }, wave(24, 2), [8, 3]);
  const convAttributes = { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', dilations: [1, 1], dimRoundingMode: undefined };
  const product = b.op('Conv2D', { x, filter: kernel }, convAttributes, conv);
  const z = b.op('Add', { a: product, b: bias }, {}, conv);
  const a = b.op('Tanh', { x: z }, {}, conv);
  const f = b.op('Reshape', { x: a }, { shape: [2, 8] }, flat);
  const p = b.op('BatchMatMul', { a: f, b: dKernel0 }, { transposeA: false, transposeB: false }, dense);
  const loss = { phase: 'loss' as const, layer: null };
  const squares = b.op('SquaredDifference', { a: p, b: labels }, {}, loss);
  b.lossTensor = b.op('Mean', { x: squares }, { axis: [0, 1], keepDims: false }, loss);
  const scale = b.given({ kind: 'constant' }, [1 / 3], []);
  const difference = b.op('Sub', { a: p, b: labels }, {}, { phase: 'backward', layer: null, forwardOp: 5 });
  const dp = b.gradient(b.op('Multiply', { a: difference, b: scale }, {}, { phase: 'backward', layer: null, forwardOp: 5 }), p);
  const dense1 = { phase: 'backward' as const, layer: names.dense, forwardOp: 4 };
  const dDense = b.gradient(b.op('BatchMatMul', { a: f, b: dp }, { transposeA: true, transposeB: false }, dense1), dKernel0);
  const df = b.gradient(b.op('BatchMatMul', { a: dp, b: dKernel0 }, { transposeA: false, transposeB: true }, dense1), f);
  const da = b.gradient(b.op('Reshape', { x: df }, { shape: [2, 2, 2, 2] }, { phase: 'backward', layer: names.flatten, forwardOp: 3 }), a);
  const tanh = { phase: 'backward' as const, layer: names.conv, forwardOp: 2 };
  const one = b.given({ kind: 'constant' }, [1], []);
  const slope = b.op('Sub', { a: one, b: b.op('Square', { x: a }, {}, tanh) }, {}, tanh);
  const dz = b.gradient(b.op('Multiply', { a: da, b: slope }, {}, tanh), z);
  const dBias = b.gradient(b.op('Sum', { x: dz }, { axis: [0, 1, 2], keepDims: false }, { ...tanh, forwardOp: 1 }), bias);
  const gradientAttributes = { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', dimRoundingMode: undefined };
  const dKernel = b.gradient(b.op('Conv2DBackpropFilter', { x, dy: dz }, { ...gradientAttributes, filterShape: [3, 3, 1, 2] }, { ...tanh, forwardOp: 0 }), kernel);
  const dx = b.gradient(b.op('Conv2DBackpropInput', { dy: dz, filter: kernel }, { ...gradientAttributes, inputShape: [2, 4, 4, 1] }, { ...tanh, forwardOp: 0 }), x);
  const rate = b.given({ kind: 'constant' }, [Math.fround(0.1)], []);
  const step = (owner: string, weight: string, before: number, gradient: number): void => {
    const place = { phase: 'update' as const, layer: owner, weight };
    const after = b.op('Sub', { a: before, b: b.op('Multiply', { a: rate, b: gradient }, {}, place) }, {}, place);
    b.weights.push({ layer: owner, weight, trainable: true, before, gradient, after, slots: {} });
  };
  step(names.conv, 'kernel', kernel, dKernel);
  step(names.conv, 'bias', bias, dBias);
  step(names.dense, 'kernel', dKernel0, dDense);
  b.layers.push({ layer: names.conv, call: 0, inputs: [x], outputs: [a], outputGradients: [da], inputGradients: [dx] });
  b.layers.push({ layer: names.flatten, call: 0, inputs: [a], outputs: [f], outputGradients: [df], inputGradients: [da] });
  b.layers.push({ layer: names.dense, call: 0, inputs: [f], outputs: [p], outputGradients: [dp], inputGradients: [df] });
  b.inputs = { image: { value: x, gradient: dx } };
  b.labels = { class: labels };
  b.predictions = { [names.dense]: p };
  return { trace: b.build(iteration), builder: b, network: network('small', [layer(names.conv, 'Conv2D', { activation: 'tanh' }), layer(names.flatten, 'Flatten'), layer(names.dense, 'Dense', { activation: 'linear' })]) };
}
