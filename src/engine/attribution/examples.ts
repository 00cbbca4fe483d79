/** The examples of a data set that a filter answers to most. */
import { Failure } from '../../tensor/failure';
import { indexAt } from '../../tensor/slice';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import { score } from './subject';
import type { Subject } from './subject';

export interface TopExample {
  readonly example: number;
  readonly value: number;
  /** Where in the layer's output, without batch and channel, the channel was largest. */
  readonly position: readonly number[];
}

export interface TopOptions { readonly count?: number; readonly batchSize?: number; /** The axis of the channels, where it is not the last. */ readonly channelAxis?: number; readonly onProgress?: (done: number) => void; readonly signal?: AbortSignal }

/** What it does and whose idea it is, as the panel says it. */
export const examplesMethod = {
  title: 'Top examples', statement: 'The examples of the data set to which the unit answers most, and where.',
  source: 'Rich Feature Hierarchies for Accurate Object Detection; Girshick, Donahue, Darrell, Malik, 2014',
} as const;

/** For channel `channel` of `layer` (by its key): the `count` examples (9 when absent) with the largest value anywhere, largest first. */
export async function topExamples(subject: Subject, inputs: readonly TensorValue[], layer: string, channel: number, options: TopOptions = {}): Promise<TopExample[]> {
  const { count = 9, batchSize = 32, onProgress, signal } = options;
  const examples = inputs[0]?.shape[0] ?? 0;
  const found: TopExample[] = [];
  for (let first = 0; first < examples; first += batchSize) {
    const batch = inputs.map((value) => examplesOf(value, first, Math.min(examples, first + batchSize)));
    const { activation } = await score(subject, batch, { target: { layer, index: [channel], ...(options.channelAxis === undefined ? {} : { channelAxis: options.channelAxis }) }, gradient: false, activationOf: layer, signal });
    if (activation !== null) found.push(...largest(activation, channel, options.channelAxis ?? activation.shape.length - 1, first));
    // What is not a number is no answer.
    for (let i = found.length - 1; i >= 0; i -= 1) if (found[i]?.value === -Infinity) found.splice(i, 1);
    found.sort((a, b) => b.value - a.value || a.example - b.example);
    found.length = Math.min(found.length, count);
    onProgress?.(Math.min(1, (first + batchSize) / examples));
    await new Promise((resolve) => { setImmediate(resolve); });
    if (signal?.aborted === true) throw new Failure('attribution.cancelled', 'The search was stopped.');
  }
  return found;
}

/** Examples `first` (inclusive) to `end` of a tensor whose first axis numbers them. */
export function examplesOf({ dtype, shape, data }: TensorValue, first: number, end: number): TensorValue {
  const each = sizeOf(shape.slice(1));
  return { dtype, shape: [end - first, ...shape.slice(1)], data: data.subarray(first * each, end * each) };
}

function largest({ shape, data }: TensorValue, channel: number, axis: number, first: number): TopExample[] {
  const places = shape.filter((_, other) => other !== 0 && other !== axis);
  const after = sizeOf(shape.slice(axis + 1)), before = sizeOf(shape.slice(1, axis)), channels = shape[axis] ?? 1;
  return Array.from({ length: shape[0] ?? 0 }, (_, n) => {
    let best = -Infinity;
    let place = 0;
    for (let outer = 0; outer < before; outer += 1) {
      for (let inner = 0; inner < after; inner += 1) {
        const value = Number(data[((n * before + outer) * channels + channel) * after + inner]);
        if (value > best) { best = value; place = outer * after + inner; }
      }
    }
    return { example: first + n, value: best, position: indexAt(places, place) };
  });
}
