/** Checkpoints of torch.distributed (FSDP, DTensor): a folder with `.metadata`, which lists tensors and their pieces, and `.distcp` files that hold the pieces. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { NumericArray, TensorValue } from '../../tensor/value';
import type { OpenedNetwork } from '../../network/network';
import { displayName } from '../../network/order';
import { fileBeside } from '../containers/beside';
import { openRanges, rangesOf } from '../containers/range-file';
import { openZipBytes } from '../containers/zip';
import { openModuleTree } from '../modules/module-tree';
import type { NamedTensor } from '../modules/module-tree';
import { shownShape, storedType } from '../modules/tensor-types';
import type { StoredType } from '../modules/tensor-types';
import { beside } from './checkpoint';
import { PickleCall, PickleGlobal, itemsOf, readPickle } from './pickle';
import type { PickleValue } from './pickle';
import { readArchive, readTensor } from './torch-file';

const maximalMetadata = 256 * 2 ** 20;

interface Piece { readonly offsets: readonly number[]; readonly file: string; readonly start: number; readonly length: number }

const field = (value: PickleValue | undefined, name: string): PickleValue => (value instanceof PickleCall && value.state instanceof Map ? value.state.get(name) ?? null : null);
const numbers = (value: PickleValue): readonly number[] => itemsOf(value).filter((item): item is number => typeof item === 'number' && Number.isSafeInteger(item) && item >= 0);

/** Opens the checkpoint that a `.metadata` or a `.distcp` file belongs to. @throws Failure */
export async function openDistributed(file: string): Promise<OpenedNetwork> {
  const folder = path.dirname(file);
  const label = path.basename(path.resolve(folder));
  const metadata = path.join(folder, '.metadata');
  const info = await stat(metadata).catch(() => null);
  if (info === null) throw new Failure('torch.distributed', `${path.basename(file)} is a piece of a distributed checkpoint, and the .metadata that lists its tensors is missing from its folder.`);
  if (info.size > maximalMetadata) throw new Failure('torch.distributed', `${label}/.metadata has ${info.size} bytes, more than the ${maximalMetadata} that are read.`);
  const { value } = readPickle(await readFile(metadata), `${label}/.metadata`);
  const [listed, stored] = [field(value, 'state_dict_metadata'), field(value, 'storage_data')];
  if (!(listed instanceof Map)) throw new Failure('torch.distributed', `${path.basename(file)} is no checkpoint of torch.distributed: its .metadata lists no tensors.`);
  const pieces = piecesOf(stored);
  const tensors: NamedTensor[] = [];
  for (const [name, entry] of listed) {
    const properties = field(entry, 'properties');
    // The state of TensorProperties is a tuple that begins with the type.
    const named = properties instanceof PickleCall ? itemsOf(properties.state)[0] : null;
    const type = named instanceof PickleGlobal ? storedType(named.name) : undefined;
    const shape = numbers(field(entry, 'size'));
    if (typeof name !== 'string' || type === undefined || shape.length !== itemsOf(field(entry, 'size')).length) continue;
    const state = beside.test(name.split('.')[0] ?? '');
    tensors.push({ name, dtype: type.dtype, shape: shownShape(type, shape), ...(state ? { buffer: true } : {}), read: () => assemble(metadata, name, type, shape, pieces.get(name) ?? []) });
  }
  const heads = new Set(tensors.filter(({ buffer }) => buffer !== true).map(({ name }) => name.split('.')[0] ?? ''));
  const count = new Set([...pieces.values()].flat().map((piece) => piece.file)).size;
  const absent = (await Promise.all([...new Set([...pieces.values()].flat().map((piece) => piece.file))].map(async (name) => (await fileBeside(metadata, name).then(() => true, () => false) ? [] : [name])))).flat();
  return openModuleTree({
    name: label, format: 'pytorch', formatDetail: `distributed checkpoint of ${count === 1 ? 'one file' : `${count} files`}${heads.size === 0 ? ', training state only' : ''}`, convention: 'pytorch', tensors,
    viewOnly: `${label} can be looked at but not run: how its modules are connected is Python code, which Backstep never runs.`,
    problems: absent.length === 0 ? [] : [`${label} is incomplete: ${absent.slice(0, 3).map((name) => displayName(name)).join(', ')}${absent.length > 3 ? ` and ${absent.length - 3} more files` : ''} ${absent.length === 1 ? 'is' : 'are'} missing from its folder, so weights in ${absent.length === 1 ? 'it' : 'them'} cannot be read.`],
    close: () => Promise.resolve(),
  });
}

