// Tensors of a Python program that the real debugpy has paused, read through its debug adapter.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { configGraph } from '../../src/debug/inspect/config-graph';
import { Looks } from '../../src/debug/inspect/looks';
import type { LookKind, LookView } from '../../src/protocol/inspect';
import { AdapterClient } from './debugpy-client';

const root = process.env['BACKSTEP_CHECKOUT'] ?? path.resolve('.');
const program = path.join(root, 'test/fixtures/programs/arrays.py');
const stops = readFileSync(program, 'utf8').split('\n').flatMap((line, index) => (line.endsWith('# stop') ? [index + 1] : []));
const installed = spawnSync(process.execPath, [path.join(root, 'test/python.mjs')], { encoding: 'utf8' });
const python = installed.status === 0 ? installed.stdout.trim() : null;
const has = (module: string): boolean => python !== null && spawnSync(python, ['-c', `import ${module}`], { env: { ...process.env, KERAS_BACKEND: 'numpy' } }).status === 0;

describe(python === null ? `A Python program paused by debugpy (skipped: ${installed.stderr.trim()})` : 'A Python program paused by debugpy', () => {
  let client: AdapterClient;
  let frameId = 0;
  const evaluate = async (expression: string): Promise<string> => {
    try {
      return (await client.request('evaluate', { expression, frameId, context: 'clipboard' }) as { result: string }).result;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const looks = new Looks(() => ({ debuggerType: 'debugpy', evaluate }), configGraph, () => undefined);
  const look = async (expression: string, as: LookKind = 'tensor'): Promise<LookView> => {
    await looks.look(expression, as);
    return looks.view.looks[0] ?? assert.fail();
  };
  const tensor = ({ result }: LookView) => (result.kind === 'tensor' ? result : assert.fail(JSON.stringify(result)));
  const valuesOf = ({ id }: LookView): number[] => [...new Float32Array(looks.picture(id).values)];
  const stopped = async (): Promise<void> => {
    const { threadId } = await client.event('stopped') as { threadId: number };
    const { stackFrames } = await client.request('stackTrace', { threadId }) as { stackFrames: { id: number }[] };
    frameId = stackFrames[0]?.id ?? assert.fail();
  };
  const needs = (module: string | null, title: string, body: () => Promise<void>): void => {
    if (python === null) it(title);
    else if (module === null || has(module)) it(title, body);
    else it(`${title} (skipped: ${module} is not installed)`);
  };

  before(async function () {
    if (python === null) return this.skip();
    this.timeout(60_000);
    client = new AdapterClient(python, ['-m', 'debugpy.adapter']);
    await client.request('initialize', { adapterID: 'debugpy', clientID: 'test', linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path' });
    const launched = client.request('launch', { program, console: 'internalConsole', justMyCode: true, python: [python] });
    await client.event('initialized');
    await client.request('setBreakpoints', { source: { path: program }, breakpoints: stops.map((line) => ({ line })) });
    await client.request('configurationDone');
    await launched;
    await stopped();
  });
  after(async () => {
    if (python === null) return;
    await client.request('disconnect', { terminateDebuggee: true }).catch(() => undefined);
    await client.end();
  });

  needs(null, 'gives the values of a NumPy array as tiles, with numbers over the whole', async () => {
    const seen = await look('maps', 'maps');
    const { type, dtype, shape, statistics } = tensor(seen);
    assert.deepEqual([type, dtype, shape, statistics.mean, statistics.max], ['numpy.ndarray', 'float32', [2, 4, 5, 3], 59.5, 119]);
    assert.deepEqual(valuesOf(seen), [0, 1, 2].flatMap((channel) => Array.from({ length: 20 }, (_, i) => 3 * i + channel)));
    await looks.readSlice(seen.id, { tileAxes: [], rowAxis: 1, columnAxis: 3, at: { 0: 1, 2: 4 } });
    assert.deepEqual(valuesOf(seen), [0, 1, 2, 3].flatMap((row) => [0, 1, 2].map((channel) => 60 + row * 15 + 12 + channel)));
  });

  needs(null, 'shows expressions, nested lists, and bytes in the shape that is asked for', async () => {
    assert.deepEqual(valuesOf(await look('maps[0, 0, :2, 0] * 2')), [0, 6]);
    assert.deepEqual(valuesOf(await look('rows', 'heat')), [1, 2, 3, 4, 5, 6.5]);
    const flat = await look('flat');
    await looks.readShape(flat.id, [2, 3]);
    assert.deepEqual(looks.picture(flat.id).shape, [2, 3]);
  });

  needs(null, 'brings a reduced picture of 16 MiB', async () => {
    const seen = await look('large');
    assert.equal(looks.picture(seen.id).reduction, 8);
    assert.ok(valuesOf(seen).every((value) => value === 1));
  });

  needs(null, 'answers with a sentence for what it cannot show, and leaves no name behind', async () => {
    const sentence = async (expression: string): Promise<string> => {
      const { result } = await look(expression);
      return result.kind === 'problem' ? result.message : assert.fail(`${expression} was shown`);
    };
    const names = (): Promise<string> => evaluate('sorted(globals()) + sorted(locals())');
    const before = await names();
    assert.match(await sentence('main'), /"main" is no tensor but a builtins\.function/);
    assert.match(await sentence('absent'), /"absent" could not be read.*NameError.*absent/);
    assert.equal(await names(), before);
  });

  needs('keras', 'shows Keras variables and the kernels of its layers', async () => {
    const seen = await look('variable');
    assert.match(tensor(seen).type, /^keras\./);
    assert.deepEqual(valuesOf(seen), [1, 2, 3, -4]);
    assert.deepEqual(tensor(await look('kernel')).shape, [2, 3]);
  });

  needs('keras', 'draws the graph of a Keras model', async () => {
    const { result } = await look('model');
    assert.ok(result.kind === 'network', JSON.stringify(result));
    assert.equal(result.graph.totals.parameters, 13);
  });

  needs('torch', 'shows PyTorch tensors, channels first', async () => {
    const seen = await look('tensor', 'maps');
    assert.deepEqual([tensor(seen).shape, tensor(seen).slice.tileAxes], [[2, 3, 4, 5], [1]]);
    assert.deepEqual(valuesOf(seen), Array.from({ length: 60 }, (_, i) => i));
  });

  needs(null, 'reads what is pinned again at the next stop, and says what changed', async () => {
    const { id } = await look('weights');
    looks.pin(id, true);
    await client.request('continue', { threadId: 1 });
    await stopped();
    await looks.refresh();
    const kept = looks.view.looks.find((entry) => entry.id === id) ?? assert.fail();
    assert.deepEqual(tensor(kept).change, { kind: 'values', difference: 0.5, index: [1, 0], before: 3, after: 3.5, count: 1 });
  });
});
