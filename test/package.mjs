// `npm run package`: builds for production and writes backstep-<version>.vsix, at most 15 MB, without the native backend.
import { createVSIX } from '@vscode/vsce';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPackages, root, run } from './install.mjs';

const limit = 15 * 1024 * 1024;

/** Writes the VSIX to `file` and returns its path. `.vscodeignore` says what is in it; all code is bundled, so no packages are. */
export async function packageExtension(file) {
  run(process.execPath, ['esbuild.mjs', '--production']);
  await createVSIX({ cwd: root, packagePath: file, dependencies: false, allowMissingRepository: true, rewriteRelativeLinks: false });
  const { size } = statSync(file);
  if (size > limit) throw new Error(`${path.basename(file)} has ${(size / 2 ** 20).toFixed(1)} MB, more than ${limit / 2 ** 20}.`);
  return file;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  installPackages();
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  await packageExtension(path.join(root, `${name}-${version}.vsix`));
}
