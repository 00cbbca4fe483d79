// `npm test`: installs what is missing, builds, checks types and lint, runs every suite, and ends with the totals.
// `npm test -- unit dap` runs only the suites named.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { installPackages, root, run } from './install.mjs';

const suites = ['unit', 'fuzz', 'dap', 'webview', 'host', 'browser'];
const only = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const out = path.join(root, 'test/out');

/** Runs one check of the whole tree and counts it as one test. */
function check(name, args) {
  console.log(`\n# ${name}`);
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  totals[status === 0 ? 'passed' : 'failed'] += 1;
}

/** Runs a suite's bundle under mocha in a process of its own. A suite that dies without counts is a failure. */
function suite(name) {
  const bundle = path.join(root, 'dist', `test-${name}.js`);
  console.log(`\n# ${name}`);
  if (!existsSync(bundle)) {
    console.error(`The suite ${name} has not been built.`);
    totals.failed += 1;
    return;
  }
  const counts = path.join(out, `${name}.counts.json`);
  rmSync(counts, { force: true });
  const runner = path.join(root, 'test', name, 'run.mjs');
  const args = existsSync(runner) ? [runner] : ['node_modules/mocha/bin/mocha.js', bundle, '--reporter', 'test/reporter.cjs', '--timeout', '120000', '--exit'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, BACKSTEP_COUNTS: counts } });
  if (!existsSync(counts)) {
    console.error(`The suite ${name} ended without results (exit status ${status}).`);
    totals.failed += 1;
    return;
  }
  const result = JSON.parse(readFileSync(counts, 'utf8'));
  for (const key of Object.keys(totals)) totals[key] += result[key];
  if (status !== 0 && result.failed === 0) totals.failed += 1;
}

mkdirSync(out, { recursive: true });
installPackages();
run(process.execPath, ['esbuild.mjs', '--tests']);
if (only.length === 0) {
  for (const room of ['src', 'webview', 'test']) check(`types: ${room}`, ['node_modules/typescript/bin/tsc', '-p', room]);
  check('lint', ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0']);
}
for (const name of only.length > 0 ? only : suites) suite(name);

console.log(`\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`);
process.exit(totals.failed === 0 ? 0 : 1);
