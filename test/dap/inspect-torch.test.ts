// Tensors of a program that trains with PyTorch, paused by the real debugpy.
import assert from 'node:assert/strict';
import { describePaused, tensor } from './paused-python';

describePaused('A PyTorch program paused by debugpy', 'torch-tensors.py', ['debugpy', 'torch'], (program) => {
  /** What must be as it was after anything was looked at. */
  const state = (): Promise<string> => program.evaluate('(sorted(globals()) + sorted(locals()), torch.is_grad_enabled(), torch.get_rng_state().sum().item(), maps._version, maps.grad.sum().item(), net[0].weight._version, maps.requires_grad, torch.get_num_threads())');

  it('shows tensors that need gradients, channels first, and what was trained', async () => {
    const before = await state();
    assert.match(before, /True/);
    const seen = await program.look('maps', 'maps');
    assert.deepEqual([tensor(seen).type, tensor(seen).dtype, tensor(seen).shape, tensor(seen).slice.tileAxes], ['torch.Tensor', 'float32', [2, 3, 4, 5], [1]]);
    assert.deepEqual(program.valuesOf(seen), Array.from({ length: 60 }, (_, i) => i));
    const weight = tensor(await program.look('net[0].weight'));
    assert.deepEqual([weight.type, weight.shape], ['torch.Parameter', [2, 3, 3, 3]]);
    assert.deepEqual(tensor(await program.look('net[0].weight.grad')).shape, [2, 3, 3, 3]);
    assert.deepEqual(await program.values('net[1].running_var'), [1, 1]);
    assert.equal(await state(), before);
  });

  it('shows other element types and tensors that lie in another order', async () => {
    assert.deepEqual(await program.values('turned'), [0, 3, 1, 4, 2, 5]);
    assert.deepEqual([await program.values('half'), await program.values('brain')], [[1.5, -2.25], [1.5, -2.25]]);
    assert.deepEqual([tensor(await program.look('brain')).dtype, tensor(await program.look('half')).dtype], ['bfloat16', 'float16']);
    assert.deepEqual([await program.values('whole'), await program.values('truth')], [[1, 2, 3, 4], [1, 0]]);
    assert.deepEqual([await program.values('negative'), await program.values('complex_.abs()')], [[-2], [Math.fround(Math.sqrt(5))]]);
    assert.deepEqual([await program.values('quantized.int_repr()'), await program.values('sparse.values()')], [[5, 10], [1, 1, 1]]);
  });

  it('says in a sentence what has no elements, or none in a row', async () => {
    assert.match(await program.sentence('sparse'), /^"sparse" \(torch\.Tensor\) cannot be read: its layout is sparse_coo; look at its to_dense\(\)/);
    assert.match(await program.sentence('meta'), /a shape and a type but no elements \(device meta\)/);
    assert.match(await program.sentence('fake'), /a shape and a type but no elements/);
    assert.match(await program.sentence('complex_'), /complex; look at its real, imag or abs/);
    assert.match(await program.sentence('quantized'), /quantized; look at its int_repr/);
    assert.match(await program.sentence('nested'), /its rows have different lengths; look at one of its unbind/);
    assert.match(await program.sentence('pruned'), /has no elements: its shape is \[0, 3\]/);
    assert.match(await program.sentence('freed'), /its memory has been freed; look at it at an earlier line/);
    assert.match(await program.sentence('net'), /"net" is no tensor but a torch\.Sequential/);
  });

  it('never prints a tensor', async () => {
    assert.deepEqual(await program.values('loud'), [1, 2]);
    assert.equal(await program.evaluate('type(loud).printed'), '0');
  });

  it('brings only the slice and a sample of a tensor on another device, and waits for no busy one', async () => {
    const seen = await program.look('device');
    assert.deepEqual([tensor(seen).statistics.count, tensor(seen).sampled, tensor(seen).counting], [262_144, 16, false]);
    assert.equal(program.looks.picture(seen.id).reduction, 4);
    assert.equal(await program.evaluate('type(device).crossed'), '[1048576, 262144]');
    await program.evaluate('setattr(working, "busy", True)');
    assert.match(await program.sentence('device'), /lies on a device that is still working: its CUDA stream has not finished\. Step on/);
    await program.evaluate('setattr(working, "busy", False)');
    await program.evaluate('setattr(working, "capturing", True)');
    assert.match(await program.sentence('device'), /its CUDA stream is being captured into a graph/);
    await program.evaluate('setattr(working, "capturing", False)');
  });

  it('never goes through 10^9 elements', async () => {
    const { statistics, shape, sampled } = tensor(await program.look('spread'));
    assert.deepEqual([shape, sampled, statistics.count, statistics.zeros], [[1000, 1000, 1000], 3815, 262_124, 262_124]);
  });

  it('sees at the next stop that an element changed outside of the part that is shown', async () => {
    const { id } = await program.look('maps', 'maps');
    program.looks.pin(id, true);
    await program.next();
    await program.looks.refresh();
    const { change } = tensor(program.looks.view.looks.find((entry) => entry.id === id) ?? assert.fail());
    assert.deepEqual(change, { kind: 'elsewhere', compared: true, blocks: { changed: 1, of: 120, length: 1, sampled: 1, first: [1, 2, 3, 4] } });
  });
});
