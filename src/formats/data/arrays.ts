/** Arrays by path: `x.npy`, or one array of an archive as `batch.npz#x`. */
import { Failure } from '../../tensor/failure';
import { readNpy } from '../../tensor/npy';
import type { TensorValue } from '../../tensor/value';
import { openNpz } from '../npz';
import { readWhole } from './whole-file';

const maximalArray = 2 ** 31 - 1;

/** Reads the array. @throws Failure when the file is of another kind, broken, or holds several arrays and none is named. */
export async function readArray(path: string): Promise<TensorValue> {
  const hash = path.lastIndexOf('#');
  const file = hash < 0 ? path : path.slice(0, hash);
  if (!/\.npz$/i.test(file)) return readNpy(await readWhole(file, maximalArray), file);
  const archive = await openNpz(file);
  try {
    const only = archive.names.length === 1 ? archive.names[0] : undefined;
    const name = hash < 0 ? only : path.slice(hash + 1);
    if (name === undefined) throw new Failure('data.npz', `${file} holds ${archive.names.length} arrays; name one as ${file}#${archive.names[0] ?? 'name'}.`);
    return await archive.read(name);
  } finally {
    archive.close();
  }
}
