/** TensorFlow.js's weights: a manifest in `model.json`, and shards of bytes beside it, cut anywhere, even inside a tensor. Texts are passed over. */
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { bytesPerElement, decodeElements } from '../../tensor/elements';
import { sizeOf } from '../../tensor/value';
import type { DType, TensorValue } from '../../tensor/value';
import { isObject } from '../../network/kinds/kind';
import type { Json, JsonObject } from '../../network/network';
import { displayName } from '../../network/order';
import { shapeFrom } from '../keras/references';
import { describeBytes } from '../containers/zip';

/** Stored as whole numbers q, meant as q * scale + min. */
interface Quantization { readonly dtype: 'uint8' | 'uint16' | 'float16'; readonly scale: number; readonly min: number }

export interface ManifestWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** dtype of the value, not of its storage. */
  readonly dtype: DType;
  readonly quantization: Quantization | null;
  /** `optimizer` for optimizer state; null for the model's weights. */
  readonly group: string | null;
  /** Bytes from the start of its group of shards. */
  readonly offset: number;
  readonly bytes: number;
  readonly shards: readonly Shard[];
}

/** A file of the group, and where its bytes begin within the group. */
interface Shard { readonly path: string; readonly offset: number; readonly size: number }

export interface Manifest {
  readonly weights: ReadonlyMap<string, ManifestWeight>;
  /** Names of tensors of texts. */
  readonly texts: ReadonlySet<string>;
  /** Sentences on shards that are missing, refused or too short. */
  readonly problems: readonly string[];
  /** @throws Failure when its bytes are not there. */
  read(name: string): Promise<TensorValue>;
}

const storedTypes: Readonly<Record<string, DType>> = { float32: 'float32', int32: 'int32', bool: 'bool', uint8: 'uint8', float16: 'float16', uint16: 'uint16' };

/** Reads the manifest and looks at the shards' sizes; their bytes are read when asked for. @throws Failure when the manifest itself is malformed. */
export async function openManifest(modelFile: string, source: Json | undefined): Promise<Manifest> {
  const label = path.basename(modelFile);
  const weights = new Map<string, ManifestWeight>();
  const problems: string[] = [];
  const texts = new Set<string>();
  const groups: readonly Json[] = Array.isArray(source) ? source : [];
  const window = new Window();
  for (const group of groups) {
    if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) throw new Failure('tfjs.manifest', `${label}: a group of its weightsManifest has no paths or no weights.`);
    const { shards, total, problem } = await shardsOf(modelFile, group.paths as readonly Json[]);
    if (problem !== null) problems.push(problem);
    let offset = 0;
    for (const entry of group.weights as readonly Json[]) {
      if (isObject(entry) && entry.dtype === 'string') { if (typeof entry.name === 'string') texts.add(entry.name); offset += problem === null ? await textBytes(window, shards, offset, total, entry, label) : 0; continue; }
      const weight = weightFrom(entry, offset, shards, label);
      if (weights.has(weight.name)) throw new Failure('tfjs.manifest', `${label}: its weightsManifest lists ${displayName(weight.name)} twice.`);
      weights.set(weight.name, weight);
      offset += weight.bytes;
    }
    if (problem === null && total < offset) {
      problems.push(`The weights of ${label} are incomplete: its weightsManifest declares ${offset} bytes, its shards (${shards.map((shard) => path.basename(shard.path)).slice(0, 4).join(', ')}) have ${total}.`);
    }
  }
  return { weights, texts, problems, read: (name) => readWeight(window, weights, name, label) };
}

