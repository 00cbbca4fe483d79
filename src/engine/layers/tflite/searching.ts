/** TFLite's operators whose results depend on what they find: places, distinct values, boxes; scattering, and sums by segments. */
import {
  add, cast, concat, equal, exp, gather, mul, pad, reshape, scalar, scatterND, slice, sub, tensor, unsortedSegmentSum, where,
} from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { LayerCallContext, LayerForward } from '../layer';
import { distinctRows, nonZeroPlaces, suppressed } from '../operations/searching';
import { flag, integers, number, numbers, numeric, operand } from '../tensorflow/operands';
import { boxesOf, dense, found } from '../tensorflow/searching';
import { operator } from './operator';

/** Inputs: boxes, scores, how many at most, thresholds of overlap and score, sigma of the soft kind. Outputs are as long as asked for. */
function suppression(call: LayerCallContext, soft: boolean): Tensor[] {
  const most = number(call, 2);
  const kept = suppressed(boxesOf(operand(call, 0)), operand(call, 1).dataSync(), { most, overlap: number(call, 3), score: number(call, 4), sigma: soft ? number(call, 5) : 0, atLimit: true });
  const filled = (values: number[]): number[] => [...values, ...Array<number>(Math.max(0, most - values.length)).fill(0)];
  return [found(filled(kept.map(({ index }) => index)), [most]), ...(soft ? [found(filled(kept.map(({ score }) => score)), [most], 'float32')] : []), found([kept.length], [])];
}

/** SSD's boxes from offsets and anchors, then the best without overlap: boxes, classes, scores, how many. tensorflow/lite/kernels/detection_postprocess.cc */
function detections(call: LayerCallContext): Tensor[] {
  const [offsets, scores, anchors] = [operand(call, 0), operand(call, 1), operand(call, 2)];
  const scale = (key: string): number => numeric(call, key, 1);
  const column = (x: Tensor, at: number): Tensor => slice(x, [0, at], [x.shape[0] ?? 0, 1]);
  const given = reshape(offsets, [-1, offsets.shape[2] ?? 4]);
  const [centreY, centreX] = [0, 1].map((at) => add(mul(mul(column(given, at), 1 / scale(at === 0 ? 'y_scale' : 'x_scale')), column(anchors, at + 2)), column(anchors, at)));
  const [halfY, halfX] = [2, 3].map((at) => mul(mul(exp(mul(column(given, at), 1 / scale(at === 2 ? 'h_scale' : 'w_scale'))), column(anchors, at)), 0.5));
  if (centreY === undefined || centreX === undefined || halfY === undefined || halfX === undefined) throw new Failure('op.inputs', `Operator '${call.path}' (${call.type}) lacks its boxes.`);
  const boxes = concat([sub(centreY, halfY), sub(centreX, halfX), add(centreY, halfY), add(centreX, halfX)], 1);
  const classes = numeric(call, 'num_classes', 1);
  const width = scores.shape[2] ?? classes;
  const values = scores.dataSync();
  const corners = boxesOf(boxes);
  const most = numeric(call, 'max_detections', 10);
  const limits = { overlap: numeric(call, 'nms_iou_threshold', 0.5), score: numeric(call, 'nms_score_threshold', 0), sigma: 0, atLimit: false };
  const of = (box: number, label: number): number => values[box * width + label + width - classes] ?? 0;
  let kept: { box: number; label: number; score: number }[];
  if (flag(call, 'use_regular_nms')) {
    // Each class by itself, then the best of all.
    kept = Array.from({ length: classes }, (_, label) => suppressed(corners, corners.map((_box, index) => of(index, label)), { ...limits, most: numeric(call, 'detections_per_class', 100) }).map(({ index, score }) => ({ box: index, label, score }))).flat();
    kept.sort((a, b) => b.score - a.score);
  } else {
    const each = Math.max(1, Math.min(numeric(call, 'max_classes_per_detection', 1), classes));
    const ranked = corners.map((_, box) => Array.from({ length: classes }, (_class, label) => ({ box, label, score: of(box, label) })).sort((a, b) => b.score - a.score).slice(0, each));
    kept = suppressed(corners, ranked.map(([best]) => best?.score ?? 0), { ...limits, most }).flatMap(({ index }) => ranked[index] ?? []);
  }
  const shown = kept.slice(0, most);
  const list = (values: number[]): Tensor => found([...values, ...Array<number>(most - values.length).fill(0)], [1, most], 'float32');
  const picked = gather(boxes, integers(tensor(Int32Array.from(shown, ({ box }) => box), [shown.length], 'int32')));
  return [reshape(pad(picked, [[0, most - shown.length], [0, 0]]), [1, most, 4]), list(shown.map(({ label }) => label)), list(shown.map(({ score }) => score)), found([shown.length], [1], 'float32')];
}

