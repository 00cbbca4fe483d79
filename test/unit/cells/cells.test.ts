import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { absenceOf, openBackend } from '../../../src/engine/backend/backend';
import type { BackendName } from '../../../src/engine/config';
import { createRandom } from '../../../src/engine/data/random';
import type { Values } from '../../../src/engine/cells/arithmetic';
import { runningTotals } from '../../../src/engine/cells/arithmetic';
import { arithmeticOf, cellKernels, hasCells } from '../../../src/engine/cells/cells';
import type { AttributeValue, Op } from '../../../src/engine/trace';
import { stridesOf } from '../../../src/tensor/slice';

interface Captured { op: Op; values: Map<number, Values> }

/** The registered kernels that `run` executes, with the values of their tensors. */
function capture(run: () => unknown): Captured[] {
  const engine = tf.engine() as unknown as { runKernelFunc(call: { kernelName?: string; inputs: Record<string, tf.Tensor | undefined>; attrs?: Record<string, unknown> }): tf.Tensor | tf.Tensor[] };
  const original = engine.runKernelFunc.bind(engine);
  const captured: Captured[] = [];
  engine.runKernelFunc = (call) => {
    const result = original(call);
    if (call.kernelName === undefined) return result;
    const values = new Map<number, Values>();
    const add = (tensor: tf.Tensor): number => {
      values.set(tensor.id, { tensor: tensor.id, shape: tensor.shape, strides: stridesOf(tensor.shape), data: Float64Array.from(tensor.dataSync()) });
      return tensor.id;
    };
    const inputs = Object.fromEntries(Object.entries(call.inputs).filter((entry): entry is [string, tf.Tensor] => entry[1] instanceof tf.Tensor).map(([name, tensor]) => [name, add(tensor)]));
    const outputs = (Array.isArray(result) ? result : [result]).map(add);
    captured.push({ op: { index: 0, kernel: call.kernelName, inputs, outputs, attributes: (call.attrs ?? {}) as Record<string, AttributeValue>, phase: 'forward', layer: null, call: 0, forwardOp: null, weight: null }, values });
    return result;
  };
  try {
    tf.tidy(() => { run(); });
  } finally {
    engine.runKernelFunc = original;
  }
  return captured;
}

const random = createRandom(11, 'cells');
const normal = (...shape: number[]): tf.Tensor => tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()), shape);
const positive = (...shape: number[]): tf.Tensor => tf.abs(normal(...shape)).add(0.1);
const kernel = (name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}): unknown => tf.engine().runKernel(name, inputs, attrs);

/** Gradient of a sum of squares of `f`, so that the backward kernels see varied gradients. */
const gradient = (f: (...xs: tf.Tensor[]) => tf.Tensor, ...xs: tf.Tensor[]): unknown => tf.grads((...args: tf.Tensor[]) => f(...args).square().sum())(xs);

type Pad = 'same' | 'valid';
const convolutions: [string, () => unknown][] = ([1, 2] as const).flatMap((stride) => (['same', 'valid'] as Pad[]).flatMap((pad): [string, () => unknown][] => [
  [`conv2d ${pad} stride ${stride}`, () => gradient((x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad), normal(2, 6, 7, 3), normal(3, 2, 3, 4))],
  [`depthwise ${pad} stride ${stride}`, () => gradient((x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad), normal(2, 6, 6, 3), normal(3, 3, 3, 2))],
  [`transposed ${pad} stride ${stride}`, () => gradient((x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [1, ...(pad === 'same' ? [4 * stride, 4 * stride] : [3 * stride + 3, 3 * stride + 3]), 2] as [number, number, number, number], stride, pad), normal(1, 4, 4, 3), normal(3, 3, 2, 3))],
  [`max pool ${pad} stride ${stride}`, () => gradient((x) => tf.maxPool(x as tf.Tensor4D, 3, stride, pad), normal(2, 6, 7, 2))],
  [`average pool ${pad} stride ${stride}`, () => gradient((x) => tf.avgPool(x as tf.Tensor4D, 3, stride, pad), normal(2, 6, 7, 2))],
]));

