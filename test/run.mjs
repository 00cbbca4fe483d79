// `npm test`: installs what is missing, builds, checks types and lint, runs every suite, and ends with the totals.
// `npm test -- unit dap` runs only the suites named.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { installPackages, root, run } from './install.mjs';

const only = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const out = path.join(root, 'test/out');

/** Runs a process to its end. Its output goes to `printed`, or straight to the terminal without it. @returns exit status */
function finish(args, printed = null, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: printed === null ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    if (printed !== null) for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes));
    // Not 'close', which would wait for whatever a test may have left behind; the pipes are given a moment.
    child.on('exit', (status) => { setTimeout(resolve, printed === null ? 0 : 500, status); });
  });
}

/** Runs one check of the whole tree, which counts as one test. */
async function check(name, args, printed) {
  say(`\n# ${name}`, printed);
  totals[await finish(args, printed) === 0 ? 'passed' : 'failed'] += 1;
}

/** Runs a suite's bundle under mocha in a process of its own. A suite that dies without counts is a failure. */
async function suite(name, printed) {
  const bundle = path.join(root, 'dist', `test-${name}.js`);
  say(`\n# ${name}`, printed);
  if (!existsSync(bundle)) {
    say(`The suite ${name} has not been built.`, printed);
    totals.failed += 1;
    return;
  }
  const counts = path.join(out, `${name}.counts.json`);
  rmSync(counts, { force: true });
  const runner = path.join(root, 'test', name, 'run.mjs');
  const args = existsSync(runner) ? [runner] : ['node_modules/mocha/bin/mocha.js', bundle, '--reporter', 'test/reporter.cjs', '--timeout', '120000', '--exit'];
  const status = await finish(args, printed, { ...process.env, BACKSTEP_COUNTS: counts });
  if (!existsSync(counts)) {
    say(`The suite ${name} ended without results (exit status ${status}).`, printed);
    totals.failed += 1;
    return;
  }
  const result = JSON.parse(readFileSync(counts, 'utf8'));
  for (const key of Object.keys(totals)) totals[key] += result[key];
  if (status !== 0 && result.failed === 0) totals.failed += 1;
}

const say = (text, printed) => { if (printed == null) console.log(text); else printed.push(Buffer.from(`${text}\n`)); };

/** What runs beside the longest suite, on the other core; told when that is done. */
async function beside(printed) {
  for (const room of ['src', 'webview', 'test']) await check(`types: ${room}`, ['node_modules/typescript/bin/tsc', '-p', room], printed);
  await check('lint', ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'], printed);
  for (const name of ['fuzz', 'dap', 'webview']) await suite(name, printed);
}

mkdirSync(out, { recursive: true });
installPackages();
run(process.execPath, ['esbuild.mjs', '--tests']);
if (only.length > 0) {
  for (const name of only) await suite(name);
} else {
  const printed = [];
  const other = beside(printed);
  await suite('unit');
  await other;
  process.stdout.write(Buffer.concat(printed));
  // What drives VS Code has the machine for itself.
  for (const name of ['host', 'browser']) await suite(name);
}

console.log(`\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`);
process.exit(totals.failed === 0 ? 0 : 1);
