// Runs a bundle inside the extension host of a real VS Code: code-server, opened in Chromium.
import path from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumArguments, chromiumPath } from '../chromium.mjs';
import { installCodeServer, serve } from '../code-server.mjs';
import { root } from '../install.mjs';

/**
 * Resolves to the status that `run()` of the module `entry` ended with: 0, or 1 when it threw. `folder` is opened, `data` takes what VS Code
 * writes; of a failure a picture is made in the file `picture`. @throws when it has not ended within `limit` milliseconds
 */
export async function runInCodeServer({ data, folder, entry, settings, limit, picture }) {
  installCodeServer();
  const server = await serve({ data, settings, smokeTest: true });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: chromiumArguments });
  try {
    const page = await browser.newPage();
    const ended = new Promise((resolve, reject) => {
      void page.exposeFunction('codeAutomationExit', (code) => { resolve(Number(code)); });
      page.once('crash', () => reject(new Error('The browser\'s page crashed.')));
      setTimeout(() => reject(new Error(`What was run in VS Code did not end within ${limit / 60_000} minutes.`)), limit).unref();
    });
    await page.exposeFunction('codeAutomationLog', () => undefined);
    await page.goto(server.address(folder, { extensionDevelopmentPath: root, extensionTestsPath: entry }));
    const status = await ended;
    if (status !== 0) await page.screenshot({ path: path.join(root, picture) });
    return status;
  } finally {
    await browser.close();
    await server.stop();
  }
}
