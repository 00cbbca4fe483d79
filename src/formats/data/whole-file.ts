/** Files that are read whole: what is no regular file is not waited for, and what is too large is not begun. */
import { readFile, stat } from 'node:fs/promises';
import { Failure } from '../../tensor/failure';
import { describeBytes } from '../containers/zip';

/** The bytes of a file. @throws Failure `data.kind`, `data.size`; Node's error when it is not there or may not be read */
export async function readWhole(file: string, limit: number): Promise<Buffer> {
  const info = await stat(file);
  // A pipe would keep whoever reads it waiting, a device has no end.
  if (!info.isFile()) throw new Failure('data.kind', `${file} is not a regular file.`);
  if (info.size > limit) throw new Failure('data.size', `${file} has ${describeBytes(info.size)}, more than the ${describeBytes(limit)} that are read of such a file.`);
  return readFile(file);
}
