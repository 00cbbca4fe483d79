/** What goes wrong is said in one sentence where the person is looking, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { engine } from '@tensorflow/tfjs-core';
import { Client } from './client';
import { root, students } from './fixture';

const folder = mkdtempSync(path.join(os.tmpdir(), 'backstep-dap-'));
const whole = readFileSync(path.join(root, students.model));
const truncated = path.join(folder, 'half.keras'), empty = path.join(folder, 'empty.keras'), text = path.join(folder, 'notes.keras'), narrow = path.join(folder, 'narrow.csv');
writeFileSync(truncated, whole.subarray(0, whole.length / 2));
writeFileSync(empty, '');
writeFileSync(text, 'This is no model.\n');
writeFileSync(narrow, 'hours,passed\n1,0\n2,1\n3,1\nx,1\n');

/** Configurations that cannot be launched, and what the sentence must name. */
const launches: Readonly<Record<string, readonly [config: object, names: RegExp]>> = {
  'a model that is missing': [{ ...students, model: 'gone.keras' }, /gone\.keras/],
  'a folder for a model': [{ ...students, model: 'test' }, /test/],
  'a truncated model': [{ ...students, model: truncated }, /half\.keras/],
  'an empty model': [{ ...students, model: empty }, /empty\.keras/],
  'a file of another kind': [{ ...students, model: text }, /notes\.keras/],
  'no model at all': [{ ...students, model: undefined }, /"model"/],
  'a batch size of the wrong type': [{ ...students, batchSize: 'big' }, /"batchSize".*"big"/],
  'an unknown attribute': [{ ...students, bachSize: 3 }, /"bachSize".*"batchSize"/],
  'an unknown loss': [{ ...students, loss: 'surprise' }, /surprise/],
  'an unknown optimizer': [{ ...students, optimizer: 'magic' }, /magic/],
  'data that is missing': [{ ...students, data: { csv: 'gone.csv', features: ['a'], label: 'b' } }, /gone\.csv/],
  'a column that is missing': [{ ...students, data: { csv: narrow, features: ['hours', 'lectures'], label: 'passed' } }, /lectures/],
  'data whose shape does not fit': [{ ...students, data: { csv: 'test/fixtures/models/datasets/students.csv', features: ['hours'], label: 'passed' } }, /\b1\b.*\b2\b|\b2\b.*\b1\b/],
  'data that are no numbers': [{ ...students, data: { csv: narrow, features: ['hours', 'hours'], label: 'passed' } }, /hours/],
  'a backend that does not exist': [{ ...students, backend: 'abacus' }, /abacus/],
};

describe('a launch that cannot be', () => {
  after(() => { rmSync(folder, { recursive: true }); });

  for (const [name, [config, names]] of Object.entries(launches)) {
    it(`says so for ${name}, in one sentence, and leaves no tensor`, async () => {
      const before = engine().state.numTensors;
      const client = new Client();
      await client.request('initialize', { adapterID: 'backstep', pathFormat: 'path' });
      const { success, message = '', body } = (await client.raw('launch', config)) as { success: boolean; message?: string; body: { error: { format: string; variables: { sentence: string } } } };
      assert.equal(success, false);
      assert.match(message, names);
      assert.match(message, /^.+[.?]$/, 'a sentence on one line');
      assert.doesNotMatch(message, /\n|\bat .+:\d+:\d+|Error:|undefined|\[object/, message);
      assert.equal(body.error.format.replace('{sentence}', body.error.variables.sentence), message);
      assert.ok(!client.events.some(({ event }) => event === 'initialized' || event === 'stopped'));
      await client.end();
      assert.equal(engine().state.numTensors, before);
    });
  }

  it('refuses requests before there is a run, and requests that it does not know', async () => {
    const client = new Client();
    await client.request('initialize', { adapterID: 'backstep' });
    for (const command of ['next', 'stackTrace', 'evaluate', 'setBreakpoints', 'pause', 'source', 'restart', 'configurationDone', 'attach', 'readMemory', 'toString']) {
      const { success, message } = await client.raw(command, { source: { path: 'x' }, breakpoints: [], expression: '1', threadId: 1 });
      assert.equal(success, false, command);
      assert.match(message ?? '', /\.$/, command);
    }
    assert.deepEqual((await client.request<{ sources: [] }>('loadedSources')).sources, []);
    await client.end();
  });

  it('launches once a session', async () => {
    const client = new Client();
    await client.start(students);
    const { success, message } = await client.raw('launch', students);
    assert.equal(success, false);
    assert.match(message ?? '', /has its run already/);
    await client.end();
  });

  it('survives requests whose arguments make no sense', async () => {
    const client = new Client();
    await client.start(students);
    for (const [command, args] of Object.entries({ variables: { variablesReference: 'x' }, scopes: {}, evaluate: {}, setFunctionBreakpoints: {}, setBreakpoints: {}, gotoTargets: { line: 'a' }, goto: {}, completions: {}, stackTrace: { startFrame: -1, levels: 'all' }, source: {}, breakpointLocations: {} })) {
      const { success, message } = await client.raw(command, args);
      if (!success) assert.match(message ?? '', /\.$/, command);
    }
    assert.equal(await client.evaluate('1 + 1'), '2');
    await client.end();
  });
});
