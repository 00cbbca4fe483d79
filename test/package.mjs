// `npm run package`: builds for production and writes backstep-<version>.vsix, at most 15 MB, without the native backend.
import { createVSIX } from '@vscode/vsce';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPackages, root, run } from './install.mjs';

const limit = 15 * 2 ** 20;
/** Where the package is put together, so that dist/ stays as it is. */
const staging = path.join(root, '.vscode-test/package');

/** Writes the VSIX to `file` and returns its path. `.vscodeignore` says what is in it; all code is bundled, so no packages are. */
export async function packageExtension(file) {
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  const parts = readdirSync(root).filter((name) => /^(package(\.nls.*)?\.json|README\.md|LICENSE|CHANGELOG\.md|\.vscodeignore|media)$/.test(name));
  for (const part of parts) cpSync(path.join(root, part), path.join(staging, part), { recursive: true });
  run(process.execPath, ['esbuild.mjs', '--production'], { env: { ...process.env, BACKSTEP_DIST: path.join(staging, 'dist') } });
  await createVSIX({ cwd: staging, packagePath: file, dependencies: false, allowMissingRepository: true, rewriteRelativeLinks: false });
  const { size } = statSync(file);
  if (size > limit) throw new Error(`${path.basename(file)} has ${(size / 2 ** 20).toFixed(1)} MB, more than ${limit / 2 ** 20}.`);
  return file;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  installPackages();
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  await packageExtension(path.join(root, `${name}-${version}.vsix`));
}
