/** Paths and descriptions of the model fixtures. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The checkout's root: the nearest folder above the working directory that holds the fixtures. */
function findRoot(): string {
  let folder = process.cwd();
  while (!existsSync(path.join(folder, 'test/fixtures/models')) && folder !== path.dirname(folder)) folder = path.dirname(folder);
  return folder;
}

export const models = path.join(findRoot(), 'test/fixtures/models');

/** Absolute path of a file below test/fixtures/models. */
export function fixture(name: string): string {
  return path.join(models, name);
}

export function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(fixture(name), 'utf8')) as T;
}
