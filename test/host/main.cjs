// What VS Code calls in its extension host: runs the bundled suite under mocha. Its output goes to the file named by
// BACKSTEP_LOG, because the extension host's console is full of VS Code's own messages.
const { appendFileSync } = require('node:fs');
const path = require('node:path');
const { format } = require('node:util');
const Mocha = require('mocha');

if (process.env.BACKSTEP_LOG) Mocha.reporters.Base.consoleLog = (...values) => appendFileSync(process.env.BACKSTEP_LOG, `${format(...values)}\n`);

exports.run = () => new Promise((resolve, reject) => {
  const grep = process.env.BACKSTEP_GREP;
  const mocha = new Mocha({ timeout: 120_000, color: false, reporter: path.join(__dirname, '../reporter.cjs'), ...(grep ? { grep } : {}) });
  mocha.addFile(path.join(__dirname, '../../dist/test-host.js'));
  mocha.run((failures) => { if (failures === 0) resolve(); else reject(new Error(`${failures} tests failed.`)); });
});