/** Where the pieces of each tensor lie: `{MetadataIndex(fqn, offset): _StorageInfo(relative_path, offset, length)}`. */
function piecesOf(stored: PickleValue): ReadonlyMap<string, readonly Piece[]> {
  const pieces = new Map<string, Piece[]>();
  for (const [index, place] of stored instanceof Map ? stored : []) {
    if (!(index instanceof PickleCall)) continue;
    const [name, file, start, length] = [field(index, 'fqn'), field(place, 'relative_path'), field(place, 'offset'), field(place, 'length')];
    if (typeof name !== 'string' || typeof file !== 'string' || typeof start !== 'number' || typeof length !== 'number') continue;
    pieces.set(name, [...pieces.get(name) ?? [], { offsets: numbers(field(index, 'offset')), file, start, length }]);
  }
  return pieces;
}

/** Reads a tensor's pieces and puts each in its place. @throws Failure when one is missing or does not fit */
async function assemble(metadata: string, name: string, type: StoredType, shape: readonly number[], pieces: readonly Piece[]): Promise<TensorValue> {
  const what = `Tensor ${displayName(name)}, which ${path.basename(path.dirname(path.resolve(metadata)))}/.metadata lists,`;
  const shown = shownShape(type, shape);
  let data: NumericArray | null = null;
  let filled = 0;
  for (const piece of pieces) {
    const value = await fileBeside(metadata, piece.file).then((file) => readPiece(file, piece, what)).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(error.code, `${what} cannot be read, a piece of it is lost: ${error.message}`, { cause: error });
    });
    if (value.shape.length !== shown.length || value.dtype !== type.dtype || value.shape.some((extent, axis) => (piece.offsets[axis] ?? 0) + extent > (shown[axis] ?? 0))) {
      throw new Failure('torch.distributed', `${what} cannot be put together: a piece of shape (${value.shape.join(', ')}) does not fit into (${shown.join(', ')}).`);
    }
    if (pieces.length === 1 && value.data.length === sizeOf(shown)) return { ...value, shape: shown };
    // All arrays of numbers are made alike; the cast only picks one for the compiler.
    data ??= new (value.data.constructor as Float32ArrayConstructor)(sizeOf(shown));
    place(data, shown, value.data as Float32Array, value.shape, piece.offsets);
    filled += value.data.length;
  }
  if (data === null || filled < sizeOf(shown)) throw new Failure('torch.distributed', `${what} is incomplete: of its ${sizeOf(shown)} elements the checkpoint lists ${filled}.`);
  return { dtype: type.dtype, shape: shown, data };
}

/** A piece is a file of torch.save of its own, at a place in the `.distcp`. */
async function readPiece(file: string, { start, length }: Piece, what: string): Promise<TensorValue> {
  const ranges = await openRanges(file);
  try {
    const bytes = await ranges.read(start, length, what);
    const inner = rangesOf(bytes, ranges.label);
    const zip = await openZipBytes(bytes, `${ranges.label} at byte ${start}`);
    const { state, bigEndian, read } = await readArchive(zip, inner);
    const [first] = state.tensors;
    if (first === undefined) throw new Failure('torch.distributed', `${ranges.label} holds no tensor at byte ${start}.`);
    return await readTensor(first.tensor, what, bigEndian, read);
  } finally {
    await ranges.close();
  }
}

/** Copies `from` into `to` at `offsets`, row by row. */
function place(to: Float32Array, whole: readonly number[], from: Float32Array, part: readonly number[], offsets: readonly number[]): void {
  const row = part.at(-1) ?? 1;
  for (let start = 0; start < from.length; start += row) {
    let rest = start, at = 0, step = 1;
    for (let axis = part.length - 1; axis >= 0; axis -= 1) {
      const extent = part[axis] ?? 1;
      at += ((rest % extent) + (offsets[axis] ?? 0)) * step;
      step *= whole[axis] ?? 1;
      rest = Math.floor(rest / extent);
    }
    to.set(from.subarray(start, start + row), at);
  }
}
