/** Figures beside the loss: accuracy where the labels are classes. */
import type { TensorValue } from '../tensor/value';

/** Computes a figure from the values of tensors of the trace, read by id. */
export interface Metric { readonly name: string; readonly compute: (read: (tensor: number) => TensorValue) => number }

/** Index of the largest element of each row of `width`. */
function largest({ data }: TensorValue, width: number): number[] {
  return Array.from({ length: data.length / width }, (_, row) => {
    let best = 0;
    for (let i = 1; i < width; i += 1) if ((data[row * width + i] ?? 0) > (data[row * width + best] ?? 0)) best = i;
    return best;
  });
}

/** `[examples, classes, …]` with the classes last. */
function turned({ shape, data }: TensorValue, examples: number, classes: number): TensorValue {
  const inner = data.length / Math.max(1, examples * classes);
  const values = Float32Array.from({ length: data.length }, (_, index) => { const place = Math.floor(index / classes); return Number(data[(Math.floor(place / inner) * classes + (index % classes)) * inner + (place % inner)]); });
  return { dtype: 'float32', shape, data: values };
}

/**
 * Share of the examples whose prediction is right: the largest of several classes, or a probability on the right side of one half
 * (a logit on the right side of zero). Which of them follows from the loss's name; other losses have no accuracy.
 */
export function accuracy(name: string, loss: string, fromLogits: boolean, predictions: number, labels: number, classesSecond = false): Metric | null {
  const kind = /sparse_?categorical|^cross_entropy$|^nll$/i.test(loss) ? 'sparse' : /categorical/i.test(loss) ? 'classes' : /binary/i.test(loss) ? 'binary' : null;
  if (kind === null) return null;
  const compute: Metric['compute'] = (read) => {
    const predicted = read(predictions);
    const wanted = read(labels);
    if (kind === 'binary') {
      const threshold = fromLogits ? 0 : 0.5;
      const right = Array.from(predicted.data, Number).filter((value, i) => (value > threshold) === (Number(wanted.data[i]) > 0.5));
      return right.length / predicted.data.length;
    }
    const [examples = 1, classes = 1, ...rest] = predicted.shape;
    const second = classesSecond && rest.length > 0;
    const width = second ? classes : predicted.shape.at(-1) ?? 1;
    const best = largest(second ? turned(predicted, examples, classes) : predicted, width);
    const truth = kind === 'sparse' ? Array.from(wanted.data, Number) : largest(wanted, width);
    return best.filter((value, i) => value === truth[i]).length / best.length;
  };
  return { name, compute };
}
