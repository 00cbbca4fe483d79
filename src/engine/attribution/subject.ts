/** A trained network held still, for questions about what it looks at: scores of units and their gradients, in inference mode. */
import { Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Convention, Network } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { Shape, TensorValue } from '../../tensor/value';
import type { Backend } from '../backend/backend';
import { drive } from '../drive';
import { maskOf, walkBack } from '../element-gradients';
import { forward } from '../forward/forward';
import type { Differentiate } from '../iteration';
import { readTensor } from '../recorder/handles';
import { Recorder } from '../recorder/recorder';

export interface Subject {
  readonly network: Network;
  readonly convention: Convention;
  readonly backend: Backend;
  /** All weights by `layer path/weight name`: values, or tensors of this backend that stay alive while there are questions. */
  readonly weights: ReadonlyMap<string, TensorValue | Tensor>;
}

/**
 * A unit, or a whole channel: element `index` of the output of `layer` (by its key, `path` or `path#call`) without the batch. A shorter
 * index than the output's rank counts from the last axis (`[3]` is channel 3) and stands for the sum over the other axes.
 * Without a layer: the network's first output, before its softmax or sigmoid where it has one.
 */
export interface Target {
  readonly layer: string | null;
  readonly index: readonly number[];
  /** The axis that an index of one number counts along, where it is not the last: 1 for channels first. */
  readonly channelAxis?: number;
  /** The index counts from the first axis, batch included: one element. */
  readonly whole?: true;
}

export interface Scored {
  /** The target's value, summed over the batch. */
  readonly score: number;
  /** d score / d input, in the input's shape; null when it was not asked for. */
  readonly inputGradient: TensorValue | null;
  /** Output of the layer asked for, and d score / d output. */
  readonly activation: TensorValue | null;
  readonly activationGradient: TensorValue | null;
}

export interface Question { readonly target: Target; readonly gradient: boolean; readonly activationOf?: string; readonly signal?: AbortSignal | undefined }

/**
 * Runs the network on `inputs` (one an input, `[batch, …]`) as far as the question needs, in stretches of a few milliseconds, and
 * answers for the target. @throws Failure `attribution.…`; `attribution.cancelled` once the signal is aborted
 */
export async function score(subject: Subject, inputs: readonly TensorValue[], question: Question): Promise<Scored> {
  const recorder = new Recorder(subject.backend.name);
  try {
    return await drive(0, scored(subject, inputs, question, recorder), recorder, { signal: question.signal });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'run.cancelled') throw new Failure('attribution.cancelled', 'The question was withdrawn.', { cause: error });
    if (error.code === 'run.kernel') throw new Failure('attribution.kernel', error.message.replace(/^Iteration 1 failed/, 'The network failed'), { cause: error });
    throw error;
  } finally {
    recorder.release();
  }
}

function* scored(subject: Subject, inputs: readonly TensorValue[], { target, gradient, activationOf }: Question, recorder: Recorder): Generator<Differentiate, Scored, void> {
  const xs = inputs.map((value, number) => recorder.adopt(toTensor(value), { kind: 'input', name: String(number) }).tensor);
  const [first] = xs;
  if (first === undefined) throw new Failure('attribution.input', 'The network has no input to look at.');
  const wanted = [target.layer, activationOf].filter((key) => typeof key === 'string');
  const { output, logits, outputs } = yield* runToEnd(subject, xs, recorder, gradient, target.layer === null ? null : wanted);
  yield false;
  const y = target.layer === null ? logits ?? output : outputs.get(target.layer) ?? missing(target.layer, outputs);
  if (y === null) throw new Failure('attribution.output', `The network '${subject.network.name}' has no output.`);
  const activation = activationOf === undefined ? null : outputs.get(activationOf) ?? missing(activationOf, outputs);
  const chosen = chosenOf(y, target);
  const values = readTensor(y);
  let value = 0;
  for (let element = 0; element < values.data.length; element += 1) if (chosen(element)) value += Number(values.data[element]);
  const answer = { score: value, activation: activation === null ? null : valueOf(activation) };
  if (!gradient) return { ...answer, inputGradient: null, activationGradient: null };
  if (y.dtype !== 'float32') throw new Failure('attribution.gradient', 'The target holds whole numbers, which have no gradient.');
  const sources = [first, ...(activation === null ? [] : [activation])].filter(({ dtype }) => dtype === 'float32');
  const gradients = yield* walkBack(recorder, sources, y, maskOf(y.shape, chosen));
  const by = (x: Tensor): TensorValue => { const found = gradients.get(x.id); return found === undefined ? valueFrom(x.shape, () => 0) : valueOf(found); };
  return { ...answer, inputGradient: by(first), activationGradient: activation === null ? null : by(activation) };
}

