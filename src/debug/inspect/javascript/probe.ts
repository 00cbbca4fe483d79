/**
 * Runs inside a paused JavaScript program: reads a tensor where it lies and answers with the slice that is shown and its
 * statistics, as JSON. Bundled to text and sent with the expression; changes nothing and leaves nothing behind.
 */
import { histogramOf } from '../../../tensor/histogram';
import { readPart } from '../../../tensor/part';
import { percentilesOf } from '../../../tensor/percentiles';
import { checkSlice, defaultSlice, readSlice } from '../../../tensor/slice';
import { statisticsOf } from '../../../tensor/statistics';
import type { NumericArray } from '../../../tensor/value';
import type { LayerOutputReply, ProbeReply, ProbeRequest, WholeNumbers } from '../reply';
import { computeOutputs } from './network';
import { isObject, Problem } from './values';

interface Found { readonly type: string; readonly dtype: string; readonly shape: readonly number[]; readonly data: NumericArray }

/** Numbers over the whole come along with the picture up to this many elements. */
const fewElements = 1 << 18;
/** Of larger tensors every n-th element is counted, so that a pause stays a pause: about so many. */
const mostCounted = 1 << 25;
const sample = 1 << 18;
/** Elements that are copied to be read, at most. */
const mostCopied = 1 << 27;
const mostBlocks = 4096;

const isNumeric = (value: unknown): value is NumericArray => ArrayBuffer.isView(value) && !(value instanceof DataView);
const isShape = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every((extent) => Number.isInteger(extent) && extent >= 0);
const size = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
const className = (value: unknown): string => (isObject(value) && typeof value.constructor === 'function' ? value.constructor.name : typeof value);

const dtypes: Readonly<Record<string, string>> = {
  Float32Array: 'float32', Float64Array: 'float64', Int8Array: 'int8', Int16Array: 'int16', Int32Array: 'int32', BigInt64Array: 'int64',
  Uint8Array: 'uint8', Uint8ClampedArray: 'uint8', Buffer: 'uint8', Uint16Array: 'uint16', Uint32Array: 'uint32', BigUint64Array: 'uint64',
};
const dtypeOf = (data: NumericArray): string => dtypes[className(data)] ?? 'float64';

/** Ways of being a tensor, tried in order; each gives the elements in row-major order, or null for something else. */
const readers: readonly ((value: unknown) => Found | null)[] = [fromTensorFlow, fromArrayLike, fromTyped, fromNested];

/** The active backend of TensorFlow.js, which keeps its engine in a global of this name. */
const backendName = (): string => { const { _tfengine: engine } = globalThis as { readonly _tfengine?: unknown }; return isObject(engine) ? String(engine['backendName']) : ''; };

/** A tf.Tensor or tf.Variable of TensorFlow.js, told by its shape. */
function fromTensorFlow(value: unknown): Found | null {
  if (!isObject(value) || typeof value['dataSync'] !== 'function' || !isShape(value['shape'])) return null;
  if (value['isDisposed'] === true || value['isDisposedInternal'] === true) throw new Problem('disposed');
  if (value['dtype'] === 'string' || value['dtype'] === 'complex64') throw new Problem('unreadable', `elements of type ${String(value['dtype'])}`);
  if (size(value['shape']) > mostCopied && backendName() !== 'cpu') throw new Problem('too-large', `${size(value['shape'])} elements, which the backend gives only as a whole copy; look at a slice(…) of it`);
  const read = value['dataSync'] as () => unknown;
  const data = read.call(value);
  if (!isNumeric(data)) throw new Problem('unreadable', 'its elements are not numbers');
  return { type: className(value), dtype: typeof value['dtype'] === 'string' ? value['dtype'] : dtypeOf(data), shape: value['shape'], data };
}

