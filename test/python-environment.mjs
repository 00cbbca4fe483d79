// Virtual environments of Python, and commands run to their end.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Runs a command to its end; `why` is its last line of complaint. */
export function does(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000, ...options });
  return { ok: status === 0, out: stdout ?? '', why: error?.message ?? stderr.trim().split('\n').at(-1) ?? '' };
}

/** A virtual environment with these packages of the Python package index. @throws Error that says why there is none. */
export function environment(folder, packages) {
  const executable = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (!existsSync(executable)) {
    const python = [process.env.BACKSTEP_PYTHON ?? 'python3', 'python'].find((name) => does(name, ['--version']).ok);
    if (python === undefined) throw new Error('There is no Python here: install Python 3, or name one in BACKSTEP_PYTHON.');
    const made = does(python, ['-m', 'venv', folder]);
    if (!made.ok) throw new Error(`${python} makes no virtual environment: ${made.why}`);
  }
  pip(executable, packages);
  return executable;
}

/** Adds packages of the Python package index. @throws Error that says what pip could not install. */
export function pip(executable, packages) {
  const got = does(executable, ['-m', 'pip', 'install', '-q', '--no-compile', '--disable-pip-version-check', '--only-binary=:all:', ...packages]);
  if (!got.ok) throw new Error(`pip could not install ${packages.join(' and ')}: ${got.why}`);
}
