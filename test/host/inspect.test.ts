// Tensors of a program that the built-in JavaScript debugger has paused, read through VS Code's own API.
import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { inspect, inspectWhole } from '../../src/debug/inspect/inspector';
import { Looks } from '../../src/debug/inspect/looks';
import { chosenExpression, pausedProgram } from '../../src/debug/vscode/inspect-program';
import { configGraph } from '../../src/debug/inspect/config-graph';
import type { LookKind, LookView } from '../../src/protocol/inspect';

const program = path.resolve(__dirname, '../test/fixtures/programs/feature-maps.js');
const frames = (): Promise<void> => new Promise((resolve) => {
  const subscription = vscode.debug.onDidChangeActiveStackItem((item) => {
    if (!(item instanceof vscode.DebugStackFrame) || item.session.type !== 'pwa-node') return;
    subscription.dispose();
    resolve();
  });
});

describe('a paused JavaScript program in VS Code', () => {
  const looks = new Looks(pausedProgram, configGraph, () => undefined);
  const look = async (expression: string, as: LookKind = 'tensor'): Promise<LookView> => {
    await looks.look(expression, as);
    return looks.view.looks[0] ?? assert.fail();
  };
  const valuesOf = ({ id }: LookView): number[] => [...new Float32Array(looks.picture(id).values)];

  before(async () => {
    const stopped = frames();
    assert.ok(await vscode.debug.startDebugging(undefined, { type: 'pwa-node', request: 'launch', name: 'program', program, console: 'internalConsole', skipFiles: ['<node_internals>/**'] }));
    await stopped;
  });
  after(async () => {
    const ended = new Promise<void>((resolve) => { const subscription = vscode.debug.onDidTerminateDebugSession(() => { subscription.dispose(); resolve(); }); });
    await vscode.debug.stopDebugging();
    await ended;
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('gives the values of a tensor as tiles, with numbers over the whole', async () => {
    const seen = await look('maps', 'maps');
    assert.ok(seen.result.kind === 'tensor', JSON.stringify(seen.result));
    assert.deepEqual([seen.result.type, seen.result.dtype, seen.result.shape, seen.result.statistics.mean, seen.result.statistics.max], ['Tensor', 'float32', [2, 4, 5, 3], 59.5, 119]);
    assert.deepEqual(valuesOf(seen), [0, 1, 2].flatMap((channel) => Array.from({ length: 20 }, (_, i) => 3 * i + channel)));
    await looks.readSlice(seen.id, { tileAxes: [], rowAxis: 1, columnAxis: 3, at: { 0: 1, 2: 4 } });
    assert.deepEqual(valuesOf(seen), [0, 1, 2, 3].flatMap((row) => [0, 1, 2].map((channel) => 60 + row * 15 + 12 + channel)));
  });

  it('shows nested arrays, expressions, and a buffer in the shape that is asked for', async () => {
    assert.deepEqual(valuesOf(await look('nested', 'heat')), [1, 2, 3, 4, 5, 6.5]);
    assert.deepEqual(valuesOf(await look('maps.slice([0, 0, 0, 0], [1, 1, 1, 3]).mul(2)')), [0, 2, 4]);
    const flat = await look('flat');
    await looks.readShape(flat.id, [2, 3]);
    assert.deepEqual(looks.picture(flat.id).shape, [2, 3]);
  });

  it('draws the graph of a tf.LayersModel', async () => {
    const { result } = await look('model');
    assert.ok(result.kind === 'network', JSON.stringify(result));
    assert.equal(result.graph.totals.parameters, 13);
    assert.deepEqual(result.graph.nodes.map(({ name }) => name).slice(-2), ['hidden', 'out']);
  });

  it('computes what the layers of a tf.LayersModel give, and leaves the program as it was', async () => {
    const numbers = async (): Promise<unknown> => pausedProgram()?.evaluate('JSON.stringify([tf.memory().numTensors, tf.memory().numBytes, Object.getOwnPropertyNames(globalThis).length])');
    const before = await numbers();
    const { id } = await look('model');
    await looks.compute(id, '[1, 2]');
    await looks.openLayer(id, 'hidden');
    const { result, parts } = looks.view.looks[0] ?? assert.fail();
    assert.ok(result.kind === 'network' && result.problem === null, JSON.stringify(result));
    assert.deepEqual(parts.map(({ title, result: part }) => [title, part.kind === 'tensor' ? part.shape : part]), [['output of hidden', [1, 3]], ['hidden / kernel', [2, 3]], ['hidden / bias', [3]]]);
    const [output, kernel] = parts.map(valuesOf);
    for (const [unit, value] of (output ?? []).entries()) assert.ok(Math.abs(value - ((kernel?.[unit] ?? NaN) + 2 * (kernel?.[unit + 3] ?? NaN))) < 1e-6);
    assert.equal(await numbers(), before);
  });

  it('brings the first picture of 16 MiB without the numbers of the whole, and these when asked', async () => {
    const program = pausedProgram() ?? assert.fail();
    const large = 'globalThis.Array.__large';
    await program.evaluate('void (Array.__large = new Float32Array(4 << 20).fill(0.5, 1 << 21))');
    const start = performance.now();
    const first = await inspect(program.debuggerType, large, program.evaluate, { shape: [64, 256, 256], numbers: 'later' });
    const between = performance.now();
    const { statistics } = await inspectWhole(program.debuggerType, large, program.evaluate);
    // Figures to read: the bench holds the goals.
    console.log(`    first picture ${(between - start).toFixed(0)} ms, numbers of the whole ${(performance.now() - between).toFixed(0)} ms`);
    await program.evaluate('void delete Array.__large');
    assert.ok(first.kind === 'tensor' && first.whole === null);
    assert.equal(first.picture.statistics.mean, 0, 'of the map that is shown, the first');
    assert.ok(Math.abs(statistics.mean - 0.25) < 1e-6, String(statistics.mean));
  });

  it('answers with a sentence for what it cannot show', async () => {
    const sentence = async (expression: string): Promise<string> => {
      const { result } = await look(expression);
      return result.kind === 'problem' ? result.message : assert.fail(`${expression} was shown`);
    };
    assert.match(await sentence('gone'), /"gone" is a tensor that the program has already disposed/);
    assert.match(await sentence('tf.ones'), /"tf.ones" is no tensor but a function/);
    assert.match(await sentence('absent'), /"absent" could not be read.*absent is not defined/);
  });

  it('leaves nothing behind in the program', async () => {
    const numbers = async (): Promise<unknown> => pausedProgram()?.evaluate('JSON.stringify([tf.memory().numTensors, Object.getOwnPropertyNames(globalThis).length])');
    const before = await numbers();
    assert.match(String(before), /\[\d+,\d+\]/);
    await look('maps');
    assert.equal(await numbers(), before);
  });

  it('reads what is pinned again at the next stop, and says what changed', async () => {
    const { id } = await look('weights');
    looks.pin(id, true);
    const kept = await look('maps');
    const stopped = frames();
    await vscode.commands.executeCommand('workbench.action.debug.continue');
    await stopped;
    await looks.refresh();
    const result = looks.view.looks.find((entry) => entry.id === id)?.result;
    assert.ok(result?.kind === 'tensor', JSON.stringify(result));
    assert.deepEqual(result.change, { kind: 'values', difference: 0.5, index: [1, 0], before: 3, after: 3.5, count: 1, blocks: { changed: 1, of: 4, length: 1, sampled: 1, first: [1, 0] } });
    assert.equal(looks.view.looks.find((entry) => entry.id === kept.id)?.stale, true);
  });

  it('takes the expression from a row of Variables or Watch, or from the editor', () => {
    assert.deepEqual(chosenExpression({ sessionId: '1', container: {}, variable: { name: '0', evaluateName: 'nested[0]' } }), { kind: 'expression', expression: 'nested[0]' });
    assert.deepEqual(chosenExpression({ sessionId: '1', variable: { name: 'a + b' } }), { kind: 'expression', expression: 'a + b' });
    assert.deepEqual(chosenExpression({ sessionId: '1', container: {}, variable: { name: 'x' } }), { kind: 'nameless', name: 'x' });
  });
});
