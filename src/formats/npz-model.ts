/** NumPy's .npz archives of weights, opened as a model: names of arrays with `/` or `.` are modules. */
import path from 'node:path';
import { Failure, sentenceOf } from '../tensor/failure';
import { readNpy, readNpyHeader } from '../tensor/npy';
import type { OpenedNetwork } from '../network/network';
import { displayName } from '../network/order';
import { openModuleTree } from './modules/module-tree';
import type { NamedTensor } from './modules/module-tree';
import type { Zip } from './containers/zip';
import { openZip } from './containers/zip';

const maximalArray = 2 ** 31 - 1;
const maximalArrays = 10_000;

/** True when all members of an archive are NumPy arrays. */
export function isNpz(zip: Zip): boolean {
  const names = [...zip.members.keys()];
  return names.length > 0 && names.every((name) => name.endsWith('.npy'));
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
