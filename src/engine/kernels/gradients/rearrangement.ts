/** Gradients of kernels that only move elements: each element of dy goes back to where its value came from. */
import * as tf from '@tensorflow/tfjs-core';
import type { GradFunc, Tensor } from '@tensorflow/tfjs-core';
import { one, saved, tupleOf } from './gradient';
import type { GradientTable } from './gradient';

/** Row-major index of every element that a strided slice takes, in the order of its output. */
function sliceIndices(shape: readonly number[], begin: readonly number[], strides: readonly number[], counts: readonly number[]): Int32Array {
  let indices = new Int32Array([0]);
  shape.forEach((extent, axis) => {
    const count = tupleOf(counts, axis), first = tupleOf(begin, axis), stride = tupleOf(strides, axis);
    const next = new Int32Array(indices.length * count);
    let position = 0;
    for (const index of indices) for (let i = 0; i < count; i += 1) next[position++] = index * extent + first + i * stride;
    indices = next;
  });
  return indices;
}

/** The tensor of `shape` whose elements at `indices` are the sums of the values that name them. */
function addAt(indices: Int32Array, values: Tensor, shape: readonly number[]): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tf.reshape(tf.unsortedSegmentSum(tf.reshape(values, [-1]), tf.tensor1d(indices, 'int32'), size), [...shape]);
}

const stridedSlice: GradFunc = (dy, kept, attrs) => {
  const [x] = saved(kept, 1);
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs as unknown as Readonly<Record<'begin' | 'end' | 'strides', number[]> & Record<'beginMask' | 'endMask' | 'ellipsisMask' | 'newAxisMask' | 'shrinkAxisMask', number>>;
  const info = tf.slice_util.sliceInfo(x.shape, begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask);
  const counts = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
  return { x: () => addAt(sliceIndices(x.shape, info.begin, info.strides, counts), one(dy), x.shape) };
};

/** Every padded element is a copy of one inside: its gradient is added there. */
const mirrorPad: GradFunc = (dy, kept, attrs) => {
  const [x] = saved(kept, 1);
  const { paddings, mode } = attrs as unknown as { paddings: readonly [number, number][]; mode: 'reflect' | 'symmetric' };
  const edge = mode === 'reflect' ? 0 : 1;
  return {
    x: () => {
      let indices = new Int32Array([0]);
      x.shape.forEach((extent, axis) => {
        const [before, after] = tupleOf(paddings, axis);
        const sources = Array.from({ length: before + extent + after }, (_, position) => {
          const at = position - before;
          if (at < 0) return -at - edge;
          return at < extent ? at : 2 * (extent - 1) - at + edge;
        });
        const next = new Int32Array(indices.length * sources.length);
        let position = 0;
        for (const index of indices) for (const source of sources) next[position++] = index * extent + source;
        indices = next;
      });
      return addAt(indices, one(dy), x.shape);
    },
  };
};

/** TensorFlow.js transposes the result when the axis is not the last one, which it should not. */
const cumulativeSum: GradFunc = (dy, _kept, attrs) => {
  const { axis, exclusive, reverse } = attrs as unknown as { axis: number; exclusive: boolean; reverse: boolean };
  return { x: () => tf.cumsum(one(dy), axis, exclusive, !reverse) };
};

const gatherNd: GradFunc = (dy, kept) => {
  const [params, indices] = saved(kept, 2);
  return { params: () => tf.scatterND(indices, one(dy), params.shape), indices: () => tf.zeros(indices.shape) };
};

const scatterNd: GradFunc = (dy, kept) => {
  const [indices] = saved(kept, 1);
  return { updates: () => tf.gatherND(one(dy), indices), indices: () => tf.zeros(indices.shape) };
};

/** Output 0 holds the k largest along the last axis, output 1 says where they stood. */
const topK: GradFunc = (dy, kept) => {
  const [x, indices] = saved(kept, 2);
  const width = tupleOf(x.shape, x.rank - 1);
  return { x: () => tf.sum(tf.mul(tf.oneHot(tf.cast(indices, 'int32'), width), tf.expandDims(one(dy), -1)), -2) };
};

