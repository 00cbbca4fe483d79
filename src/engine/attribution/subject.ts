/** A trained network held still, for questions about what it looks at: scores of units and their gradients, in inference mode. */
import { engine, keep, mul, scalar, slice, sum, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Convention, Network } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { Shape, TensorValue } from '../../tensor/value';
import type { Backend } from '../backend/backend';
import { forward } from '../forward/forward';

export interface Subject {
  readonly network: Network;
  readonly convention: Convention;
  readonly backend: Backend;
  /** Values of all weights by `layer path/weight name`. */
  readonly weights: ReadonlyMap<string, TensorValue>;
}

/**
 * A unit, or a whole channel: element `index` of the output of `layer` (by its key, `path` or `path#call`) without the batch. A shorter
 * index than the output's rank counts from the last axis (`[3]` is channel 3) and stands for the sum over the other axes.
 * Without a layer: the network's first output, before its softmax or sigmoid where it has one.
 */
export interface Target { readonly layer: string | null; readonly index: readonly number[] }

export interface Scored {
  /** The target's value, summed over the batch. */
  readonly score: number;
  /** d score / d input, in the input's shape; null when it was not asked for. */
  readonly inputGradient: TensorValue | null;
  /** Output of the layer asked for, and d score / d output. */
  readonly activation: TensorValue | null;
  readonly activationGradient: TensorValue | null;
}

interface Question { readonly target: Target; readonly gradient: boolean; readonly activationOf?: string }

/** Runs the network on `inputs` (one an input, `[batch, …]`) and answers for the target. One synchronous stretch on the subject's backend. */
export function score(subject: Subject, inputs: readonly TensorValue[], { target, gradient, activationOf }: Question): Scored {
  subject.backend.activate();
  let answer: Scored | null = null;
  tidy(() => { answer = scored(subject, inputs, { target, gradient, ...(activationOf === undefined ? {} : { activationOf }) }); });
  return answer ?? impossible();
}

function scored(subject: Subject, inputs: readonly TensorValue[], { target, gradient, activationOf }: Question): Scored {
  const xs = inputs.map(toTensor);
  const [first] = xs;
  if (first === undefined) throw new Failure('attribution.input', 'The network has no input to look at.');
  let activation: Tensor | null = null;
  const differentiated: Tensor[] = [first];
  const run = (): Tensor => {
    const seen = runToEnd(subject, xs);
    if (activationOf !== undefined) {
      activation = seen.outputs.get(activationOf) ?? missing(activationOf, seen.outputs);
      // `gradients` tidies what is made inside; this one is read afterwards.
      if (gradient) differentiated.push(keep(activation));
    }
    const output = target.layer === null ? seen.score : seen.outputs.get(target.layer) ?? missing(target.layer, seen.outputs);
    return pick(output, target);
  };
  if (!gradient) {
    const value = run();
    return { score: Number(value.dataSync()[0]), inputGradient: null, activation: valueOf(activation), activationGradient: null };
  }
  // The list is read after `run`, so it may name tensors that are made inside: the layer's output among them.
  const { value, grads } = engine().gradients(run, differentiated, undefined, true);
  const zeroed = (gradientOf: Tensor | null | undefined, like: Tensor): TensorValue => valueOf(gradientOf ?? mul(like, scalar(0))) ?? impossible();
  const answer: Scored = {
    score: Number(value.dataSync()[0]),
    inputGradient: zeroed(grads[0], first),
    activation: valueOf(activation),
    activationGradient: activation === null ? null : zeroed(grads[1], activation),
  };
  differentiated.slice(1).forEach((kept) => { kept.dispose(); });
  return answer;
}

interface Seen { readonly score: Tensor; readonly outputs: ReadonlyMap<string, Tensor> }

function runToEnd({ network, convention, weights }: Subject, inputs: readonly Tensor[]): Seen {
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
      const made = toTensor(value);
      held.set(key, made);
      return made;
    },
    assign: () => undefined,
    seed: () => 0,
  });
  for (;;) {
    const step = pass.next();
    if (step.done === true) {
      const [output] = step.value.outputs;
      if (output === undefined) throw new Failure('attribution.output', `The network '${network.name}' has no output.`);
      return { score: step.value.logits[0] ?? output, outputs };
    }
    const [made] = step.value.kind === 'end' ? step.value.outputs : [];
    if (made !== undefined) outputs.set(step.value.key, made);
  }
}

/** Sum over the batch, and over the axes that the target's index leaves open. */
function pick(output: Tensor, { index, layer }: Target): Tensor {
  const open = output.rank - index.length;
  const begin = [...new Array<number>(Math.max(0, open)).fill(0), ...index];
  const size = begin.map((_, axis) => (axis < open ? output.shape[axis] ?? 1 : 1));
  if (open < 1 || index.some((at, i) => !Number.isInteger(at) || at < 0 || at >= (output.shape[open + i] ?? 0))) {
    throw new Failure('attribution.target', `[${index.join(', ')}] is not a unit of ${layer === null ? 'the output' : `layer '${layer}'`}, whose shape is [${output.shape.join(', ')}] with the batch first.`);
  }
  return sum(slice(output, begin, size));
}

function missing(layer: string, outputs: ReadonlyMap<string, Tensor>): never {
  throw new Failure('attribution.layer', `The network has no layer '${layer}'; it has ${[...outputs.keys()].slice(0, 30).map((name) => `'${name}'`).join(', ')}.`);
}

function impossible(): never {
  throw new Failure('attribution.internal', 'A gradient was lost; this is a fault of Backstep.');
}

export function toTensor({ data, shape, dtype }: TensorValue): Tensor {
  const values = data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array ? data : Float32Array.from(data as Iterable<number | bigint>, Number);
  return tensor(values, [...shape], dtype === 'int32' ? 'int32' : dtype === 'bool' ? 'bool' : 'float32');
}

function valueOf(value: Tensor | null): TensorValue | null {
  if (value === null) return null;
  return { dtype: 'float32', shape: value.shape, data: Float32Array.from(value.dataSync()) };
}

/** A float32 value of this shape, made element by element. */
export function valueFrom(shape: Shape, element: (i: number) => number): TensorValue {
  return { dtype: 'float32', shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => element(i)) };
}
