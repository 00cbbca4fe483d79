// Tensors of a Python program that the real debugpy has paused, read through its debug adapter.
import assert from 'node:assert/strict';
import { pythonWith } from '../pythons';
import { describePaused, tensor } from './paused-python';

describePaused('A Python program paused by debugpy', 'arrays.py', ['debugpy', 'numpy'], (program) => {
  const { looks } = program;
  const look: typeof program.look = (...given) => program.look(...given);
  const valuesOf: typeof program.valuesOf = (view) => program.valuesOf(view);
  const needs = (module: string | null, title: string, body: () => Promise<void>): void => {
    const found = pythonWith(module === null ? [] : [module]);
    if ('python' in found) it(title, body);
    else it(`${title} (skipped: ${found.missing})`);
  };

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
    const names = (): Promise<string> => program.evaluate('sorted(globals()) + sorted(locals())');
    const before = await names();
    assert.match(await program.sentence('main'), /"main" is no tensor but a builtins\.function/);
    assert.match(await program.sentence('absent'), /"absent" could not be read.*NameError.*absent/);
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

  needs(null, 'reads what is pinned again at the next stop, and says what changed', async () => {
    const { id } = await look('weights');
    looks.pin(id, true);
    await program.next();
    await looks.refresh();
    const kept = looks.view.looks.find((entry) => entry.id === id) ?? assert.fail();
    assert.deepEqual(tensor(kept).change, { kind: 'values', difference: 0.5, index: [1, 0], before: 3, after: 3.5, count: 1, blocks: { changed: 1, of: 4, length: 1, sampled: 1, first: [1, 0] } });
  });
});
