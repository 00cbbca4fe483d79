/** The Pythons that tests of paused programs run (see python.mjs), installed when the first test asks for one. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** The checkout that is tested; bundles of tests may lie elsewhere. */
export const checkout = process.env['BACKSTEP_CHECKOUT'] ?? path.resolve('.');

interface Installed { python: string | null; torch: string | null; missing: Record<string, string> }

function install(): Installed {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(checkout, 'test/python.mjs')], { encoding: 'utf8' });
  if (status !== 0) return { python: null, torch: null, missing: { python: stderr.trim() } };
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Installed; // what python.mjs prints
}

let installed: Installed | null = null;

/** The Python that has all of these modules, or why there is none. */
export function pythonWith(modules: readonly string[]): { python: string } | { missing: string } {
  installed ??= install();
  const name = modules.includes('torch') ? 'torch' : 'python';
  const python = installed[name];
  if (python === null) return { missing: installed.missing[name] ?? 'there is no Python' };
  const find = `import importlib.util as u; print(*[name for name in ${JSON.stringify(modules)} if u.find_spec(name) is None])`;
  const absent = spawnSync(python, ['-c', find], { encoding: 'utf8' }).stdout.trim();
  if (absent === '') return { python };
  const why = Object.entries(installed.missing).find(([names]) => absent.split(' ').some((module) => names.split(', ').includes(module)))?.[1];
  return { missing: `${absent.split(' ').join(', ')} is not installed${why === undefined ? '' : `: ${why}`}` };
}
