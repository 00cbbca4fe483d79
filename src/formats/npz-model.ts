/** NumPy's .npz archives of weights, and single .npy arrays, opened as a model: names of arrays with `/` or `.` are modules. */
import path from 'node:path';
import { Failure, sentenceOf } from '../tensor/failure';
import { readNpy, readNpyHeader } from '../tensor/npy';
import type { OpenedNetwork } from '../network/network';
import { displayName } from '../network/order';
import { openModuleTree } from './modules/module-tree';
import { shownShape } from './modules/tensor-types';
import type { NamedTensor } from './modules/module-tree';
import type { Zip } from './containers/zip';
import { openZip } from './containers/zip';
import { openRanges } from './containers/range-file';
import { readPickle } from './torch/pickle';
import { stateOf } from './torch/state';
import { readTensor } from './torch/torch-file';

const maximalArray = 2 ** 31 - 1;
const maximalArrays = 10_000;

/** True when all members of an archive are NumPy arrays. */
export function isNpz(zip: Zip): boolean {
  const names = [...zip.members.keys()];
  return names.length > 0 && names.every((name) => name.endsWith('.npy'));
}

/** True for the signature of a single array. */
export function looksLikeNpy(head: Uint8Array): boolean {
  return [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, index) => head[index] === byte);
}

/** Opens a single array; one of Python objects (a record of arrays that `numpy.save` pickled) as its arrays. @throws Failure */
export async function openNpyModel(file: string): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const ranges = await openRanges(file);
  try {
    const head = await ranges.read(0, Math.min(ranges.size, 65_536), 'its header');
    const name = label.replace(/\.npy$/i, '');
    const objects = objectsStart(head);
    const tensors: NamedTensor[] = objects === null
      ? [{ name: name.replaceAll('.', '_'), ...readNpyHeader(head, label), read: async () => readNpy(await ranges.read(0, ranges.size, 'its elements'), label) }]
      : objectTensors(await ranges.read(0, ranges.size, 'its objects'), objects, label);
    return openModuleTree({
      name: label, format: 'npz', formatDetail: objects === null ? 'one array' : 'Python objects', convention: 'keras', tensors, problems: [],
      viewOnly: `${label} holds ${tensors.length === 1 ? 'an array' : 'arrays'} only: it does not say which network ${tensors.length === 1 ? 'it belongs' : 'they belong'} to, so it can be looked at but not run.`,
      close: () => ranges.close(),
    });
  } catch (error) {
    await ranges.close();
    throw error;
  }
}

/** Where the pickle of an array of objects begins; null for an array of numbers. */
function objectsStart(head: Uint8Array): number | null {
  const version = head[6] ?? 0;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const start = version === 1 ? 10 : 12;
  if (head.length < start) return null;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  return /'descr'\s*:\s*'\|O\d*'/.test(new TextDecoder('latin1').decode(head.subarray(start, start + Math.min(length, 4096)))) ? start + length : null;
}

/** The arrays in a pickle of objects, by their keys. @throws Failure when there are none */
function objectTensors(bytes: Uint8Array, start: number, label: string): NamedTensor[] {
  const { tensors, foreign } = stateOf(readPickle(bytes, label, start).value);
  if (tensors.length === 0) throw new Failure('npy.objects', `${label} holds Python objects and no arrays of numbers${foreign[0] === undefined ? '' : ` (it refers to ${displayName(foreign[0])}; nothing of it was run)`}.`);
  return tensors.map(({ name, tensor }) => ({ name, dtype: tensor.type.dtype, shape: shownShape(tensor.type, tensor.shape), read: () => readTensor(tensor, `${label}#${displayName(name)}`, false, () => Promise.reject(new Failure('npy.objects', `${label} refers to a storage that it does not hold.`))) }));
}

/** Opens an archive of weights; headers at once, arrays when asked. @throws Failure */
export async function openNpzModel(file: string): Promise<OpenedNetwork> {
  const label = path.basename(file);
  const zip = await openZip(file);
  const tensors: NamedTensor[] = [];
  const problems: string[] = [];
  try {
    if (zip.members.size > maximalArrays) throw new Failure('npz.entries', `${label} holds ${zip.members.size} arrays, more than the ${maximalArrays} that are shown.`);
    for (const member of zip.members.keys()) {
      const name = member.slice(0, -4);
      try {
        const { shape, dtype } = readNpyHeader(await zip.head(member, 4096), `${label}#${displayName(name)}`);
        tensors.push({ name, shape, dtype, read: async () => readNpy(await zip.read(member, maximalArray), `${label}#${displayName(name)}`) });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        problems.push(sentenceOf(error));
      }
    }
    if (tensors.length === 0 && problems[0] !== undefined) throw new Failure('npz.arrays', problems[0]);
    const separator = tensors.some(({ name }) => name.includes('/')) ? '/' : '.';
    return openModuleTree({
      name: label, format: 'npz', convention: 'keras', separator, tensors, problems: problems.slice(0, 3),
      viewOnly: `${label} holds arrays only: it does not say which network they belong to, so they can be looked at but not run.`,
      close: () => { zip.close(); return Promise.resolve(); },
    });
  } catch (error) {
    zip.close();
    throw error;
  }
}
