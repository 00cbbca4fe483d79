// `npm start`: installs what is missing, builds, and serves a real VS Code with Backstep installed and media/examples open,
// until Ctrl-C. `npm start -- --desktop` opens the desktop's VS Code instead; `--port N` chooses the port.
import { createServer } from 'node:net';
import path from 'node:path';
import { installPackages, root, run } from './install.mjs';
import { settings } from './settings.mjs';

const usualPort = 8431;

/** `port` when it is free on 127.0.0.1, else 0, which takes any. */
function freePort(port) {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(0)).once('listening', () => probe.close(() => resolve(port)));
    probe.listen(port, '127.0.0.1');
  });
}

async function inBrowser(port) {
  const { dataFolder, installCodeServer, installExtension, serve } = await import('./code-server.mjs');
  const { packageExtension } = await import('./package.mjs');
  installCodeServer();
  const data = dataFolder('start');
  console.log('Building …');
  installExtension(data, await packageExtension(path.join(data, 'backstep.vsix')));
  const server = await serve({ data, settings, port: await freePort(port) });
  console.log(`\nBackstep is ready. Open this address in a browser:\n\n  ${server.address(path.join(root, 'media/examples'))}\n\nCtrl-C ends it.`);
  const lost = (code) => { console.error(`VS Code's server ended (exit status ${code}).`); process.exit(1); };
  server.process.once('exit', lost);
  const stop = () => {
    server.process.off('exit', lost);
    void server.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

async function onDesktop() {
  const { downloadAndUnzipVSCode } = await import('@vscode/test-electron');
  const { dataFolder } = await import('./code-server.mjs');
  run(process.execPath, ['esbuild.mjs']);
  const executable = process.env.BACKSTEP_VSCODE ?? await downloadAndUnzipVSCode('stable');
  const data = dataFolder('desktop', { fresh: false });
  run(executable, [
    `--extensionDevelopmentPath=${root}`, `--user-data-dir=${path.join(data, 'user')}`, `--extensions-dir=${path.join(data, 'extensions')}`,
    '--disable-workspace-trust', '--skip-welcome', '--skip-release-notes', '--wait', path.join(root, 'media/examples'),
  ], { shell: false });
}

installPackages();
const port = process.argv.indexOf('--port');
if (process.argv.includes('--desktop')) await onDesktop();
else await inBrowser(port === -1 ? usualPort : Number(process.argv[port + 1]));
