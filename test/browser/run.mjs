// Runs the suite `browser`: the packaged extension, installed into an empty profile of a real VS Code, used with keyboard and
// mouse in a real Chromium. Pictures go to test/out/.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../install.mjs';
import { servePackaged } from './serve.mjs';

const { stop, environment } = await servePackaged('browser');
try {
  const grep = process.env.BACKSTEP_GREP;
  const { status } = spawnSync(process.execPath, [
    path.join(root, 'node_modules/mocha/bin/mocha.js'), path.join(root, 'dist/test-browser.js'),
    '--reporter', path.join(root, 'test/reporter.cjs'), '--timeout', '120000', '--exit', ...(grep ? ['--grep', grep] : []),
  ], { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } });
  process.exitCode = status ?? 1;
} finally {
  await stop();
}
