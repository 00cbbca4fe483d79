/** PyTorch's files: zip archives (state_dict, checkpoint, whole module, TorchScript, exported program) and the pickle stream from before 1.6. */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import type { OpenedNetwork } from '../../network/network';
import { displayName } from '../../network/order';
import type { TensorValue } from '../../tensor/value';
import { describedBeside, shardProblems } from '../huggingface/beside';
import { openModuleTree } from '../modules/module-tree';
import type { NamedTensor } from '../modules/module-tree';
import { shownShape } from '../modules/tensor-types';
import { openRanges } from '../containers/range-file';
import type { RangeFile } from '../containers/range-file';
import { describeBytes, openZip } from '../containers/zip';
import type { Zip } from '../containers/zip';
import { readExport } from './exported';
import { readLegacy } from './legacy';
import { readPickle } from './pickle';
import { rolesOf } from './script-roles';
import { stateOf } from './state';
import type { TorchState } from './state';
import type { TorchTensor } from './tensors';
import { byBlock, readView } from './view';

const maximalPickle = 256 * 2 ** 20;
/** A pickle with its tensors inside is read whole. */
const maximalPlain = 512 * 2 ** 20;
/** Storages that are packed have to be unpacked whole. */
const maximalPacked = 2 ** 31 - 1;

/** Bytes of a storage by its key. */
export type ReadStorage = (tensor: TorchTensor, offset: number, length: number) => Promise<Uint8Array>;
export interface TorchContent { readonly state: TorchState; readonly kind: string; readonly bigEndian: boolean; readonly read: ReadStorage }

/** True for archives with a pickle or an exported program in PyTorch's places. */
export function isTorchArchive(zip: Zip): boolean {
  return memberNamed(zip, 'data.pkl') !== null || memberNamed(zip, 'data/weights/model_weights_config.json') !== null;
}

/** True for the magic number of the stream that `torch.save` wrote before version 1.6, in binary or (protocols 0 and 1) in digits. */
export function looksLikeLegacyTorch(head: Uint8Array): boolean {
  const magic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  if (new TextDecoder('latin1').decode(head.subarray(0, 28)) === 'L119547037146038801333356L\n.') return true;
  return head[0] === 0x80 && [2, 11].some((start) => magic.every((byte, index) => head[start + index] === byte));
}

/** True for a pickle of protocols 2 to 5 that is no file of PyTorch: Python's own, which may hold tensors and arrays. */
export function looksLikePickle(head: Uint8Array): boolean {
  const [first, protocol = 0, next = 0] = head;
  return first === 0x80 && protocol >= 2 && protocol <= 5 && (protocol >= 4 ? next === 0x95 : [0x7d, 0x5d, 0x28, 0x63, 0x8c, 0x58, 0x4b, 0x4e, 0x29].includes(next));
}

/** Python's own pickle, whose tensors and arrays stand in it. */
async function readPlain(file: RangeFile): Promise<TorchContent> {
  if (file.size > maximalPlain) throw new Failure('pickle.size', `${file.label} is a Python pickle of ${describeBytes(file.size)}, more than the ${describeBytes(maximalPlain)} that are read, as all of it has to be in memory. Save the weights with torch.save.`);
  const state = stateOf(readPickle(await file.read(0, file.size, 'its pickle'), file.label).value);
  return { state, kind: 'Python pickle', bigEndian: false, read: () => Promise.reject(new Failure('torch.storage', `${file.label} refers to a storage that it does not hold.`)) };
}

/** The member `folder/ending` with the shortest name, where `folder` is one level or none. */
export function memberNamed(zip: Zip, ending: string): string | null {
  const depth = ending.split('/').length;
  const found = [...zip.members.keys()].filter((name) => name === ending || (name.endsWith(`/${ending}`) && name.split('/').length === depth + 1));
  return found[0] ?? null;
}

