/** Files that a model names beside itself: never outside the model's folder, not even through links. */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import { displayName } from '../../network/order';

/** True for names that could leave a folder. */
export function leavesFolder(name: string): boolean {
  return name === '' || name.includes('\0') || path.posix.isAbsolute(name) || path.win32.isAbsolute(name) || /^[a-z][a-z0-9+.-]*:/i.test(name) || name.split(/[\\/]/).includes('..');
}

/** True in the cache of Hugging Face's library, where `models--…/snapshots/<revision>/x` is a link to `models--…/blobs/<hash>` of the same model. */
function isBlob(folder: string, real: string): boolean {
  const snapshots = path.dirname(folder);
  return path.basename(snapshots) === 'snapshots' && path.basename(path.dirname(snapshots)).startsWith('models--') && path.dirname(real) === path.join(path.dirname(snapshots), 'blobs');
}

/** The path of the file `name` in the folder of `modelFile`. @throws Failure `beside.*` when it leaves the folder or is not there */
export async function fileBeside(modelFile: string, name: string): Promise<string> {
  const label = path.basename(modelFile);
  const shown = displayName(name, 120);
  if (leavesFolder(name)) throw new Failure('beside.leaves', `${label}: the path ${shown} of its weights is refused because it leaves the model's folder.`);
  const folder = await realpath(path.dirname(modelFile));
  const real = await realpath(path.join(folder, name)).catch(() => null);
  if (real === null) throw new Failure('beside.absent', `The weights of ${label} are incomplete: the file ${shown} is missing from its folder.`);
  const inside = path.relative(folder, real);
  if ((inside.startsWith('..') || path.isAbsolute(inside)) && !isBlob(folder, real)) throw new Failure('beside.link', `${label}: the file ${shown} is refused because it is a link that leaves the model's folder.`);
  if (!(await stat(real)).isFile()) throw new Failure('beside.kind', `${label}: ${shown} is not a file.`);
  return real;
}
