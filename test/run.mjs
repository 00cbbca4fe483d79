// `npm test`: installs what is missing, builds, checks types and lint, runs every suite, and ends with the totals.
// `npm test -- unit dap` runs only the suites named.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { installPackages, root, run } from './install.mjs';

const suites = ['unit', 'fuzz', 'dap', 'webview', 'host', 'browser'];
const only = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const out = path.join(root, 'test/out');

/** Runs one check of the whole tree, which counts as one test; gives what it printed. */
function check(name, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root });
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes));
    child.on('close', (status) => {
      totals[status === 0 ? 'passed' : 'failed'] += 1;
      resolve(`\n# ${name}\n${Buffer.concat(printed).toString()}`);
    });
  });
}

/** Types and lint, one after the other, while the first suite uses the other core. */
async function checks() {
  const printed = [];
  for (const room of ['src', 'webview', 'test']) printed.push(await check(`types: ${room}`, ['node_modules/typescript/bin/tsc', '-p', room]));
  printed.push(await check('lint', ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0']));
  return printed.join('');
}

/** Runs a suite's bundle under mocha in a process of its own. A suite that dies without counts is a failure. */
async function suite(name) {
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
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, BACKSTEP_COUNTS: counts } });
  const status = await new Promise((resolve) => { child.on('close', resolve); });
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
const names = only.length > 0 ? only : suites;
const checked = only.length > 0 ? Promise.resolve('') : checks();
for (const [place, name] of names.entries()) {
  await suite(name);
  // The suites that drive VS Code come later and have the machine for themselves.
  if (place === 0) process.stdout.write(await checked);
}

console.log(`\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`);
process.exit(totals.failed === 0 ? 0 : 1);