/** Blocks of channels became squares of pixels (channels last); the way back. */
const depthToSpace: GradFunc = (dy, _kept, attrs) => {
  const { blockSize, dataFormat } = attrs as unknown as { blockSize: number; dataFormat: 'NHWC' | 'NCHW' };
  return {
    x: () => {
      const last = dataFormat === 'NHWC' ? one(dy) : tf.transpose(one(dy), [0, 2, 3, 1]);
      const [batch = 1, height = 1, width = 1, channels = 1] = last.shape;
      const blocks = tf.reshape(last, [batch, height / blockSize, blockSize, width / blockSize, blockSize * channels]);
      const back = tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4]), [batch, height / blockSize, width / blockSize, blockSize * blockSize * channels]);
      return dataFormat === 'NHWC' ? back : tf.transpose(back, [0, 3, 1, 2]);
    },
  };
};

const ownTile = tf.getGradient('Tile');

/** Up to rank 4 as TensorFlow.js does it; beyond, the copies along one axis after the other are added up. */
const tile: GradFunc = (dy, kept, attrs) => {
  const [x] = saved(kept, 1);
  if (x.rank <= 4 && ownTile) return ownTile.gradFunc(dy, kept, attrs);
  const { reps } = attrs as unknown as { reps: readonly number[] };
  return {
    x: () => {
      let sum = one(dy);
      const shape = [...sum.shape];
      reps.forEach((repetitions, axis) => {
        if (repetitions === 1) return;
        const before = shape.slice(0, axis).reduce((product, extent) => product * extent, 1);
        const after = shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
        shape[axis] = tupleOf(x.shape, axis);
        sum = tf.sum(tf.reshape(sum, [before, repetitions, tupleOf(x.shape, axis) * after]), 1);
      });
      return tf.reshape(sum, x.shape);
    },
  };
};

/** Gather along an axis: rows of dy are added to the rows of x that they came from, for each batch on its own. */
const gather: GradFunc = (dy, kept, attrs) => {
  const [x, indices] = saved(kept, 2);
  const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
  // TensorFlow.js gives the indices themselves as their gradient; they have none, also where they were computed from weights.
  const flat = (): tf.Tensor => tf.zeros(indices.shape);
  const own = ownGather;
  if (!batchDims && own) return Object.assign(own.gradFunc(dy, kept, attrs), { indices: flat });
  return {
    x: () => {
      const batch = x.shape.slice(0, batchDims).reduce((product, extent) => product * extent, 1);
      const outer = x.shape.slice(batchDims, axis).reduce((product, extent) => product * extent, 1);
      const extent = tupleOf(x.shape, axis);
      const inner = x.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
      const taken = indices.size / batch;
      // [batch, outer, taken, inner] -> rows (batch, taken) of outer * inner; segment = batch * extent + index
      const rows = tf.reshape(tf.transpose(tf.reshape(one(dy), [batch, outer, taken, inner]), [0, 2, 1, 3]), [batch * taken, outer * inner]);
      const offsets = tf.tensor2d(Int32Array.from({ length: batch }, (_, index) => index * extent), [batch, 1], 'int32');
      const segments = tf.reshape<tf.Rank.R1>(tf.add(tf.reshape(tf.cast(indices, 'int32'), [batch, taken]), offsets), [batch * taken]);
      const sums = tf.unsortedSegmentSum(rows, segments, batch * extent);
      return tf.reshape(tf.transpose(tf.reshape(sums, [batch, extent, outer, inner]), [0, 2, 1, 3]), x.shape);
    },
    indices: flat,
  };
};
const ownGather = tf.getGradient('GatherV2');

/** Where a row goes has no gradient, also where it was computed from weights (an expert chosen by its score). */
const segmentSum: GradFunc = (dy, kept, attrs) => {
  const [segments] = saved(kept, 1);
  return { ...ownSegmentSum?.gradFunc(dy, kept, attrs), segmentIds: () => tf.zeros(segments.shape) };
};
const ownSegmentSum = tf.getGradient('UnsortedSegmentSum');

export const rearrangementGradients: GradientTable = {
  StridedSlice: { inputs: ['x'], gradient: stridedSlice },
  MirrorPad: { inputs: ['x'], gradient: mirrorPad },
  Cumsum: { inputs: [], gradient: cumulativeSum },
  GatherNd: { inputs: ['params', 'indices'], gradient: gatherNd },
  GatherV2: { inputs: ['x', 'indices'], gradient: gather },
  UnsortedSegmentSum: { inputs: ['segmentIds'], gradient: segmentSum },
  ScatterNd: { inputs: ['indices'], gradient: scatterNd },
  TopK: { inputs: ['x'], outputs: [false, true], gradient: topK },
  DepthToSpace: { inputs: [], gradient: depthToSpace },
  Tile: { inputs: ['x'], gradient: tile },
};