function weightFrom(entry: Json, offset: number, shards: readonly Shard[], label: string): ManifestWeight {
  if (!isObject(entry) || typeof entry.name !== 'string') throw new Failure('tfjs.manifest', `${label}: a weight of its weightsManifest has no name.`);
  const where = `${label}: weight ${displayName(entry.name)} of its weightsManifest`;
  const shape = shapeFrom(entry.shape);
  if (shape === null || shape.includes(null)) throw new Failure('tfjs.manifest', `${where} has no proper shape.`);
  const extents = shape.map((extent) => extent ?? 0);
  const quantization = isObject(entry.quantization) ? quantizationFrom(entry.quantization, where) : null;
  const dtype = typeof entry.dtype === 'string' && Object.hasOwn(storedTypes, entry.dtype) ? storedTypes[entry.dtype] : undefined;
  if (dtype === undefined) throw new Failure('tfjs.manifest', `${where} holds elements of type ${displayName(JSON.stringify(entry.dtype ?? null))}; only numbers can be read.`);
  const bytes = sizeOf(extents) * bytesPerElement[quantization?.dtype ?? dtype];
  if (!Number.isSafeInteger(bytes)) throw new Failure('tfjs.manifest', `${where} declares an impossible shape (${extents.join(', ')}).`);
  return { name: entry.name, shape: extents, dtype, quantization, group: typeof entry.group === 'string' ? entry.group : null, offset, bytes, shards };
}

function quantizationFrom(source: JsonObject, where: string): Quantization {
  const { dtype, scale, min } = source;
  if (dtype === 'float16') return { dtype, scale: 1, min: 0 };
  if ((dtype !== 'uint8' && dtype !== 'uint16') || typeof scale !== 'number' || typeof min !== 'number') throw new Failure('tfjs.manifest', `${where} has a quantization that is not known.`);
  return { dtype, scale, min };
}

/** Paths and sizes of shards. A path that leaves the model's folder is never touched. */
async function shardsOf(modelFile: string, paths: readonly Json[]): Promise<{ shards: readonly Shard[]; total: number; problem: string | null }> {
  const label = path.basename(modelFile);
  const folder = await realpath(path.dirname(modelFile));
  const shards: Shard[] = [];
  let offset = 0;
  let problem: string | null = null;
  for (const [index, name] of paths.entries()) {
    if (index >= maximalShards) {
      problem ??= `${label} names ${paths.length.toLocaleString('en-US')} shards, more than the ${maximalShards.toLocaleString('en-US')} that are read; weights behind those are not.`;
      break;
    }
    const shown = typeof name === 'string' ? displayName(name, 120) : '?';
    if (typeof name !== 'string' || leaves(name)) {
      problem ??= `${label}: the path ${shown} of its weightsManifest is refused because it leaves the model's folder; its weights are not read.`;
      break;
    }
    const file = path.join(folder, name);
    const real = await realpath(file).catch(() => null);
    if (real === null) {
      problem ??= `The weights of ${label} are incomplete: the shard ${shown} is missing from its folder.`;
      break;
    }
    if (path.relative(folder, real).startsWith('..') || path.isAbsolute(path.relative(folder, real))) {
      problem ??= `${label}: the shard ${shown} is refused because it is a link that leaves the model's folder; its weights are not read.`;
      break;
    }
    const info = await stat(real);
    if (!info.isFile()) {
      problem ??= `${label}: the shard ${shown} is not a file.`;
      break;
    }
    shards.push({ path: real, offset, size: info.size });
    offset += info.size;
  }
  return { shards, total: offset, problem };
}

function leaves(name: string): boolean {
  return name === '' || name.includes('\0') || path.posix.isAbsolute(name) || path.win32.isAbsolute(name) || /^[a-z][a-z0-9+.-]*:/i.test(name) || name.split(/[\\/]/).includes('..');
}

/** Small pieces of shards are read together, in blocks of which the last few are kept: models hold thousands of single numbers, in the order of their ops. */
class Window {
  private readonly blocks = new Map<string, Uint8Array>();

