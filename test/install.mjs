// Installs the npm packages of this checkout when they are missing or older than the lock file.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a command with inherited output; throws when it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32', ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit status ${status}.`);
}

/** Every package of the lock file stands in node_modules in the locked version (npm's own hidden lock file tells). */
function upToDate() {
  const hidden = path.join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(([name, { version, optional, os, cpu, peer }]) => name === '' || optional || os || cpu || peer || present[name]?.version === version);
}

/**
 * `--ignore-scripts`: no package needs its install script here, and the native backend's would fail where its
 * vendor's download is out of reach (`npm run setup:native` builds it instead).
 */
export function installPackages() {
  if (Number(process.versions.node.split('.')[0]) < 20) throw new Error(`Backstep needs Node 20 or newer; this is ${process.version}.`);
  if (upToDate()) return;
  console.log('Installing packages …');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}
