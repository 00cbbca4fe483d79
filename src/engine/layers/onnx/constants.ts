/** Ops that give weights, constants and what the host computes, and those that change types or leave things as they are. */
import { fill, mul, onesLike, zerosLike } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { castTypes, floating, hostOutputs } from '../../../formats/onnx/host-values';
import type { HostValue } from '../../../formats/onnx/host-values';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { dropMask } from '../randomness';
import { bools, floats, ints, like, misfit, numberOf, numbersOf, op, operand, refuse, tensorOf, tensorSetting, valueAt } from './operands';

/** TensorFlow.js's type for an element type of ONNX. */
function castTo(call: LayerCallContext, x: Tensor, type: number): Tensor {
  const dtype = castTypes[type];
  if (dtype === undefined) throw refuse(call, `casts to the element type number ${type}`);
  return floating(dtype) ? floats(x) : dtype === 'bool' ? bools(x) : ints(x);
}

/** Inverted dropout while the network is trained, by a mask that is the same on every replay. */
function dropped(call: LayerCallContext): Tensor[] {
  const x = operand(call, 0);
  const ratio = numberOf(call, 'ratio', 0.5);
  if (!call.training || !call.dropout || ratio <= 0) return [x, bools(onesLike(x))];
  if (ratio >= 1) return [mul(x, 0), bools(zerosLike(x))];
  const mask = dropMask(x.shape, Math.min(ratio, 1), call.seed('dropout'));
  return [mul(x, mask), bools(mask)];
}

/** Elements that one op may fill: 512 MiB. */
const maximalFill = 2 ** 27;

const whole = (shape: readonly number[]): HostValue => ({ dtype: 'int64', shape: [shape.length], data: shape });

function eye(call: LayerCallContext): Tensor {
  const { shape, dtype } = operand(call, 0);
  const [rows = 1, columns = 1] = shape;
  const k = numberOf(call, 'k', 0);
  const type = numberOf(call, 'dtype', 0);
  const plain = tensorOf(call, { dtype: 'float32', shape: [rows, columns], data: Array.from({ length: rows * columns }, (_, index) => Number((index % columns) - Math.floor(index / columns) === k)) });
  return type === 0 ? like(plain, dtype) : castTo(call, plain, type);
}

function ranged(call: LayerCallContext): Tensor {
  const made = hostOutputs('Range', { config: {}, inputs: [0, 1, 2].map((position) => valueAt(call, position)), outputs: 1 })?.[0];
  if (made === undefined) throw misfit(call, 'has no start, limit or delta');
  return tensorOf(call, made);
}

function filled(call: LayerCallContext): Tensor {
  const shape = numbersOf(call, 'shape') ?? [];
  const { dtype, data } = tensorSetting(call, 'value') ?? { dtype: 'float32' as const, data: [0] };
  const made = hostOutputs('ConstantOfShape', { config: { value: { dtype, shape: [1], data } }, inputs: [{ dtype: 'int64', shape: [shape.length], data: shape }], outputs: 1 })?.[0];
  if (made !== undefined) return tensorOf(call, made);
  if (!(sizeOf(shape) <= maximalFill)) throw misfit(call, `fills a tensor of shape [${shape.join(', ')}], which is too large`);
  return fill([...shape], data[0] ?? 0, floating(dtype) ? 'float32' : 'int32');
}

function constant(call: LayerCallContext): Tensor {
  const value = tensorSetting(call, 'value');
  if (value === undefined) throw refuse(call, 'holds something other than numbers');
  return tensorOf(call, value);
}

export const constantOps = {
  Parameter: op((call) => call.weight('value')), Constant: op(constant),
  Cast: op((call) => castTo(call, operand(call, 0), numberOf(call, 'to', 1))), CastLike: op((call) => like(operand(call, 0), operand(call, 1).dtype)),
  Dropout: op(dropped), Shape: op((call) => { const { shape } = operand(call, 0); const [made] = hostOutputs('Shape', { config: call.config, inputs: [{ dtype: 'float32', shape, data: [] }], outputs: 1 }) ?? []; return tensorOf(call, made ?? whole(shape)); }),
  Size: op((call) => tensorOf(call, { dtype: 'int64', shape: [], data: [operand(call, 0).size] })),
  ConstantOfShape: op(filled), Range: op(ranged), EyeLike: op(eye),
} satisfies Readonly<Record<string, LayerForward>>;