/** ndarray and its like: `data`, `shape`, and perhaps `stride` and `offset` in elements. */
function fromArrayLike(value: unknown): Found | null {
  if (!isObject(value) || !isShape(value['shape']) || !isNumeric(value['data'])) return null;
  const { shape, data } = value;
  const offset = typeof value['offset'] === 'number' ? value['offset'] : 0;
  const stride = value['stride'] ?? value['strides'];
  const strides = Array.isArray(stride) && stride.length === shape.length ? (stride as readonly number[]) : null;
  const count = size(shape);
  if (strides === null) {
    if (data.length - offset < count) throw new Problem('shape', `shape [${shape.join(', ')}] needs ${count} elements, it has ${data.length - offset}`);
    return { type: className(value), dtype: dtypeOf(data), shape, data: data.subarray(offset, offset + count) };
  }
  if (count > mostCopied) throw new Problem('too-large', `${count} elements in another order than they lie in memory; look at a part of it`);
  const packed = new Float64Array(count);
  const index = shape.map(() => 0);
  for (let i = 0, at = offset; i < count; i += 1) {
    packed[i] = Number(data[at]);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const next = (index[axis] ?? 0) + 1;
      at += strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) { index[axis] = next; break; }
      at -= next * (strides[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return { type: className(value), dtype: dtypeOf(data), shape, data: packed };
}

function fromTyped(value: unknown): Found | null {
  const view = value instanceof ArrayBuffer || (typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer) ? new Uint8Array(value) : value;
  return isNumeric(view) ? { type: className(value), dtype: dtypeOf(view), shape: [view.length], data: view } : null;
}

/** Nested arrays of numbers or booleans, all of one length at each depth; their rows may be typed arrays. */
function fromNested(value: unknown): Found | null {
  if (!Array.isArray(value)) return null;
  const shape: number[] = [];
  for (let level: unknown = value; Array.isArray(level) || isNumeric(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > 32) throw new Problem('ragged', 'nested more than 32 deep');
  }
  if (size(shape) > mostCopied) throw new Problem('too-large', `nested arrays of ${size(shape)} elements; look at one of them`);
  const data = new Float64Array(size(shape));
  let at = 0;
  const fill = (level: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof level !== 'number' && typeof level !== 'boolean' && typeof level !== 'bigint') throw new Problem(Array.isArray(level) ? 'ragged' : 'not-a-tensor', `element ${at} is ${level === null ? 'null' : typeof level}`);
      data[at] = Number(level);
      at += 1;
      return;
    }
    const extent = shape[depth] ?? 0;
    if ((!Array.isArray(level) && !isNumeric(level)) || level.length !== extent) throw new Problem('ragged', `its rows at depth ${depth} do not all have ${extent} elements`);
    for (let i = 0; i < extent; i += 1) fill(level[i], depth + 1);
  };
  fill(value, 0);
  return { type: 'Array', dtype: 'float64', shape, data };
}

/** A tf.LayersModel: its configuration as its own file format writes it. */
function networkOf(value: unknown): ProbeReply | null {
  if (!isObject(value) || !Array.isArray(value['layers']) || typeof value['toJSON'] !== 'function' || typeof value['predict'] !== 'function') return null;
  const write = value['toJSON'] as (unused: unknown, asText: boolean) => unknown;
  return { kind: 'network', type: className(value), config: JSON.stringify(write.call(value, null, false)) };
}

function found(value: unknown): Found {
  const result = readers.reduce<Found | null>((known, read) => known ?? read(value), null);
  if (result === null) throw new Problem('not-a-tensor');
  return result;
}

/** Numbers of an input for a model. */
function numbers(value: unknown): { readonly shape: readonly number[]; readonly data: Float32Array } {
  const { shape, data } = found(value);
  return { shape, data: Float32Array.from(data, Number) };
}

/** Every layer's outputs for an input, or one of them. */
function outputsOf(model: unknown, input: unknown, request: ProbeRequest): ProbeReply {
  if (!isObject(model)) throw new Problem('not-a-tensor');
  const all: LayerOutputReply[] = [];
  let one: ProbeReply | null = null;
  const { output: wanted } = request;
  computeOutputs(model, input, {
    numbers,
    see: ({ layer, call, output, tensor }) => {
      if (wanted === null) all.push({ layer, call, output, shape: tensor['shape'] as readonly number[], statistics: statisticsOf(found(tensor).data) });
      else if (wanted.layer.join('\n') === layer.join('\n') && wanted.call === call && wanted.output === output) one = pictureOf(found(tensor), request);
    },
  });
  if (wanted === null) return { kind: 'outputs', outputs: all };
  if (one === null) throw new Problem('unreadable', `its layer ${wanted.layer.join('/')} was not reached`);
  return one;
}

