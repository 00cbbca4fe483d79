/**
 * Weights of Keras 2's CuDNNLSTM and CuDNNGRU in the layout of LSTM and GRU, told by the bias as Keras tells it: twice as long, or flat
 * instead of two rows. keras/src/saving/legacy/hdf5_format.py, _convert_rnn_weights
 */
import type { TensorValue } from '../../tensor/value';
import type { PlacedWeight } from '../../network/build';
import type { StoredWeight } from './bind';
import type { Conversions } from './conversions';

type Convert = (value: TensorValue) => TensorValue;

/** The elements in another order; `source` tells where the element at a row and column comes from. */
function arranged(value: TensorValue, source: (row: number, column: number, columns: number) => number): TensorValue {
  const [, columns = 1] = value.shape;
  return { dtype: 'float32', shape: value.shape, data: Float32Array.from({ length: value.data.length }, (_, index) => Number(value.data[source(Math.floor(index / columns), index % columns, columns)])) };
}

/** Each gate's block `[inputs, units]` holds the elements of its transpose, in their order. */
const kernel = (units: number): Convert => (value) => arranged(value, (row, column, columns) => {
  const place = row + (column % units) * (value.shape[0] ?? 1);
  return Math.floor(place / units) * columns + Math.floor(column / units) * units + (place % units);
});

/** Each gate's square block is transposed. */
const recurrentKernel = (units: number): Convert => (value) => arranged(value, (row, column, columns) => (column % units) * columns + Math.floor(column / units) * units + row);

/** LSTM adds the biases of the input and of the recurrence. */
const added: Convert = ({ data }) => {
  const half = data.length / 2;
  return { dtype: 'float32', shape: [half], data: Float32Array.from({ length: half }, (_, index) => Number(data[index]) + Number(data[index + half])) };
};

/** GRU keeps them as two rows. */
const twoRows: Convert = (value) => ({ ...value, shape: [2, value.data.length / 2] });

/** The stored weights of a layer as the layer declares them; what has to be converted gets a key of its own. */
export function fromCudnn(declared: readonly PlacedWeight[], stored: readonly (StoredWeight | null)[], conversions: Conversions): readonly (StoredWeight | null)[] {
  const result = [...stored];
  const convert = (name: string, shape: readonly number[], work: Convert): void => {
    const at = declared.findIndex((weight) => weight.name === name);
    const held = stored[at];
    if (held == null) return;
    const key = `${held.key} converted`;
    conversions.set(key, { keys: [held.key], convert: ([value = { dtype: 'float32', shape: [0], data: new Float32Array(0) }]) => work(value) });
    result[at] = { ...held, key, shape };
  };
  for (const [index, { name, shape }] of declared.entries()) {
    const held = stored[index]?.shape;
    if (!/(^|\/)bias$/.test(name) || held?.length !== 1) continue;
    const [length = 0] = held;
    const [first = 0, second] = shape;
    const lstm = second === undefined && length === 2 * first;
    if (!lstm && !(first === 2 && second !== undefined && length === 2 * second)) continue;
    const units = lstm ? first / 4 : (second ?? 0) / 3;
    const beside = (other: string): string => name.replace(/bias$/, other);
    const shapeOf = (other: string): readonly number[] => declared.find((weight) => weight.name === beside(other))?.shape ?? [];
    convert(name, shape, lstm ? added : twoRows);
    convert(beside('kernel'), shapeOf('kernel'), kernel(units));
    convert(beside('recurrent_kernel'), shapeOf('recurrent_kernel'), recurrentKernel(units));
  }
  return result;
}
