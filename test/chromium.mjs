// Finds a Chromium for tests in the browser; installs Debian's where that may be done, and else says how to get one.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const names = {
  linux: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'],
  darwin: [],
};
const places = {
  darwin: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge'],
};

function find() {
  if (process.env.BACKSTEP_CHROMIUM) return process.env.BACKSTEP_CHROMIUM;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const candidates = [...(names[process.platform] ?? []).flatMap((name) => folders.map((folder) => path.join(folder, name))), ...(places[process.platform] ?? [])];
  return candidates.find((candidate) => existsSync(candidate)) ?? null;
}

/** Path of a Chromium. @throws when there is none and it cannot be installed from Debian's packages. */
export function chromiumPath() {
  const found = find();
  if (found !== null) return found;
  const debian = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (debian) {
    console.log('Installing Chromium from Debian\'s packages …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { stdio: ['ignore', 'ignore', 'inherit'], env });
  }
  const installed = find();
  if (installed === null) throw new Error('The tests in a browser need Chromium: install it (Debian: `sudo apt-get install chromium`), or name one in BACKSTEP_CHROMIUM.');
  return installed;
}

/** Arguments that keep Chromium quiet and offline; without a sandbox only where the user is root, who may not have one. */
export const chromiumArguments = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];