function pictureOf(found: Found, request: ProbeRequest): ProbeReply {
  const shape = request.shape ?? found.shape;
  if (size(shape) !== found.data.length) throw new Problem('shape', `shape [${shape.join(', ')}] needs ${size(shape)} elements, it has ${found.data.length}`);
  if (found.data.length === 0) throw new Problem('empty', `its shape is [${shape.join(', ')}]`);
  const slice = request.slice ?? defaultSlice(shape, request.use, request.example);
  try {
    checkSlice(shape, slice);
  } catch (error) {
    throw new Problem('slice', error instanceof Error ? error.message : String(error));
  }
  if (request.wants === 'part' && request.part !== null) return { kind: 'part', values: base64(readPart({ shape, data: found.data }, slice, request.part)) };
  if (request.wants === 'clipped') return clippedOf(countedOf(found.data).counted, request.clip);
  const numbers = request.wants !== 'picture' || found.data.length <= fewElements ? numbersOf(found.data) : null;
  if (request.wants === 'numbers' && numbers !== null) return { kind: 'numbers', shape, numbers };
  const { values, ...layout } = readSlice({ shape, data: found.data }, slice, request.maxElements);
  return { kind: 'picture', type: found.type, dtype: found.dtype, shape, ...layout, values: base64(values), numbers };
}

function clippedOf(counted: NumericArray, clip: number): ProbeReply {
  const [low = NaN, high = NaN] = percentilesOf(counted, [clip, 100 - clip]);
  return { kind: 'clipped', low, high, histogram: histogramOf(counted, { min: low, max: high }) };
}

function countedOf(data: NumericArray): { readonly sampled: number; readonly counted: NumericArray } {
  const sampled = data.length <= mostCounted ? 1 : Math.ceil(data.length / sample);
  return { sampled, counted: sampled === 1 ? data : everyNth(data, sampled) };
}

function numbersOf(data: NumericArray): WholeNumbers {
  const { sampled, counted } = countedOf(data);
  const statistics = statisticsOf(counted);
  const blockLength = Math.ceil(counted.length / mostBlocks);
  return { statistics, histogram: histogramOf(counted, statistics), sampled, checksums: base64(checksumsOf(counted, blockLength)), blockLength };
}

function everyNth(data: NumericArray, step: number): NumericArray {
  const few = new Float64Array(Math.ceil(data.length / step));
  for (let i = 0; i < few.length; i += 1) few[i] = Number(data[i * step]);
  return few;
}

/** FNV-1a over the 32-bit words of each block (over the numbers themselves where elements are smaller). */
function checksumsOf(data: NumericArray, blockLength: number): Uint32Array {
  const perElement = data.BYTES_PER_ELEMENT >> 2;
  const words = perElement === 0 ? data : new Uint32Array(data.buffer, data.byteOffset, data.length * perElement);
  const length = blockLength * Math.max(1, perElement);
  return Uint32Array.from({ length: Math.ceil(words.length / length) }, (_, block) => {
    let hash = 0x811c9dc5;
    for (let i = block * length, end = Math.min(words.length, i + length); i < end; i += 1) hash = Math.imul(hash ^ Number(words[i]), 0x01000193);
    return hash;
  });
}

function base64(values: Float32Array | Uint32Array): string {
  if (typeof Buffer === 'function') return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** JSON has no NaN and no infinity: they travel as text. */
const withWords = (_: string, value: unknown): unknown => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);

/** The reply to a request for `value`, as JSON text; `input` is what a model is computed on. Never throws. */
export function probe(value: unknown, request: ProbeRequest, input?: unknown): string {
  let reply: ProbeReply;
  try {
    reply = request.computes ? outputsOf(value, input, request) : networkOf(value) ?? pictureOf(found(value), request);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    reply = { kind: 'problem', code: error instanceof Problem ? error.code : 'unreadable', type: className(value), detail };
  }
  return JSON.stringify(reply, withWords);
}