const cases: [string, () => unknown][] = [
  ...convolutions,
  ['dilated conv2d', () => tf.conv2d(normal(1, 9, 9, 2) as tf.Tensor4D, normal(3, 3, 2, 3) as tf.Tensor4D, 1, 'same', 'NHWC', 2)],
  ['conv1d', () => gradient((x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, 'same'), normal(2, 9, 2), normal(3, 2, 4))],
  ['conv3d', () => gradient((x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'same'), normal(1, 4, 4, 4, 2), normal(2, 2, 2, 2, 3))],
  ['max pool 3d', () => gradient((x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'valid'), normal(1, 4, 4, 4, 2))],
  ['average pool 3d', () => gradient((x) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, 'same'), normal(1, 5, 4, 4, 2))],
  ['fused depthwise with bias', () => tf.fused.depthwiseConv2d({ x: normal(1, 5, 5, 2) as tf.Tensor4D, filter: normal(3, 3, 2, 2) as tf.Tensor4D, strides: 1, pad: 'same', bias: normal(4), activation: 'relu6' })],
  ['fused conv2d with bias and relu', () => tf.fused.conv2d({ x: normal(1, 5, 5, 2) as tf.Tensor4D, filter: normal(3, 3, 2, 4) as tf.Tensor4D, strides: 1, pad: 'same', bias: normal(4), activation: 'relu' })],
  ['fused matMul with bias', () => tf.fused.matMul({ a: normal(3, 5), b: normal(5, 4), bias: normal(4), activation: 'sigmoid' })],
  ['matMul and its gradients', () => gradient((a, b) => tf.matMul(a, b), normal(4, 6), normal(6, 3))],
  ['batched transposed matMul', () => tf.matMul(normal(2, 6, 4), normal(2, 3, 6), true, true)],
  ['softmax', () => tf.softmax(normal(3, 5))],
  ['activations', () => { const x = normal(40); return [tf.relu(x), tf.relu6(x.mul(4)), tf.elu(x), tf.selu(x), tf.sigmoid(x), tf.tanh(x), tf.softplus(x), tf.leakyRelu(x, 0.3), tf.prelu(x, tf.scalar(0.1)), tf.step(x), tf.erf(x)]; }],
  ['gradients of activations', () => [gradient(tf.elu, normal(20)), gradient(tf.sigmoid, normal(20)), gradient(tf.tanh, normal(20)), gradient(tf.relu, normal(20)), gradient((x) => tf.softmax(x), normal(3, 6))]],
  ['functions of one number', () => { const x = positive(30); return [tf.exp(x), tf.log(x), tf.log1p(x), tf.expm1(x), tf.sqrt(x), tf.rsqrt(x), tf.square(x), tf.reciprocal(x), tf.neg(x), tf.abs(x), tf.sign(x), tf.floor(x), tf.ceil(x), tf.round(x.mul(3)), tf.sin(x), tf.cos(x), tf.tan(x), tf.sinh(x), tf.cosh(x), tf.asinh(x), tf.atan(x), tf.asin(x.mul(0.1)), tf.acos(x.mul(0.1)), tf.acosh(x.add(1)), tf.atanh(x.mul(0.1)), tf.isNaN(x), tf.isInf(x), tf.isFinite(x), tf.clipByValue(x, 0.5, 1), tf.cast(x, 'int32'), tf.logicalNot(tf.cast(x, 'bool'))]; }],
  ['functions of two numbers, broadcast', () => { const a = positive(4, 1, 5), b = positive(3, 1); return [tf.add(a, b), tf.sub(a, b), tf.mul(a, b), tf.div(a, b), tf.floorDiv(a, b), tf.mod(a, b), tf.pow(a, b), tf.maximum(a, b), tf.minimum(a, b), tf.squaredDifference(a, b), tf.atan2(a, b), tf.equal(a, b), tf.notEqual(a, b), tf.greater(a, b), tf.greaterEqual(a, b), tf.less(a, b), tf.lessEqual(a, b), tf.logicalAnd(tf.cast(a, 'bool'), tf.cast(b, 'bool')), tf.logicalOr(tf.cast(a, 'bool'), tf.cast(b, 'bool'))]; }],
  ['sums of many, choices', () => [tf.addN([normal(3, 2), normal(3, 2), normal(3, 2)]), tf.where(tf.greater(normal(3, 4), 0), normal(3, 4), normal(3, 4))]],
  ['reductions', () => { const x = normal(3, 4, 5); return [tf.sum(x, 1), tf.sum(x), tf.mean(x, [0, 2], true), tf.max(x, 2), tf.min(x, [0, 1]), tf.prod(x, 2), tf.any(tf.cast(x, 'bool'), 1), tf.all(tf.cast(x, 'bool'), 1), tf.cumsum(x, 1), tf.cumsum(x, 2, true, true), tf.cumprod(x, 0)]; }],
  ['batch normalisation', () => tf.batchNorm(normal(2, 3, 3, 4), normal(4), positive(4), normal(4), positive(4), 0.01)],
  ['batch normalisation without scale', () => tf.batchNorm(normal(2, 3, 3, 4), normal(4), positive(4))],
  ['layer normalisation by its parts', () => gradient((x) => { const { mean, variance } = tf.moments(x, -1, true); return x.sub(mean).div(variance.add(1e-3).sqrt()); }, normal(4, 6))],
  ['movements', () => { const x = normal(3, 4, 2); return [tf.reshape(x, [2, 12]), tf.transpose(x, [2, 0, 1]), tf.slice(x, [1, 0, 1], [2, 3, 1]), tf.concat([x, normal(3, 2, 2)], 1), tf.split(x, 2, 1), tf.split(x, [1, 3], 1), tf.pad(x, [[1, 0], [0, 2], [1, 1]], 7), tf.tile(x, [1, 2, 3]), tf.reverse(x, [1]), tf.expandDims(x, 1), tf.gather(x, tf.tensor1d([2, 0], 'int32'), 0), tf.gather(x, tf.tensor2d([[1, 0], [3, 3]], [2, 2], 'int32'), 1), tf.stack([x, x], 1), tf.unstack(x, 1), tf.oneHot(tf.tensor1d([1, 0, 2], 'int32'), 3), tf.fill([2, 2], 3), tf.zerosLike(x), tf.onesLike(x), kernel('Identity', { x })]; }],
  ['gradient of an embedding', () => gradient((x) => tf.gather(x, tf.tensor1d([1, 0, 1, 3], 'int32')), normal(4, 3))],
];

