/** Random numbers, from the run's seed: the same on every replay. Windows of signals. */
import { cast, less, randomNormal, randomUniform, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { castTypes, floating } from '../../../formats/onnx/host-values';
import type { LayerCallContext, LayerForward } from '../layer';
import { like, numberOf, numbersOf, op, operand, valueAt } from './operands';

const typed = (call: LayerCallContext, x: Tensor, fallback: Tensor['dtype']): Tensor => { const type = castTypes[numberOf(call, 'dtype', 0)]; return like(x, type === undefined ? fallback : floating(type) ? 'float32' : type === 'bool' ? 'bool' : 'int32'); };
const seedOf = (call: LayerCallContext): number => call.seed('random') >>> 1;
const shapeOf = (call: LayerCallContext, other: boolean): number[] => (other ? [...operand(call, 0).shape] : numbersOf(call, 'shape') ?? []);
const uniform = (other: boolean): LayerForward => op((call) => typed(call, randomUniform(shapeOf(call, other), numberOf(call, 'low', 0), numberOf(call, 'high', 1), 'float32', seedOf(call)), 'float32'));
const normal = (other: boolean): LayerForward => op((call) => typed(call, randomNormal(shapeOf(call, other), numberOf(call, 'mean', 0), numberOf(call, 'scale', 1), 'float32', seedOf(call)), 'float32'));

/** Cosines that rise and fall over `size` places: a0 - a1 cos + a2 cos of twice the angle. */
const windowed = (a0: number, a1: number, a2: number): LayerForward => op((call) => {
  const size = valueAt(call, 0)?.data[0] ?? 0;
  const period = numberOf(call, 'periodic', 1) === 1 ? size : size - 1;
  const data = Float32Array.from({ length: size }, (_, index) => { const angle = (2 * Math.PI * index) / period; return a0 - a1 * Math.cos(angle) + a2 * Math.cos(2 * angle); });
  return typed(call, tensor(data, [size]), 'float32');
});

export const randomOps = {
  RandomUniform: uniform(false), RandomUniformLike: uniform(true), RandomNormal: normal(false), RandomNormalLike: normal(true),
  Bernoulli: op((call) => { const x = operand(call, 0); return typed(call, cast(less(randomUniform(x.shape, 0, 1, 'float32', seedOf(call)), x), 'float32'), x.dtype); }),
  HannWindow: windowed(0.5, 0.5, 0), HammingWindow: windowed(25 / 46, 21 / 46, 0), BlackmanWindow: windowed(0.42, 0.5, 0.08),
} satisfies Readonly<Record<string, LayerForward>>;
