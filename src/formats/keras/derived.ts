/**
 * Weights whose value is made of several data sets: a kernel with its low-rank part (LoRA), which Keras merges into archives but not into
 * `.h5`, and a kernel of 8-bit integers with its scale (keras/src/quantizers: abs_max_quantize).
 */
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import type { PlacedLayer } from '../../network/build';
import type { StoredWeight } from './bind';
import type { Conversions } from './conversions';

type Held = readonly (StoredWeight | null)[];

/** The stored weights of a layer as the layer declares them; what is made of several gets a key of its own. `extras` are what the file holds beyond them, by their Keras names. */
export function derived(layer: PlacedLayer, held: Held, extras: readonly StoredWeight[], conversions: Conversions): Held {
  return layer.weights.map(({ name }, index) => {
    const own = held[index] ?? null;
    if (own === null) return null;
    const beside = (end: string): StoredWeight | undefined => extras.find((extra) => extra.name === `${name.replace(/[^/]+$/, '')}${end}`);
    const leaf = name.slice(name.lastIndexOf('/') + 1);
    const [a, b, scale] = [beside(`lora_${leaf}_a`), beside(`lora_${leaf}_b`), beside(`${leaf}_scale`)];
    if (a !== undefined && b !== undefined && own.dtype !== 'int8') {
      const rank = a.shape[a.shape.length - 1] ?? 1;
      const alpha = typeof layer.config.lora_alpha === 'number' ? layer.config.lora_alpha : rank;
      return made(own, [a, b], conversions, ([kernel, left, right]) => merged(kernel, left, right, alpha / rank));
    }
    const axes = scale === undefined || own.dtype !== 'int8' ? null : scaleAxes(own.shape, scale.shape, leaf === 'embeddings');
    if (scale === undefined || axes === null) return own;
    return { ...made(own, [scale], conversions, ([kernel, scales]) => unscaled(kernel, scales, axes)), dtype: 'float32', still: true };
  });
}

function made(own: StoredWeight, others: readonly StoredWeight[], conversions: Conversions, convert: (values: readonly TensorValue[]) => TensorValue): StoredWeight {
  const key = `${own.key} with ${others.map(({ name }) => name).join(' and ')}`;
  conversions.set(key, { keys: [own.key, ...others.map((other) => other.key)], convert });
  return { ...own, key };
}

const damaged = (): Failure => new Failure('weights.shape', 'A weight and its parts do not fit each other: the file is damaged.');

/** kernel `[…, n]` + factor × left `[…, rank]` · right `[rank, n]` */
function merged(kernel: TensorValue | undefined, left: TensorValue | undefined, right: TensorValue | undefined, factor: number): TensorValue {
  if (kernel === undefined || left === undefined || right === undefined) throw damaged();
  const [rank = 0, columns = 0] = right.shape;
  const rows = sizeOf(left.shape) / rank;
  if (sizeOf(kernel.shape) !== rows * columns) throw damaged();
  const data = Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < rank; k += 1) sum += Number(left.data[row * rank + k]) * Number(right.data[k * columns + column]);
    return Number(kernel.data[at]) + factor * sum;
  });
  return { dtype: 'float32', shape: kernel.shape, data };
}

/** How far one step along each axis of a kernel moves within its scales; null when they do not fit. */
function scaleAxes(shape: readonly number[], scale: readonly number[], rows: boolean): readonly number[] | null {
  // Embeddings have one scale a row, kernels one for what their last axes make.
  const plain = scale.slice(scale.findIndex((extent) => extent !== 1) < 0 ? scale.length : scale.findIndex((extent) => extent !== 1));
  const placed = rows ? [...scale.slice(0, 1), ...shape.slice(1).map(() => 1)] : [...shape.slice(plain.length).map(() => 1), ...plain];
  if (placed.length !== shape.length || placed.some((extent, axis) => extent !== 1 && extent !== shape[axis])) return null;
  let step = 1;
  const steps = placed.map(() => 0);
  for (let axis = placed.length - 1; axis >= 0; axis -= 1) {
    const extent = placed[axis] ?? 1;
    if (extent !== 1) steps[axis] = step;
    step *= extent;
  }
  return steps;
}

/** kernel / scale, as Keras dequantises. */
function unscaled(kernel: TensorValue | undefined, scales: TensorValue | undefined, steps: readonly number[]): TensorValue {
  if (kernel === undefined || scales === undefined) throw damaged();
  const { shape } = kernel;
  const data = Float32Array.from(kernel.data as ArrayLike<number>, (value, at) => {
    let [rest, from] = [at, 0];
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const extent = shape[axis] ?? 1;
      from += (rest % extent) * (steps[axis] ?? 0);
      rest = Math.floor(rest / extent);
    }
    return Number(value) / Number(scales.data[from]);
  });
  return { dtype: 'float32', shape, data };
}
