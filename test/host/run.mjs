// Runs the suite `host` inside a real VS Code: code-server in Chromium, or the desktop's VS Code with BACKSTEP_VSCODE=<executable>.
// The extension host inherits BACKSTEP_COUNTS, so the counts are written there, as for every suite.
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumArguments, chromiumPath } from '../chromium.mjs';
import { dataFolder, installCodeServer, serve } from '../code-server.mjs';
import { root } from '../install.mjs';

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

/** Runs the suite in code-server; resolves to its exit status. */
async function inCodeServer(data) {
  installCodeServer();
  const server = await serve({ data, settings, smokeTest: true });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumArguments });
  try {
    const page = await browser.newPage();
    const ended = new Promise((resolve, reject) => {
      void page.exposeFunction('codeAutomationExit', (code) => { resolve(Number(code)); });
      page.once('crash', () => reject(new Error('The browser\'s page crashed.')));
      setTimeout(() => reject(new Error(`The tests in VS Code did not end within ${limit / 60_000} minutes.`)), limit).unref();
    });
    await page.exposeFunction('codeAutomationLog', () => undefined);
    await page.goto(server.address(workspace(data), { extensionDevelopmentPath: root, extensionTestsPath: tests }));
    const status = await ended;
    if (status !== 0) await page.screenshot({ path: path.join(root, 'test/out/failed-host.png') });
    return status;
  } finally {
    await browser.close();
    await server.stop();
  }
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
const status = executable === undefined ? await inCodeServer(data) : await onDesktop(data, executable);
console.log(existsSync(log) ? readFileSync(log, 'utf8') : 'VS Code ended before the tests began.');
process.exit(status);
