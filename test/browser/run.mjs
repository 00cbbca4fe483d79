// Runs the suite `browser`: the packaged extension, installed into an empty profile of a real VS Code, used with keyboard and
// mouse in a real Chromium. Pictures go to test/out/.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromiumArguments, chromiumPath } from '../chromium.mjs';
import { dataFolder, installCodeServer, installExtension, serve } from '../code-server.mjs';
import { root } from '../install.mjs';
import { packageExtension } from '../package.mjs';
import { settings } from '../settings.mjs';

const data = dataFolder('browser');
const workspace = path.join(data, 'examples');
cpSync(path.join(root, 'media/examples'), workspace, { recursive: true });
mkdirSync(path.join(root, 'test/out'), { recursive: true });
installCodeServer();
installExtension(data, await packageExtension(path.join(data, 'backstep.vsix')));
const server = await serve({ data, settings: { ...settings, 'workbench.colorTheme': 'Default Dark Modern', 'backstep.backend': 'wasm' } });
try {
  const grep = process.env.BACKSTEP_GREP;
  const { status } = spawnSync(process.execPath, [
    path.join(root, 'node_modules/mocha/bin/mocha.js'), path.join(root, 'dist/test-browser.js'),
    '--reporter', path.join(root, 'test/reporter.cjs'), '--timeout', '120000', '--bail', '--exit', ...(grep ? ['--grep', grep] : []),
  ], {
    cwd: root, stdio: 'inherit',
    env: {
      ...process.env, BACKSTEP_ADDRESS: server.address(workspace), BACKSTEP_WORKSPACE: workspace, BACKSTEP_USER: path.join(data, 'user/User'),
      BACKSTEP_CHROMIUM: chromiumPath(), BACKSTEP_CHROMIUM_ARGUMENTS: JSON.stringify(chromiumArguments),
    },
  });
  process.exitCode = status ?? 1;
} finally {
  await server.stop();
}
