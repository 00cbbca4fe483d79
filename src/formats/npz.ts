/** NumPy's .npz archives: arrays by name, stored or compressed, each read when asked. */
import path from 'node:path';
import { readNpy } from '../tensor/npy';
import type { TensorValue } from '../tensor/value';
import { Failure } from '../tensor/failure';
import { openZip } from './containers/zip';

/** No array of an archive may take more memory than this. */
const maximalArray = 2 ** 31 - 1;

export interface Npz {
  /** Names of the arrays, without `.npy`, in the archive's order. */
  readonly names: readonly string[];
  /** @throws Failure when there is no such array (the message lists those that are there) or it is damaged. */
  read(name: string): Promise<TensorValue>;
  close(): void;
}

/** Opens an archive without reading its arrays; close it when done. @throws Failure `zip.*` */
export async function openNpz(file: string): Promise<Npz> {
  const zip = await openZip(file);
  const label = path.basename(file);
  const names = [...zip.members.keys()].filter((name) => name.endsWith('.npy')).map((name) => name.slice(0, -4));
  return {
    names,
    async read(name) {
      if (!zip.members.has(`${name}.npy`)) {
        throw new Failure('npz.absent', `${label} holds no array ${name}; it holds ${names.slice(0, 20).join(', ') || 'none'}.`);
      }
      return readNpy(await zip.read(`${name}.npy`, maximalArray), `${label}#${name}`);
    },
    close: () => { zip.close(); },
  };
}

/** All arrays of a (small) archive by name. */
export async function readNpz(file: string): Promise<Map<string, TensorValue>> {
  const npz = await openNpz(file);
  try {
    const arrays = new Map<string, TensorValue>();
    for (const name of npz.names) arrays.set(name, await npz.read(name));
    return arrays;
  } finally {
    npz.close();
  }
}