const backends: BackendName[] = ['cpu', 'wasm', 'tensorflow'];
/** float32 sums in another order: 1e-5 of the largest partial sum, as cancellation loses digits of the total but not of the terms. */
const tolerance = 1e-5;

for (const name of backends) {
  describe(`The terms of one cell, on ${name}`, () => {
    const seen = new Set<string>();
    let absent: string | null = null;
    before(async () => {
      absent = await absenceOf(name);
      if (absent === null) (await openBackend(name)).activate();
    });
    for (const [title, run] of cases) {
      it(`make the value that the kernel gave: ${title}`, function () {
        if (absent !== null) {
          this.skip();
          return;
        }
        for (const { op, values } of capture(run)) {
          if (!hasCells(op)) continue;
          seen.add(op.kernel);
          op.outputs.forEach((id, which) => {
            const output = values.get(id) as Values;
            const count = output.data.length;
            for (let sample = 0; sample < Math.min(count, 25); sample += 1) {
              let flat = count <= 25 ? sample : random.integer(count);
              const index = output.strides.map((stride) => { const at = Math.floor(flat / stride); flat %= stride; return at; });
              const cell = arithmeticOf(op, index, (tensor) => values.get(tensor) as Values, which);
              const scale = Math.max(1e-6, Math.abs(cell.shown), ...runningTotals(cell).map(Math.abs).filter(Number.isFinite));
              assert.ok(Math.abs(cell.value - cell.shown) <= tolerance * scale, `${op.kernel}[${index.join()}]: terms make ${cell.value}, the kernel gave ${cell.shown} (${JSON.stringify(op.attributes)})`);
            }
          });
        }
      });
    }
    it('cover every kernel of the table', function () {
      if (absent !== null) {
        this.skip();
        return;
      }
      assert.deepEqual(cellKernels.filter((each) => !seen.has(each)), [], 'kernels without a test');
    });
  });
}