/** Opens a file of PyTorch without running anything of it. @throws Failure */
export async function openTorch(file: string): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const content = await readTorch(file);
  const { tensors, modules, problems, kind } = content;
  try {
    const beside = await describedBeside(file) ?? '';
    return openModuleTree({
      name: label, format: 'pytorch', formatDetail: [beside, kind].filter((part) => part !== '').join(', '), convention: 'pytorch',
      viewOnly: `${label} can be looked at but not run: how its modules are connected is Python code, which Backstep never runs.`,
      problems: [...await shardProblems(file), ...problems], modules, tensors, close: () => content.close(),
    });
  } catch (error) {
    await content.close();
    throw error;
  }
}

/** What a file of PyTorch holds, as tensors by name. Close it when done. */
export interface TorchTensors {
  readonly tensors: readonly NamedTensor[];
  readonly modules: TorchState['modules'];
  readonly problems: readonly string[];
  /** What kind of file: `TorchScript`, `exported program`, …; empty for the usual one. */
  readonly kind: string;
  close(): Promise<void>;
}

/** Reads the names and places of a file's tensors. @throws Failure, also when there are none */
export async function readTorch(file: string): Promise<TorchTensors> {
  const ranges = await openRanges(file);
  let zip: Zip | null = null;
  try {
    const head = await ranges.read(0, Math.min(64, ranges.size), 'its first bytes');
    zip = head[0] === 0x50 ? await openZip(file) : null;
    const content = zip === null ? await (looksLikeLegacyTorch(head) ? readLegacy(ranges) : readPlain(ranges)) : memberNamed(zip, 'data.pkl') === null ? await readExport(zip, ranges) : await readArchive(zip, ranges);
    const opened = zip;
    return tensorsOf(ranges.label, content, async () => { opened?.close(); await ranges.close(); });
  } catch (error) {
    zip?.close();
    await ranges.close();
    throw error;
  }
}

function tensorsOf(label: string, { state, kind, bigEndian, read }: TorchContent, close: () => Promise<void>): TorchTensors {
  const named = state.foreign.slice(0, 4).map((name) => displayName(name)).join(', ') + (state.foreign.length > 4 ? ` and ${state.foreign.length - 4} more` : '');
  const foreign = state.foreign.length === 0 ? [] : [`${label} refers to ${named}, which Backstep does not know: nothing of it was run.`];
  const lost = state.unreadable.length;
  const problems = [
    ...foreign,
    ...(lost === 0 ? [] : [`${lost === 1 ? 'One tensor' : `${lost} tensors`} of ${label} cannot be shown, because Backstep does not know the kind: ${displayName(state.unreadable[0] ?? '')}${lost === 1 ? '' : ' and others'}.`]),
    ...(state.tensors.some(({ tensor }) => tensor.storage === null && tensor.bytes === undefined) ? [`${label} only describes some tensors (PyTorch's device "meta"): their shapes are shown, but it holds no values of them.`] : []),
  ];
  if (state.tensors.length === 0 && state.modules.size === 0) throw new Failure('torch.empty', problems[0] ?? `${label} ${kind === 'Python pickle' ? 'is a Python pickle without' : 'holds no'} tensors, so there is nothing to show.`);
  return {
    kind, modules: state.modules, close, problems,
    tensors: state.tensors.map(({ name, tensor, buffer, trainable }) => ({
      name, dtype: tensor.type.dtype, shape: shownShape(tensor.type, tensor.shape), ...(buffer === undefined ? {} : { buffer }), ...(trainable === undefined ? {} : { trainable }),
      ...memoryOf(tensor),
      read: () => readTensor(tensor, `Tensor ${displayName(name)} of ${label}`, bigEndian, read),
    })),
  };
}

/** Where a tensor lies, for finding those that are the same one. */
function memoryOf({ storage, bytes, offset, shape, strides }: TorchTensor): { readonly memory?: string } {
  if (shape.includes(0) || (storage === null && bytes === undefined)) return {};
  return { memory: [storage ?? `${buffersSeen(bytes)} ${bytes?.byteOffset ?? 0}`, offset, shape, strides].join(' ') };
}

