// The Python that the debugpy tests run: a virtual environment in .vscode-test/python with debugpy, NumPy and Keras (on its NumPy backend, which needs SciPy and JAX).
// `node test/python.mjs` installs it where it is missing and prints the path of its executable; exit status 1 and one sentence where it cannot.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './install.mjs';

const home = path.join(root, '.vscode-test/python');
const executable = path.join(home, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const stamp = path.join(home, 'installed.txt');
const needed = ['debugpy', 'numpy'];
/** Installed where it may be; its tests are pending without it. */
const wanted = ['keras', 'scipy', 'jax'];

const does = (command, args, limit = 300_000) => {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: limit });
  return { ok: status === 0, why: error?.message ?? stderr.trim().split('\n').at(-1) ?? '' };
};

/** Path of the executable. @throws Error that says why there is none. */
export function installPython() {
  const given = process.env.BACKSTEP_PYTHON;
  if (given !== undefined && does(given, ['-c', 'import debugpy, numpy']).ok) return given;
  if (existsSync(stamp) && existsSync(executable)) return executable;
  const python = [process.env.BACKSTEP_PYTHON ?? 'python3', 'python'].find((name) => does(name, ['--version']).ok);
  if (python === undefined) throw new Error('There is no Python here: install Python 3, or name one in BACKSTEP_PYTHON.');
  const made = does(python, ['-m', 'venv', home]);
  if (!made.ok) throw new Error(`${python} makes no virtual environment: ${made.why}`);
  const pip = (packages) => does(executable, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...packages]);
  const got = pip(needed);
  if (!got.ok) throw new Error(`pip could not install ${needed.join(' and ')}: ${got.why}`);
  const more = pip(wanted);
  writeFileSync(stamp, more.ok ? [...needed, ...wanted].join('\n') : `${needed.join('\n')}\nwithout ${wanted.join(', ')}: ${more.why}`);
  return executable;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(installPython());
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
