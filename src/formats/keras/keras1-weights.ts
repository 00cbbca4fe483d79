/** Weights of Keras 1 in the layout of later versions (keras/engine/topology.py of Keras 2: preprocess_weights_for_loading). */
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import type { PlacedLayer } from '../../network/build';
import type { StoredWeight } from './bind';
import type { Conversions } from './conversions';

type Stored = readonly StoredWeight[];

/** Where each gate's arrays stand, gate by gate: LSTM kept i, c, f, o and is now i, f, c, o; GRU z, r, h. */
const gates: Readonly<Record<number, readonly number[]>> = { 4: [0, 2, 1, 3], 3: [0, 1, 2] };

/** The stored arrays of one layer as later versions would have stored them; those of other layers as they are. */
export function fromKeras1(layer: PlacedLayer, stored: Stored, conversions: Conversions): Stored {
  const parts = layer.weights.map(({ name }) => name.replace(/(^|\/)[^/]+$/, ''));
  const cells = [...new Set(parts)].map((part) => layer.weights.filter((_, index) => parts[index] === part));
  const widths = cells.map((weights) => {
    const kernel = weights.find(({ name }) => name.endsWith('recurrent_kernel'))?.shape ?? [];
    return weights.length === 3 && kernel.length === 2 ? (kernel[1] ?? 0) / (kernel[0] ?? 1) : 0;
  });
  if (cells.length > 0 && widths.every((width) => gates[width] !== undefined) && stored.length === widths.reduce((sum, width) => sum + 3 * width, 0)) {
    let from = 0;
    return widths.flatMap((width) => {
      const own = stored.slice(from, from + 3 * width);
      from += 3 * width;
      return [0, 1, 2].map((kind) => joined((gates[width] ?? []).flatMap((gate) => own[3 * gate + kind] ?? []), conversions));
    });
  }
  const [first, ...rest] = stored;
  if (first === undefined || first.shape.length !== 4 || !/^Conv[12]D$/.test(layer.type)) return stored;
  const turned = layer.config.data_format === 'channels_first' || (layer.type === 'Conv1D' && first.shape[1] !== 1) ? transposed(first, conversions) : first;
  return [layer.type === 'Conv1D' ? { ...turned, ...reshaped(turned, [turned.shape[0] ?? 1, ...turned.shape.slice(2)], conversions) } : turned, ...rest];
}

/** Arrays side by side along their last axis. */
function joined(parts: Stored, conversions: Conversions): StoredWeight {
  const [first = { key: '', name: '', shape: [], dtype: 'float32' as const }] = parts;
  const width = first.shape[first.shape.length - 1] ?? 1;
  const shape = [...first.shape.slice(0, -1), width * parts.length];
  const key = parts.map((part) => part.key).join(' beside ');
  conversions.set(key, {
    keys: parts.map((part) => part.key),
    convert: (values) => ({ dtype: 'float32', shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, at) => {
      const [row, column] = [Math.floor(at / (width * parts.length)), at % (width * parts.length)];
      return Number(values[Math.floor(column / width)]?.data[row * width + (column % width)] ?? 0);
    }) }),
  });
  return { ...first, key, shape };
}

/** Theano's kernels `[out, in, rows, columns]` as `[rows, columns, in, out]`. */
function transposed(held: StoredWeight, conversions: Conversions): StoredWeight {
  const [out = 1, channels = 1, rows = 1, columns = 1] = held.shape;
  const shape = [rows, columns, channels, out];
  const key = `${held.key} transposed`;
  conversions.set(key, { keys: [held.key], convert: ([value]) => ({ dtype: 'float32', shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, at) => {
    const o = at % out, c = Math.floor(at / out) % channels, place = Math.floor(at / (out * channels));
    return Number(value?.data[(o * channels + c) * rows * columns + place] ?? 0);
  }) }) });
  return { ...held, key, shape };
}

function reshaped(held: StoredWeight, shape: readonly number[], conversions: Conversions): Pick<StoredWeight, 'key' | 'shape'> {
  const key = `${held.key} reshaped`;
  conversions.set(key, { keys: [held.key], convert: ([value]): TensorValue => ({ dtype: 'float32', data: new Float32Array(0), ...value, shape }) });
  return { key, shape };
}