const buffers = new WeakMap<ArrayBufferLike, number>();
let buffersCount = 0;
function buffersSeen(bytes: Uint8Array | undefined): number {
  const buffer = bytes?.buffer;
  if (buffer === undefined) return 0;
  if (!buffers.has(buffer)) buffers.set(buffer, buffersCount += 1);
  return buffers.get(buffer) ?? 0;
}

/** A tensor's values. @throws Failure when the file does not hold them */
export async function readTensor(tensor: TorchTensor, what: string, bigEndian: boolean, read: ReadStorage): Promise<TensorValue> {
  const { bytes } = tensor;
  if (tensor.storage === null && bytes === undefined) throw new Failure('torch.meta', `${what} is only described (it was saved from PyTorch's device "meta"): the file holds its shape and type, but no values.`);
  const value = await readView(tensor, what, tensor.bigEndian ?? bigEndian, (offset, length) => (bytes === undefined ? read(tensor, offset, length) : Promise.resolve(bytes.subarray(offset, offset + length))));
  if (tensor.blocks === undefined) return value;
  const { scale, zero } = tensor.blocks;
  return byBlock(value, await readTensor(scale, `The scales of ${what}`, bigEndian, read), zero === null ? null : await readTensor(zero, `The zeros of ${what}`, bigEndian, read));
}

/** What an archive of torch.save or TorchScript holds. @throws Failure */
export async function readArchive(zip: Zip, ranges: RangeFile): Promise<TorchContent> {
  const { label } = ranges;
  const pickle = memberNamed(zip, 'data.pkl') ?? '';
  const folder = pickle.slice(0, -'data.pkl'.length);
  const { value } = readPickle(await zip.read(pickle, maximalPickle), `${label} (${pickle})`);
  const order = zip.members.has(`${folder}byteorder`) ? new TextDecoder().decode(await zip.read(`${folder}byteorder`, 64)) : 'little';
  const script = [...zip.members.keys()].some((name) => name.startsWith(`${folder}code/`));
  const state = stateOf(value, script ? await rolesOf(zip, folder) : undefined);
  const bigEndian = order.trim() === 'big';
  // Freezing makes constants of all weights.
  const constants = script && state.tensors.length === 0 && zip.members.has(`${folder}constants.pkl`) ? `${folder}constants.pkl` : null;
  if (constants !== null) {
    const { tensors, ...frozen } = stateOf(readPickle(await zip.read(constants, maximalPickle), `${label} (${constants})`).value);
    if (tensors.length > 0) return { state: { ...frozen, tensors, modules: state.modules }, kind: 'TorchScript, frozen', bigEndian, read: storageReader(zip, ranges, (key) => `${folder}constants/${key}`) };
  }
  // Versions 1.4 and 1.5 had another name for the folder of storages.
  const place = [...zip.members.keys()].some((name) => name.startsWith(`${folder}tensors/`)) ? 'tensors' : 'data';
  return { state, kind: script ? 'TorchScript' : '', bigEndian, read: storageReader(zip, ranges, (key) => `${folder}${place}/${key}`) };
}

/** Reads stored members by range, packed ones whole. */
export function storageReader(zip: Zip, ranges: RangeFile, memberOf: (key: string) => string): ReadStorage {
  return async (tensor, offset, length) => {
    const name = memberOf(tensor.storage ?? '');
    const member = zip.members.get(name);
    if (member === undefined) throw new Failure('torch.storage', `${ranges.label} is incomplete: it has no member ${displayName(name)} for this tensor.`);
    if (offset + length > member.size) {
      throw new Failure('torch.storage', `${ranges.label}: ${displayName(name)} has ${describeBytes(member.size)}, but the tensor needs ${describeBytes(offset + length)}.`);
    }
    if (member.stored) return ranges.read(await zip.offsetOf(name) + offset, length, displayName(name));
    return (await zip.read(name, maximalPacked)).subarray(offset, offset + length);
  };
}