interface Seen { readonly output: Tensor | null; readonly logits: Tensor | null; readonly outputs: ReadonlyMap<string, Tensor> }

/** Runs until all layers of `wanted` have their output; to the end when it is null. */
function* runToEnd({ network, convention, weights }: Subject, inputs: readonly Tensor[], recorder: Recorder, differentiate: boolean, wanted: readonly string[] | null): Generator<Differentiate, Seen, void> {
  const outputs = new Map<string, Tensor>();
  const held = new Map<string, Tensor>();
  const pass = forward(network, {
    convention, training: false, dropout: false, inputs,
    weight: (layer, name) => {
      const key = `${layer}/${name}`;
      const known = held.get(key);
      if (known !== undefined) return known;
      const value = weights.get(key);
      if (value === undefined) throw new Failure('attribution.weight', `The weight ${key} has no value.`);
      const role = { kind: 'weight', layer, weight: name } as const;
      const made = value instanceof Tensor ? recorder.borrow(value, role) : recorder.adopt(toTensor(value), role).tensor;
      held.set(key, made);
      return made;
    },
    assign: () => undefined,
    seed: () => 0,
  });
  for (;;) {
    const step = pass.next();
    if (step.done === true) return { output: step.value.outputs[0] ?? null, logits: step.value.logits[0] ?? null, outputs };
    recorder.place = { ...recorder.place, layer: step.value.path };
    const [made] = step.value.kind === 'end' ? step.value.outputs : [];
    if (made !== undefined) outputs.set(step.value.key, made);
    if (wanted !== null && wanted.every((key) => outputs.has(key))) return { output: null, logits: null, outputs };
    yield differentiate;
  }
}

/** Which elements (row-major) the target stands for: those of the whole batch, and of all places that its index leaves open. */
function chosenOf(output: Tensor, { index, layer, channelAxis, whole }: Target): (element: number) => boolean {
  const [channel = 0] = index;
  if (index.length === 1 && channelAxis !== undefined && channelAxis > 0 && channelAxis < output.rank && channel >= 0 && channel < (output.shape[channelAxis] ?? 0)) {
    const stride = output.shape.slice(channelAxis + 1).reduce((a, b) => a * b, 1), extent = output.shape[channelAxis] ?? 1;
    return (element) => Math.floor(element / stride) % extent === channel;
  }
  const open = output.rank - index.length;
  if (open < (whole === true ? 0 : 1) || index.some((at, i) => !Number.isInteger(at) || at < 0 || at >= (output.shape[open + i] ?? 0))) {
    throw new Failure('attribution.target', `[${index.join(', ')}] is not a unit of ${layer === null ? 'the output' : `layer '${layer}'`}, whose shape is [${output.shape.join(', ')}] with the batch first.`);
  }
  const inner = output.shape.slice(open);
  const block = inner.reduce((a, b) => a * b, 1);
  const place = inner.reduce((at, extent, axis) => at * extent + (index[axis] ?? 0), 0);
  return (element) => element % block === place;
}

function missing(layer: string, outputs: ReadonlyMap<string, Tensor>): never {
  throw new Failure('attribution.layer', `The network has no layer '${layer}'; it has ${[...outputs.keys()].slice(0, 30).map((name) => `'${name}'`).join(', ')}.`);
}

export function toTensor({ data, shape, dtype }: TensorValue): Tensor {
  const values = data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array ? data : Float32Array.from(data as Iterable<number | bigint>, Number);
  return tensor(values, [...shape], dtype === 'int32' ? 'int32' : dtype === 'bool' ? 'bool' : 'float32');
}

function valueOf(value: Tensor): TensorValue {
  return { dtype: 'float32', shape: value.shape, data: Float32Array.from(readTensor(value).data as Iterable<number | bigint>, Number) };
}

/** A float32 value of this shape, made element by element. */
export function valueFrom(shape: Shape, element: (i: number) => number): TensorValue {
  return { dtype: 'float32', shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => element(i)) };
}