/** Elements within each example's length in reverse order along an axis. */
function reversedSequences(call: LayerCallContext): Tensor {
  const [x, lengths] = [operand(call, 0), numbers(call, 1)];
  const [along, batch] = [numeric(call, 'seq_dim', 0), numeric(call, 'batch_dim', 0)];
  const rows = Array.from({ length: x.shape[batch] ?? 0 }, (_, row) => {
    const one = slice(x, x.shape.map((_extent, axis) => (axis === batch ? row : 0)), x.shape.map((extent, axis) => (axis === batch ? 1 : extent)));
    const length = lengths[row] ?? 0;
    return gather(one, integers(tensor(Int32Array.from({ length: x.shape[along] ?? 0 }, (_extent, index) => (index < length ? length - 1 - index : index)), [x.shape[along] ?? 0], 'int32')), along);
  });
  return concat(rows, batch);
}

/** The last axis on the diagonals of matrices; of a given matrix, in place of its own. */
function diagonal(values: Tensor, matrix: Tensor | null): Tensor {
  const size = values.shape[values.rank - 1] ?? 0;
  const [rows, columns] = matrix === null ? [size, size] : [matrix.shape[matrix.rank - 2] ?? 0, matrix.shape[matrix.rank - 1] ?? 0];
  const mask = tensor(Uint8Array.from({ length: rows * columns }, (_, index) => Number(index % columns === Math.floor(index / columns))), [rows, columns], 'bool');
  const wide = reshape(pad(values, [...values.shape.slice(1).map((): [number, number] => [0, 0]), [0, 0] as [number, number]].slice(0, values.rank - 1).concat([[0, Math.max(0, rows - size)]])), [...values.shape.slice(0, -1), rows, 1]);
  const spread = mul(wide, cast(mask, values.dtype));
  return matrix === null ? spread : where(mask, spread, matrix);
}

/** Rows of equal segment numbers put together by an operation on two rows. */
function segments(call: LayerCallContext, kind: 'max' | 'min' | 'prod'): Tensor {
  const [x, ids, count] = [operand(call, 0), numbers(call, 1), number(call, 2)];
  const empty = { max: -3.4028234663852886e38, min: 3.4028234663852886e38, prod: 1 }[kind];
  const rows = x.shape.slice(1);
  const size = rows.reduce((all, extent) => all * extent, 1);
  const data = x.dataSync();
  const result = new Float32Array(count * size).fill(empty);
  const combine = { max: Math.max, min: Math.min, prod: (a: number, b: number) => a * b }[kind];
  for (const [row, id] of ids.entries()) for (let at = 0; at < size && id >= 0 && id < count; at += 1) result[id * size + at] = combine(result[id * size + at] ?? 0, data[row * size + at] ?? 0);
  return found(result, [count, ...rows], x.dtype === 'int32' ? 'int32' : 'float32');
}

const whole = (run: (...values: number[]) => number): LayerForward => operator((call) => { const [a, b] = [operand(call, 0), operand(call, 1)]; const [x, y] = [a.dataSync(), b.dataSync()]; return found(Array.from(x.length >= y.length ? x : y, (_, index) => run(x[x.length === 1 ? 0 : index] ?? 0, y[y.length === 1 ? 0 : index] ?? 0)), x.length >= y.length ? a.shape : b.shape); });

