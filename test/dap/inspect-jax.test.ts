// Tensors of a program that uses JAX, and Keras on top of it, paused by the real debugpy.
import assert from 'node:assert/strict';
import { describePaused, tensor } from './paused-python';

describePaused('A JAX program paused by debugpy', 'jax-arrays.py', ['debugpy', 'jax', 'keras'], (program) => {
  it('shows arrays of every element type, and keeps no copy of them in the program', async () => {
    const seen = await program.look('maps', 'maps');
    assert.deepEqual([tensor(seen).type, tensor(seen).dtype, tensor(seen).shape, tensor(seen).slice.tileAxes], ['jaxlib.ArrayImpl', 'float32', [2, 4, 5, 3], [3]]);
    assert.deepEqual(program.valuesOf(seen), [0, 1, 2].flatMap((channel) => Array.from({ length: 20 }, (_, i) => 3 * i + channel)));
    assert.deepEqual([await program.values('half'), await program.values('brain'), await program.values('tiny')], [[1.5, -2.25], [1.5, -2.25], [0.5, -2]]);
    assert.deepEqual([await program.values('four'), await program.values('truth'), await program.values('whole')], [[-8, 7], [1, 0], [1, 2, 3, 4]]);
    assert.equal(await program.evaluate('maps._npy_value is None and four._npy_value is None'), 'True');
  });

  it('says in a sentence what has no elements, or none now', async () => {
    assert.match(await program.sentence('complex_'), /complex; look at its real, imag or abs/);
    assert.match(await program.sentence('random'), /it is a random key; look at its jax\.random\.key_data/);
    assert.match(await program.sentence('deleted'), /its memory has been deleted, or donated to a function/);
    assert.match(await program.sentence('traced'), /it is traced/);
    assert.match(await program.sentence('working'), /still being computed\. Step on, or look again in a moment/);
  });

  it('shows Keras variables and models with JAX below, and loads no TensorFlow for it', async () => {
    assert.deepEqual(await program.values('variable'), [1, 2, 3, -4]);
    const { result } = await program.look('model');
    assert.ok(result.kind === 'network' && result.graph.totals.parameters === 13, JSON.stringify(result));
    assert.equal(await program.evaluate('"tensorflow" in __import__("sys").modules'), 'False');
    assert.equal(await program.evaluate('__import__("sys").modules["keras.src.utils.module_utils"].tensorflow._available'), 'None');
  });
});
