/** What an ONNX op takes: tensors of the graph, its own weights, constants, and settings that the host computes while the network runs. */
import { Tensor, cast, tensor } from '@tensorflow/tfjs-core';
import { hostOutputs, hostValueIn, shapePart, floating, hostInts } from '../../../formats/onnx/host-values';
import type { HostValue } from '../../../formats/onnx/host-values';
import type { JsonObject } from '../../../network/network';
import { Failure } from '../../../tensor/failure';
import { sizeOf } from '../../../tensor/value';
import { atOnce, isTensor } from '../calls';
import type { CallValue, LayerCallContext, LayerForward } from '../layer';
import { isRecord } from '../settings';

/** Integers of 64 bits become 32, as TensorFlow.js has them. @throws Failure `onnx.range` when one does not fit */
export function tensorOf(call: LayerCallContext, { dtype, shape, data }: HostValue): Tensor {
  const numbers = data.map((value) => value ?? 0);
  if (floating(dtype)) return tensor(Float32Array.from(numbers), [...shape], 'float32');
  if (dtype === 'bool') return tensor(Uint8Array.from(numbers), [...shape], 'bool');
  const large = numbers.find((value) => value !== (value | 0));
  if (large !== undefined) throw new Failure('onnx.range', `Layer '${call.path}' (${call.type}) works with the integer ${large}, but Backstep computes with 32 bits; re-export the model with smaller constants.`);
  return tensor(Int32Array.from(numbers), [...shape], 'int32');
}

const isEntries = (value: CallValue | undefined): value is Readonly<Record<string, CallValue>> => typeof value === 'object' && value !== null && !Array.isArray(value) && !isTensor(value);

/** A value as the host sees it. A tensor of the graph is read, which no gradient passes. */
function hostValue(call: LayerCallContext, value: CallValue | undefined): HostValue | undefined {
  if (value === null || value === undefined) return undefined;
  if (isTensor(value)) return { dtype: value.dtype === 'bool' ? 'bool' : value.dtype === 'int32' ? 'int64' : 'float32', shape: value.shape, data: [...value.dataSync()] };
  if (typeof value === 'string') return hostValue(call, call.weight(value));
  if (typeof value === 'number') return { dtype: Number.isInteger(value) ? 'int64' : 'float32', shape: [], data: [value] };
  if (Array.isArray(value)) return { dtype: 'int64', shape: [value.length], data: (value as readonly CallValue[]).map(Number) };
  if (!isEntries(value)) return undefined;
  return 'op' in value ? expression(call, value) : hostValueIn(value);
}

/** Elements of a constant whose shape a network computes. */
const mostFilled = 1 << 26;

/** Computes an expression: `{op, config, inputs, output, outputs}`. @throws Failure `onnx.expression` */
function expression(call: LayerCallContext, entries: Readonly<Record<string, CallValue>>): HostValue {
  const type = typeof entries['op'] === 'string' ? entries['op'] : '';
  const given = entries['config'];
  const config: JsonObject = isEntries(given) ? (given as JsonObject) : {};
  const inputs: readonly CallValue[] = Array.isArray(entries['inputs']) ? (entries['inputs'] as readonly CallValue[]) : [];
  const [first] = inputs;
  if (isTensor(first) && type === 'Shape') return hostInts(shapePart(first.shape, config));
  if (isTensor(first) && type === 'Size') return hostInts([first.size], []);
  const made = hostOutputs(type, { config, inputs: inputs.map((input) => hostValue(call, input)), outputs: Number(entries['outputs'] ?? 1), most: mostFilled })?.[Number(entries['output'] ?? 0)];
  if (made === undefined) throw new Failure('onnx.expression', `Layer '${call.path}' (${call.type}) needs a value that an op ${type} computes of shapes, which does not fit its inputs.`);
  return made;
}

/** The host's view of the argument at a place; undefined when it is left out or a tensor that only kernels know. */
export function constantAt(call: LayerCallContext, position: number): HostValue | undefined {
  const value = call.args[position];
  return isTensor(value) || typeof value === 'string' ? undefined : hostValue(call, value);
}