export const searching: Readonly<Record<string, LayerForward>> = {
  WHERE: operator((call) => { const x = operand(call, 0); const { count, places } = nonZeroPlaces(x.dataSync(), x.shape); return found(places, [count, Math.max(x.rank, 1)]); }),
  UNIQUE: operator((call) => { const x = operand(call, 0); const { first, inverse } = distinctRows(x.dataSync(), x.size, false); return [gather(x, integers(tensor(Int32Array.from(first), [first.length], 'int32'))), found(inverse, [x.size])]; }),
  NON_MAX_SUPPRESSION_V4: operator((call) => suppression(call, false)), NON_MAX_SUPPRESSION_V5: operator((call) => suppression(call, true)), TFLite_Detection_PostProcess: operator(detections),
  BUCKETIZE: operator((call) => { const x = operand(call, 0); const list = call.config.boundaries; const limits = Array.isArray(list) ? (list as readonly number[]) : []; return found(Array.from(x.dataSync(), (value) => limits.filter((limit) => limit <= value).length), x.shape); }),
  SCATTER_ND: operator((call) => scatterND(integers(operand(call, 0)), operand(call, 1), numbers(call, 2))),
  SPARSE_TO_DENSE: operator((call) => dense(integers(operand(call, 0)), numbers(call, 1), operand(call, 2), operand(call, 3))),
  REVERSE_SEQUENCE: operator(reversedSequences), MATRIX_DIAG: operator((call) => diagonal(operand(call, 0), null)), MATRIX_SET_DIAG: operator((call) => diagonal(operand(call, 1), operand(call, 0))),
  SEGMENT_SUM: operator((call) => { const ids = integers(operand(call, 1)); const [last = -1] = Array.from(ids.dataSync()).slice(-1); return unsortedSegmentSum(operand(call, 0), ids as Tensor1D, last + 1); }),
  UNSORTED_SEGMENT_SUM: operator((call) => unsortedSegmentSum(operand(call, 0), integers(operand(call, 1)) as Tensor1D, number(call, 2))),
  UNSORTED_SEGMENT_MAX: operator((call) => segments(call, 'max')), UNSORTED_SEGMENT_MIN: operator((call) => segments(call, 'min')), UNSORTED_SEGMENT_PROD: operator((call) => segments(call, 'prod')),
  DYNAMIC_UPDATE_SLICE: operator((call) => {
    const [x, part] = [operand(call, 0), operand(call, 1)];
    const start = numbers(call, 2).map((index, axis) => Math.min(Math.max(index, 0), (x.shape[axis] ?? 0) - (part.shape[axis] ?? 0)));
    const around = x.shape.map((extent, axis): [number, number] => [start[axis] ?? 0, extent - (start[axis] ?? 0) - (part.shape[axis] ?? 0)]);
    return where(equal(pad(cast(tensor(new Float32Array(part.size).fill(1), part.shape), 'int32'), around), scalar(0, 'int32')), x, pad(part, around));
  }),
  BROADCAST_ARGS: operator((call) => { const [a, b] = [numbers(call, 0), numbers(call, 1)]; const rank = Math.max(a.length, b.length); const at = (shape: number[], axis: number): number => shape[axis - rank + shape.length] ?? 1; return found(Array.from({ length: rank }, (_, axis) => (at(a, axis) === 1 ? at(b, axis) : at(a, axis))), [rank]); }),
  BITWISE_XOR: whole((a = 0, b = 0) => a ^ b), RIGHT_SHIFT: whole((a = 0, b = 0) => a >> b),
  // What a graph reads of its state, or keeps for the next call.
  READ_VARIABLE: operator((call) => operand(call, 0)), ASSIGN_VARIABLE: operator((call) => operand(call, 0)),
};