  /** Fills `into` with the bytes of a shard from `at` on. @throws Failure when the shard has become shorter */
  async read(shard: Shard, at: number, into: Uint8Array): Promise<void> {
    if (into.length > blockBytes / 4) return readInto(shard, at, into);
    for (let done = 0; done < into.length;) {
      const number = Math.floor((at + done) / blockBytes), from = at + done - number * blockBytes;
      const part = (await this.block(shard, number)).subarray(from, from + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  }

  private async block(shard: Shard, number: number): Promise<Uint8Array> {
    const key = `${number} ${shard.path}`, kept = this.blocks.get(key);
    this.blocks.delete(key);
    const bytes = kept ?? new Uint8Array(Math.min(blockBytes, shard.size - number * blockBytes));
    if (kept === undefined) await readInto(shard, number * blockBytes, bytes);
    this.blocks.set(key, bytes);
    for (const [oldest] of this.blocks) if (this.blocks.size > keptBlocks) this.blocks.delete(oldest);
    return bytes;
  }
}
const blockBytes = 64 * 1024, keptBlocks = 64;
/** Files of 4 MB each, as TensorFlow.js writes them: more than any model has. */
const maximalShards = 10_000;

async function readInto({ path: file }: Shard, at: number, into: Uint8Array): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead } = await handle.read(into, 0, into.length, at);
    if (bytesRead !== into.length) throw new Failure('weights.incomplete', `${path.basename(file)} became shorter while it was read.`);
  } finally {
    await handle.close();
  }
}

/** Bytes of a group of shards, from `offset` on. */
async function bytesOf(window: Window, shards: readonly Shard[], offset: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (const shard of shards) {
    const from = Math.max(offset, shard.offset);
    const to = Math.min(offset + count, shard.offset + shard.size);
    if (from < to) await window.read(shard, from - shard.offset, bytes.subarray(from - offset, to - offset));
  }
  return bytes;
}

/** Bytes that a tensor of texts takes: each has its length before it. @throws Failure when they reach beyond the shards */
async function textBytes(window: Window, shards: readonly Shard[], start: number, total: number, entry: JsonObject, label: string): Promise<number> {
  const count = sizeOf((shapeFrom(entry.shape) ?? []).map((extent) => extent ?? 0));
  let offset = start;
  for (let index = 0; index < count; index += 1) {
    const beyond = offset + 4 > total;
    if (!beyond) offset += 4 + new DataView((await bytesOf(window, shards, offset, 4)).buffer).getUint32(0, true);
    if (beyond || offset > total) throw new Failure('tfjs.manifest', `${label}: the texts of weight ${displayName(typeof entry.name === 'string' ? entry.name : '?')} reach beyond its shards.`);
  }
  return offset - start;
}

async function readWeight(window: Window, weights: ReadonlyMap<string, ManifestWeight>, name: string, label: string): Promise<TensorValue> {
  const weight = weights.get(name);
  if (weight === undefined) throw new Failure('weights.absent', `${label} holds no weight ${displayName(name)}.`);
  const end = weight.shards.reduce((last, shard) => Math.max(last, shard.offset + shard.size), 0);
  if (weight.offset + weight.bytes > end) {
    throw new Failure('weights.incomplete', `Weight ${displayName(name)} of ${label} cannot be read: it needs ${describeBytes(weight.bytes)} from byte ${weight.offset} on, but its shards end at byte ${end}.`);
  }
  const bytes = await bytesOf(window, weight.shards, weight.offset, weight.bytes);
  const { quantization } = weight;
  if (quantization === null) return { dtype: weight.dtype, shape: weight.shape, data: decodeElements(bytes, weight.dtype) };
  const stored = decodeElements(bytes, quantization.dtype) as Uint8Array | Uint16Array | Float32Array;
  if (weight.dtype === 'int32') return { dtype: 'int32', shape: weight.shape, data: Int32Array.from(stored, (value) => Math.round(value * quantization.scale + quantization.min)) };
  return { dtype: 'float32', shape: weight.shape, data: Float32Array.from(stored, (value) => value * quantization.scale + quantization.min) };
}
