/** Files and folders that appear under their name only when they are whole. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../tensor/failure';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'writing there is not permitted', EPERM: 'writing there is not permitted', EROFS: 'the disk is read-only', ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is not a folder', EEXIST: 'a file of that name is in the way', EISDIR: 'it is a folder', ENAMETOOLONG: 'the name is too long',
  ENOENT: 'a folder on the path does not exist', EDQUOT: 'the disk quota is used up', ENOTEMPTY: 'a folder of that name is in the way',
};

/** Runs an action that writes. @throws Failure `write.failed` with a sentence for what the system refuses */
export async function writing<T>(place: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
    if (code === '' || error instanceof Failure) throw error;
    throw new Failure('write.failed', `${place} cannot be written: ${reasons[code] ?? code}.`, { cause: error });
  }
}

/** Writes a file beside its name and then gives it the name. */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  await writing(file, async () => {
    await mkdir(path.dirname(file), { recursive: true });
    const partial = `${file}.${process.pid}.partial`;
    try {
      await writeFile(partial, content);
      await rename(partial, file);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined);
      throw error;
    }
  });
}

/** Fills a folder under another name and then gives it its own, in place of one that is there. */
export async function fillWhole(folder: string, fill: (partial: string) => Promise<void>): Promise<void> {
  await writing(folder, async () => {
    const partial = `${folder}.${process.pid}.partial`;
    try {
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial, { recursive: true });
      await fill(partial);
      await rm(folder, { recursive: true, force: true });
      await rename(partial, folder);
    } catch (error) {
      await rm(partial, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  });
}
