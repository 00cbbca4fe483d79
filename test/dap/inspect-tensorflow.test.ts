// Tensors of a program that uses TensorFlow and Keras, paused by the real debugpy.
import assert from 'node:assert/strict';
import { describePaused, tensor } from './paused-python';

describePaused('A TensorFlow program paused by debugpy', 'tensorflow-tensors.py', ['debugpy', 'tensorflow', 'keras'], (program) => {
  const state = (): Promise<string> => program.evaluate('(sorted(globals()) + sorted(locals()), tf.executing_eagerly(), np.random.get_state()[1].sum(), [np.asarray(s.state.value).tolist() for s in keras.src.backend.common.global_state.get_global_attribute("seed_generators", []) or []], int(model.optimizer.iterations.value))');

  it('shows eager tensors, variables, and what Keras wraps around them', async () => {
    const before = await state();
    assert.match(before, /True/);
    const seen = await program.look('eager', 'maps');
    assert.deepEqual([tensor(seen).type, tensor(seen).dtype, tensor(seen).shape, tensor(seen).slice.tileAxes], ['tensorflow.EagerTensor', 'float32', [2, 4, 5, 3], [3]]);
    assert.deepEqual(program.valuesOf(seen), [0, 1, 2].flatMap((channel) => Array.from({ length: 20 }, (_, i) => 3 * i + channel)));
    assert.deepEqual([await program.values('variable'), await program.values('own')], [[1, -2, 3, 4], [1, 2, 3, -4]]);
    assert.deepEqual([tensor(await program.look('brain')).dtype, await program.values('brain')], ['bfloat16', [1.5, -2.25]]);
    assert.deepEqual([await program.values('half'), await program.values('truth'), await program.values('whole')], [[0.5, -1], [1, 0], [3, -4]]);
    assert.deepEqual(tensor(await program.look('model.layers[0].kernel')).shape, [2, 3]);
    assert.deepEqual(await program.values('model.get_layer("bn").moving_variance'), [1, 1, 1]);
    assert.equal(await state(), before);
  });

  it('draws the graph of a model', async () => {
    const { result } = await program.look('model');
    assert.ok(result.kind === 'network', JSON.stringify(result));
    assert.deepEqual(result.graph.nodes.map(({ name }) => name).slice(-3), ['hidden', 'bn', 'out']);
  });

  it('says in a sentence what has no elements, or none in a row', async () => {
    assert.match(await program.sentence('ragged'), /its rows have different lengths; look at its values or to_tensor/);
    assert.match(await program.sentence('sparse'), /it is sparse; look at its values/);
    assert.match(await program.sentence('symbolic'), /it is symbolic/);
    assert.match(await program.sentence('placeholder'), /it is symbolic/);
    assert.match(await program.sentence('complex_'), /complex; look at its real, imag or abs/);
    assert.match(await program.sentence('words'), /elements of type/);
  });

  it('reads pinned weights again after a step of training', async () => {
    const { id } = await program.look('variable');
    program.looks.pin(id, true);
    const kernel = await program.look('model.get_layer("hidden").kernel');
    program.looks.pin(kernel.id, true);
    await program.next();
    await program.looks.refresh();
    const changeOf = (of: string) => tensor(program.looks.view.looks.find((entry) => entry.id === of) ?? assert.fail()).change;
    assert.deepEqual(changeOf(id), { kind: 'values', difference: 0.5, index: [1, 0], before: 3, after: 3.5, count: 1, blocks: { changed: 1, of: 4, length: 1, sampled: 1, first: [1, 0] } });
    assert.equal(changeOf(kernel.id)?.kind, 'values');
  });
});
