/** What does the network look at? Each method gives a map over the input for one target, and says whose idea it is. */
import { Failure } from '../../tensor/failure';
import { stridesOf } from '../../tensor/slice';
import type { TensorValue } from '../../tensor/value';
import { score, valueFrom } from './subject';
import type { Subject, Target } from './subject';

export type MethodName = 'saliency' | 'gradientTimesInput' | 'integratedGradients' | 'gradCam' | 'occlusion';

export interface Attribution {
  /** In the shape of the input; for Grad-CAM and occlusion `[batch, height, width, 1]`, of a sequence `[batch, steps, 1]`. */
  readonly map: TensorValue;
  readonly score: number;
}

export interface AttributionOptions {
  /** The axis of the input's channels, where it is not the last: 1 for channels first. */
  readonly channelAxis?: number;
  /** Layer for Grad-CAM, by its key: usually the last convolution; and the axis of its channels. */
  readonly layer?: string;
  readonly mapsChannelAxis?: number;
  /** Steps of integrated gradients along the path; 64 when absent. */
  readonly steps?: number;
  /** Side of occlusion's patch, in pixels (an eighth of the input when absent), and its grey: the input's mean. */
  readonly patch?: number;
  /** Called between runs with the share that is done; aborting the signal ends with Failure `attribution.cancelled`. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

type Method = (subject: Subject, inputs: readonly TensorValue[], target: Target, options: AttributionOptions) => Promise<Attribution>;

const inputOf = (inputs: readonly TensorValue[]): TensorValue => {
  const [first] = inputs;
  if (first === undefined) throw new Failure('attribution.input', 'The network has no input to look at.');
  if (first.dtype !== 'float32') throw new Failure('attribution.tokens', 'The input holds whole numbers (tokens), which have no gradient; choose the output of the embedding instead.');
  return first;
};

/** Lets the event loop run between two runs of the network, and ends when the signal says so. */
async function pause({ onProgress, signal }: AttributionOptions, done: number): Promise<void> {
  onProgress?.(done);
  await new Promise((resolve) => { setImmediate(resolve); });
  if (signal?.aborted === true) throw new Failure('attribution.cancelled', 'The question was withdrawn.');
}

async function gradientAt(subject: Subject, inputs: readonly TensorValue[], target: Target, { signal }: AttributionOptions): Promise<{ gradient: TensorValue; score: number }> {
  const { inputGradient, score: value } = await score(subject, inputs, { target, gradient: true, signal });
  return inputGradient === null ? inputless() : { gradient: inputGradient, score: value };
}

function inputless(): never {
  throw new Failure('attribution.gradient', 'The target does not depend on the input.');
}

/** |∂ score / ∂ input|. */
const saliency: Method = async (subject, inputs, target, options) => {
  inputOf(inputs);
  const { gradient, score: value } = await gradientAt(subject, inputs, target, options);
  return { map: valueFrom(gradient.shape, (i) => Math.abs(Number(gradient.data[i]))), score: value };
};

/** ∂ score / ∂ input · input. */
const gradientTimesInput: Method = async (subject, inputs, target, options) => {
  const input = inputOf(inputs);
  const { gradient, score: value } = await gradientAt(subject, inputs, target, options);
  return { map: valueFrom(gradient.shape, (i) => Number(gradient.data[i]) * Number(input.data[i])), score: value };
};

/** (input − 0) · the mean of ∂ score / ∂ input along the straight path from zero to the input, by the midpoint rule. Its sum is score(input) − score(0). */
const integratedGradients: Method = async (subject, inputs, target, options) => {
  const input = inputOf(inputs);
  const steps = options.steps ?? 64;
  const total = new Float64Array(input.data.length);
  for (let step = 0; step < steps; step += 1) {
    const share = (step + 0.5) / steps;
    const { gradient } = await gradientAt(subject, [valueFrom(input.shape, (i) => Number(input.data[i]) * share), ...inputs.slice(1)], target, options);
    for (let i = 0; i < total.length; i += 1) total[i] = (total[i] ?? 0) + Number(gradient.data[i]);
    await pause(options, (step + 1) / steps);
  }
  const { score: value } = await score(subject, inputs, { target, gradient: false, signal: options.signal });
  return { map: valueFrom(input.shape, (i) => (Number(input.data[i]) * (total[i] ?? 0)) / steps), score: value };
};

/** Rows, columns and channels of pictures, wherever their channels lie; a sequence has one column. */
interface Pictures { readonly batch: number; readonly rows: number; readonly columns: number; readonly channels: number; readonly place: (n: number, row: number, column: number, channel: number) => number }

function picturesIn(shape: readonly number[], channelAxis = shape.length - 1): Pictures {
  const strides = stridesOf(shape), [rowAxis = 1, columnAxis] = shape.map((_, axis) => axis).filter((axis) => axis > 0 && axis !== channelAxis);
  const [byRow, byColumn, byChannel] = [strides[rowAxis] ?? 0, columnAxis === undefined ? 0 : strides[columnAxis] ?? 0, strides[channelAxis] ?? 0];
  return {
    batch: shape[0] ?? 1, rows: shape[rowAxis] ?? 1, columns: columnAxis === undefined ? 1 : shape[columnAxis] ?? 1, channels: shape[channelAxis] ?? 1,
    place: (n, row, column, channel) => n * (strides[0] ?? 0) + row * byRow + column * byColumn + channel * byChannel,
  };
}

/** ReLU(Σ over channels k of αₖ · Aₖ), αₖ the mean over positions of ∂ score / ∂ Aₖ; enlarged bilinearly to the input. */
const gradCam: Method = async (subject, inputs, target, { layer, signal, channelAxis, mapsChannelAxis }) => {
  const input = inputOf(inputs);
  if (layer === undefined) throw new Failure('attribution.layer', 'Grad-CAM looks at the feature maps of one layer; choose a convolution.');
  const { activation, activationGradient, score: value } = await score(subject, inputs, { target, gradient: true, activationOf: layer, signal });
  if (activation?.shape.length !== 4 || activationGradient === null || input.shape.length !== 4) {
    throw new Failure('attribution.layer', `Grad-CAM needs feature maps with rows, columns and channels; layer '${layer}' gives [${activation?.shape.join(', ') ?? ''}].`);
  }
  const { batch, rows, columns, channels, place } = picturesIn(activation.shape, mapsChannelAxis);
  const coarse = new Float64Array(batch * rows * columns);
  for (let n = 0; n < batch; n += 1) {
    for (let k = 0; k < channels; k += 1) {
      const sum = (each: (place: number, position: number) => number): number => { let all = 0; for (let p = 0; p < rows * columns; p += 1) all += each(place(n, Math.floor(p / columns), p % columns, k), p); return all; };
      const alpha = sum((at) => Number(activationGradient.data[at])) / (rows * columns);
      sum((at, p) => (coarse[n * rows * columns + p] = (coarse[n * rows * columns + p] ?? 0) + alpha * Number(activation.data[at])));
    }
  }
  const { rows: height, columns: width } = picturesIn(input.shape, channelAxis);
  const at = (n: number, row: number, column: number): number => Math.max(0, coarse[(n * rows + row) * columns + column] ?? 0);
  const map = valueFrom([batch, height, width, 1], (i) => {
    const n = Math.floor(i / (height * width));
    const [y, x] = [Math.floor(i / width) % height, i % width];
    return enlarge((row, column) => at(n, row, column), rows, columns, ((y + 0.5) * rows) / height - 0.5, ((x + 0.5) * columns) / width - 0.5);
  });
  return { map, score: value };
};

function enlarge(at: (row: number, column: number) => number, rows: number, columns: number, y: number, x: number): number {
  const clip = (value: number, extent: number): number => Math.min(extent - 1, Math.max(0, value));
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [fy, fx] = [y - top, x - left];
  const [t, b, l, r] = [clip(top, rows), clip(top + 1, rows), clip(left, columns), clip(left + 1, columns)];
  return (1 - fy) * ((1 - fx) * at(t, l) + fx * at(t, r)) + fy * ((1 - fx) * at(b, l) + fx * at(b, r));
}

/**
 * How much the score falls when a grey patch covers a place: the mean over the patches that cover it. A picture is covered by squares
 * over all of its channels, a sequence by whole steps.
 */
const occlusion: Method = async (subject, inputs, target, options) => {
  const input = inputOf(inputs);
  const { shape } = input, sequence = shape.length === 3;
  if (shape.length !== 4 && !sequence) throw new Failure('attribution.input', `Occlusion covers parts of pictures or steps of sequences; the input is [${shape.join(', ')}].`);
  const { batch, rows: height, columns: width, channels, place } = picturesIn(shape, options.channelAxis);
  const side = options.patch ?? Math.max(1, Math.round((sequence ? height : Math.min(height, width)) / 8));
  const stride = Math.max(1, Math.floor(side / 2));
  const grey = input.data.length === 0 ? 0 : Array.from(input.data as Iterable<number | bigint>, Number).reduce((a, b) => a + b, 0) / input.data.length;
  const { score: whole } = await score(subject, inputs, { target, gradient: false, signal: options.signal });
  const [sums, counts] = [new Float64Array(height * width), new Float64Array(height * width)];
  const starts = (extent: number): number[] => [...new Set([...Array.from({ length: Math.max(1, Math.ceil((extent - side) / stride) + 1) }, (_, i) => Math.min(i * stride, Math.max(0, extent - side)))])];
  const tops = starts(height), lefts = starts(width);
  for (const [row, top] of tops.entries()) {
    for (const [column, left] of lefts.entries()) {
      const covered = Float32Array.from(input.data as Iterable<number | bigint>, Number);
      for (let n = 0; n < batch; n += 1) {
        for (let y = top; y < Math.min(height, top + side); y += 1) {
          for (let x = left; x < Math.min(width, left + side); x += 1) for (let channel = 0; channel < channels; channel += 1) covered[place(n, y, x, channel)] = grey;
        }
      }
      const { score: without } = await score(subject, [{ dtype: 'float32', shape: input.shape, data: covered }, ...inputs.slice(1)], { target, gradient: false, signal: options.signal });
      for (let y = top; y < Math.min(height, top + side); y += 1) {
        for (let x = left; x < Math.min(width, left + side); x += 1) {
          sums[y * width + x] = (sums[y * width + x] ?? 0) + whole - without;
          counts[y * width + x] = (counts[y * width + x] ?? 0) + 1;
        }
      }
      await pause(options, (row * lefts.length + column + 1) / (tops.length * lefts.length));
    }
  }
  return { map: valueFrom(sequence ? [1, height, 1] : [1, height, width, 1], (i) => (sums[i] ?? 0) / Math.max(1, counts[i] ?? 1)), score: whole };
};

export interface MethodEntry { readonly title: string; readonly statement: string; readonly source: string; readonly run: Method }

/** The methods, each with one line on what it computes and who described it. */
export const methods: Readonly<Record<MethodName, MethodEntry>> = {
  saliency: { title: 'Saliency', statement: 'How strongly the score changes with each input element: |∂ score / ∂ x|.', source: 'Deep Inside Convolutional Networks; Simonyan, Vedaldi, Zisserman, 2013', run: saliency },
  gradientTimesInput: { title: 'Gradient × input', statement: 'What each input element adds to the score, to first order: ∂ score / ∂ x · x.', source: 'Not Just a Black Box; Shrikumar, Greenside, Shcherbina, Kundaje, 2016', run: gradientTimesInput },
  integratedGradients: { title: 'Integrated gradients', statement: 'Gradients gathered on the way from zero to the input; they sum to the change of the score.', source: 'Axiomatic Attribution for Deep Networks; Sundararajan, Taly, Yan, 2017', run: integratedGradients },
  gradCam: { title: 'Grad-CAM', statement: 'Feature maps of a layer, weighted by the mean gradient of each channel, positive part.', source: 'Grad-CAM: Visual Explanations from Deep Networks; Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra, 2017', run: gradCam },
  occlusion: { title: 'Occlusion', statement: 'How far the score falls when a grey patch covers each place.', source: 'Visualizing and Understanding Convolutional Networks; Zeiler, Fergus, 2013', run: occlusion },
};
