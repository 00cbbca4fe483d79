// Runs the suite `host` inside a real VS Code: code-server in Chromium, or the desktop's VS Code with BACKSTEP_VSCODE=<executable>.
// The extension host inherits BACKSTEP_COUNTS, so the counts are written there, as for every suite.
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { dataFolder } from '../code-server.mjs';
import { root } from '../install.mjs';
import { runInCodeServer } from './in-code-server.mjs';

const limit = 10 * 60_000;
const settings = { 'workbench.startupEditor': 'none', 'chat.disableAIFeatures': true, 'git.enabled': false, 'files.autoSave': 'off' };
const tests = path.join(root, 'test/host/main.cjs');

/** A workspace that the tests may change: a copy of the examples and of some fixtures. */
function workspace(data) {
  const folder = path.join(data, 'workspace');
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(root, 'media/examples'), folder, { recursive: true });
  cpSync(path.join(root, 'test/fixtures/models/hostile'), path.join(folder, 'hostile'), { recursive: true });
  return folder;
}

/** Runs the suite in the desktop's VS Code. */
async function onDesktop(data, executable) {
  const { runTests } = await import('@vscode/test-electron');
  return runTests({
    vscodeExecutablePath: executable, extensionDevelopmentPath: root, extensionTestsPath: tests,
    launchArgs: [workspace(data), '--user-data-dir', path.join(data, 'user'), '--extensions-dir', path.join(data, 'extensions'), '--disable-workspace-trust'],
  });
}

const data = dataFolder('host');
const log = path.join(data, 'log.txt');
process.env.BACKSTEP_LOG = log;
const executable = process.env.BACKSTEP_VSCODE;
const status = executable === undefined ? await runInCodeServer({ data, folder: workspace(data), entry: tests, settings, limit, picture: 'test/out/failed-host.png' }) : await onDesktop(data, executable);
console.log(existsSync(log) ? readFileSync(log, 'utf8') : 'VS Code ended before the tests began.');
process.exit(status);
