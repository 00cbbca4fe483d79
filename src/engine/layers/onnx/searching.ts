/** Ops whose results are as long as what they find. Places are read on the host; what is picked by them has gradients. */
import { clone, gather, reshape, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerCallContext, LayerForward } from '../layer';
import { distinctRows, nonZeroPlaces, suppressed } from '../operations/searching';
import type { Box } from '../operations/searching';
import { axisIn, ints, like, numberOf, op, operand, valueAt } from './operands';

/** A result found on the host, as a step of its own. */
export const found = (values: ArrayLike<number>, shape: number[]): Tensor => clone(tensor(Int32Array.from(values), shape, 'int32'));
const picked = (x: Tensor, places: readonly number[], axis: number): Tensor => like(gather(x.dtype === 'bool' ? ints(x) : x, tensor(Int32Array.from(places), [places.length], 'int32'), axis), x.dtype);

function nonZero(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const shape = x.rank === 0 ? [1] : x.shape;
  const { count, places } = nonZeroPlaces(x.dataSync(), shape);
  return found(Array.from({ length: count * shape.length }, (_, index) => places[(index % count) * shape.length + Math.floor(index / count)] ?? 0), [shape.length, count]);
}

function compressed(call: LayerCallContext): Tensor {
  const [x, wanted] = [operand(call, 0), operand(call, 1).dataSync()];
  const flat = call.config['axis'] === undefined;
  const places = Array.from(wanted).flatMap((keep, index) => (keep === 0 ? [] : [index]));
  return flat ? picked(reshape(x, [x.size]), places, 0) : picked(x, places, axisIn(call, numberOf(call, 'axis', 0), x.rank));
}

function unique(call: LayerCallContext): Tensor[] {
  const x = operand(call, 0);
  const whole = call.config['axis'] === undefined;
  const axis = whole ? 0 : axisIn(call, numberOf(call, 'axis', 0), x.rank);
  const front = whole ? reshape(x, [x.size]) : x;
  const order = front.shape.map((_, index) => index).filter((index) => index !== axis);
  const rows = axis === 0 ? front : transpose(front, [axis, ...order]);
  const { first, inverse, counts } = distinctRows(rows.dataSync(), rows.shape[0] ?? 0, numberOf(call, 'sorted', 1) === 1);
  return [picked(front, first, axis), found(first, [first.length]), found(inverse, [inverse.length]), found(counts, [counts.length])];
}

/** Inputs: boxes `[batch, boxes, 4]`, scores `[batch, classes, boxes]`, and limits. Gives rows of batch, class and box. */
function suppression(call: LayerCallContext): Tensor {
  const [boxes, scores] = [operand(call, 0), operand(call, 1)];
  // Exporters write the greatest 64-bit integer where they want all.
  const limit = (position: number, fallback: number): number => valueAt(call, position)?.data[0] ?? fallback;
  const [batches = 1, count = 0] = boxes.shape;
  const classes = scores.shape[1] ?? 1;
  const centred = numberOf(call, 'center_point_box', 0) === 1;
  const [corners, values] = [boxes.dataSync(), scores.dataSync()];
  const settings = { most: limit(2, 0), overlap: limit(3, 0), score: limit(4, -Infinity), sigma: 0, atLimit: false };
  const rows: number[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    const own = Array.from({ length: count }, (_, box): Box => {
      const [a = 0, b = 0, c = 0, d = 0] = corners.subarray(4 * (batch * count + box), 4 * (batch * count + box) + 4);
      return centred ? [b - d / 2, a - c / 2, b + d / 2, a + c / 2] : [a, b, c, d];
    });
    for (let label = 0; label < classes; label += 1) {
      const start = (batch * classes + label) * count;
      for (const { index } of suppressed(own, values.subarray(start, start + count), settings)) rows.push(batch, label, index);
    }
  }
  return found(rows, [rows.length / 3, 3]);
}

export const searchingOps = { NonZero: op(nonZero), Compress: op(compressed), Unique: op(unique), NonMaxSuppression: op(suppression) } satisfies Readonly<Record<string, LayerForward>>;