/** The host's view of the argument at a place, also of a tensor, which is read. */
export const valueAt = (call: LayerCallContext, position: number): HostValue | undefined => hostValue(call, call.args[position]);

/** The tensor at a place, or null where it is left out. */
export function optional(call: LayerCallContext, position: number): Tensor | null {
  const found = ofAnyRank(call, position);
  // Some backends give wrong numbers there, without a word.
  if (found !== null && found.rank > 6) throw refuse(call, `works with ${found.rank} axes`);
  return found;
}

function ofAnyRank(call: LayerCallContext, position: number): Tensor | null {
  const value = call.args[position];
  if (isTensor(value)) return value;
  if (typeof value === 'string') return call.weight(value);
  const constant = hostValue(call, value);
  return constant === undefined ? null : tensorOf(call, constant);
}

/** The tensor at a place. @throws Failure `layer.inputs` when it is left out */
export const operand = (call: LayerCallContext, position: number): Tensor => present(call, position, optional(call, position));

/** … for ops that take any number of axes. */
export const anyOperand = (call: LayerCallContext, position: number): Tensor => present(call, position, ofAnyRank(call, position));

function present(call: LayerCallContext, position: number, found: Tensor | null): Tensor {
  if (found === null) throw new Failure('layer.inputs', `Layer '${call.path}' (${call.type}) is called without its input number ${position + 1}.`);
  return found;
}

/** All tensors that the op is called with. */
export function operands(call: LayerCallContext): Tensor[] {
  return call.args.map((_, position) => operand(call, position));
}

/** A setting that may be in the config or computed while the network runs. */
export function settingOf(call: LayerCallContext, key: string): HostValue | undefined {
  const computed = call.kwargs[key];
  return computed === undefined ? hostValue(call, call.config[key]) : hostValue(call, computed);
}

/** Numbers of a setting, or undefined where it is absent. */
export function numbersOf(call: LayerCallContext, key: string): number[] | undefined {
  return settingOf(call, key)?.data.map((value) => value ?? 0);
}

/** A number of a setting. */
export function numberOf(call: LayerCallContext, key: string, fallback: number): number {
  return settingOf(call, key)?.data[0] ?? fallback;
}

export function wordOf(call: LayerCallContext, key: string, fallback: string): string {
  const value = call.config[key];
  return typeof value === 'string' ? value : fallback;
}

/** A tensor that a setting holds as an attribute, `{dtype, shape, data}`. */
export const tensorSetting = (call: LayerCallContext, key: string): HostValue | undefined => (isRecord(call.config[key]) ? hostValueIn(call.config[key]) : undefined);

/** An axis counted from the front. @throws Failure `layer.axis` */
export function axisIn(call: LayerCallContext, axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(front) || front < 0 || front >= rank) throw new Failure('layer.axis', `Layer '${call.path}' (${call.type}) works along axis ${axis}, but its input has ${rank} axes.`);
  return front;
}

export const floats = (x: Tensor): Tensor => (x.dtype === 'float32' ? x : cast(x, 'float32'));
export const ints = (x: Tensor): Tensor => (x.dtype === 'int32' ? x : cast(x, 'int32'));
export const bools = (x: Tensor): Tensor => (x.dtype === 'bool' ? x : cast(x, 'bool'));
export const like = (x: Tensor, dtype: Tensor['dtype']): Tensor => (x.dtype === dtype ? x : cast(x, dtype));

/** Refuses settings that Backstep does not have. */
export function refuse(call: LayerCallContext, what: string): Failure {
  return new Failure('layer.setting', `Layer '${call.path}' (${call.type}) ${what}, which Backstep cannot run. Its graph and weights can be looked at.`);
}

/** A failure about shapes that do not go together. */
export function misfit(call: LayerCallContext, what: string): Failure {
  return new Failure('layer.shape', `Layer '${call.path}' (${call.type}) ${what}.`);
}

/** An op that runs in one go. */
export const op = (run: (call: LayerCallContext) => Tensor | readonly Tensor[]): LayerForward => atOnce((call) => {
  const made = run(call);
  return { outputs: made instanceof Tensor ? [made] : made.slice(0, call.outputCount) };
});

/** Row-major steps of a shape. */
export const stepsOf = (shape: readonly number[]): number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
