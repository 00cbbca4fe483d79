/** What the panel shows at a cursor: formulas that KaTeX accepts, with names and sizes; cards with their roles; progress. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { RunConfig } from '../../../src/engine/config';
import { createRun } from '../../../src/engine/create-run';
import type { RunInfo } from '../../../src/engine/run';
import type { Trace } from '../../../src/engine/trace';
import { depths } from '../../../src/debug/cursor';
import type { Depth } from '../../../src/debug/cursor';
import { placeOf, viewAt } from '../../../src/debug/place';
import { cursorView } from '../../../src/debug/view/cursor-view';
import { tensorPicture } from '../../../src/debug/view/picture';
import { makeListing } from '../../../src/listing/listing';
import type { Network } from '../../../src/network/network';
import type { CursorView } from '../../../src/protocol/run';
import { checkFormula } from './check-formula';
import { smallTrace } from './trace-builder';

export function infoOf(network: Network): RunInfo {
  return {
    config: { model: 'small.keras', data: { generator: 'digits' }, loss: 'mean_squared_error', optimizer: { type: 'sgd', learningRate: 0.1 }, seed: 7 }, network,
    backend: { name: 'cpu', reason: 'asked for' }, convention: 'keras', examples: 4, batchSize: 2, iterationsPerEpoch: 2,
  };
}

/** The view at the first cursor of this depth whose op satisfies the condition. */
function at(trace: Trace, network: Network, depth: Depth, index: number): CursorView {
  const place = placeOf(infoOf(network), trace, makeListing(trace, network));
  return cursorView(viewAt(place, place.steps.cursor(depth, index)));
}

const opIndex = (trace: Trace, kernel: string, skip = 0): number => trace.ops.filter((op) => op.kernel === kernel)[skip]!.index;

describe('cursor view', () => {
  it('has a formula that KaTeX renders, a title and cards at every cursor of every depth', async () => {
    const { trace, network } = await smallTrace();
    for (const depth of depths) {
      for (const op of trace.ops) {
        const view = at(trace, network, depth, op.index);
        checkFormula(view.formula);
        assert.ok(view.title.length > 0 && view.explanation.length > 0 && view.cards.length > 0, `${depth} ${op.kernel}`);
      }
    }
  });

  it('writes a convolution with its names, sizes and offsets', async () => {
    const { trace, network } = await smallTrace();
    const view = at(trace, network, 'op', opIndex(trace, 'Conv2D'));
    assert.equal(view.title, 'conv2d_1 · convolution');
    assert.equal(view.formula, '\\texttt{conv2d\\_1\\_conv}[n,i,j,k]=\\sum_{u,v=0}^{2}\\texttt{x}[n,i+u,j+v,0]\\cdot \\texttt{conv2d\\_1\\_kernel}[u,v,0,k]');
    assert.equal(view.explanation, 'Each value sums 9 products: 3 × 3 places of the kernel × 1 channel.');
    assert.deepEqual(view.cards.map(({ title, variable, use }) => [title, variable, use]), [['x', 'x', 'input'], ['kernel', 'conv2d_1_kernel', 'input'], ['x ∗ kernel', 'conv2d_1_conv', 'output']]);
  });

  it('says what the gradient of a kernel sums over, and shows the kernel beside it', async () => {
    const { trace, network } = await smallTrace();
    const view = at(trace, network, 'op', opIndex(trace, 'Conv2DBackpropFilter'));
    assert.equal(view.title, 'conv2d_1 · gradient of the kernel');
    assert.equal(view.formula, '\\texttt{d\\_conv2d\\_1\\_kernel}[u,v,0,k]=\\sum_{n,i,j=0}^{1}\\texttt{x}[n,i+u,j+v,0]\\cdot \\texttt{d\\_conv2d\\_1\\_z}[n,i,j,k]');
    assert.match(view.explanation, /^Sum over 2 examples and 2 × 2 positions: 8 products for each weight\./);
    assert.deepEqual(view.cards.map(({ title, variable, use }) => [title, variable, use]), [
      ['x', 'x', 'input'], ['∂L/∂z', 'd_conv2d_1_z', 'input'], ['kernel', 'conv2d_1_kernel', 'input'], ['∂L/∂kernel', 'd_conv2d_1_kernel', 'output'],
    ]);
    const [, dz, kernel, gradient] = view.cards;
    assert.equal(gradient!.gradientOf, kernel!.tensor);
    assert.equal(dz!.gradientOf, null);
    assert.ok(gradient!.diverging && kernel!.diverging);
  });

  it('shows a whole layer at layer depth: forwards its input, weights and output, backwards gradients beside their values', async () => {
    const { trace, network } = await smallTrace();
    const forward = at(trace, network, 'layer', opIndex(trace, 'Conv2D'));
    assert.equal(forward.title, 'conv2d_1 · Conv2D');
    assert.deepEqual(forward.cards.map(({ title }) => title), ['x', 'kernel', 'bias', 'y']);
    assert.equal(forward.formula, '\\texttt{conv2d\\_1}[n,i,j,k]=\\tanh\\Bigl(\\sum_{u,v=0}^{2}\\texttt{x}[n,i+u,j+v,0]\\cdot \\texttt{conv2d\\_1\\_kernel}[u,v,0,k]+\\texttt{conv2d\\_1\\_bias}[k]\\Bigr)');
    assert.equal(forward.explanation, 'Each value sums 9 products: 3 × 3 places of the kernel × 1 channel, plus a bias, through tanh.');
    const backward = at(trace, network, 'layer', opIndex(trace, 'Conv2DBackpropFilter'));
    assert.equal(backward.title, 'conv2d_1 · Conv2D · gradients');
    assert.deepEqual(backward.cards.map(({ title }) => title), ['y', '∂L/∂y', 'kernel', '∂L/∂kernel', 'bias', '∂L/∂bias', 'x', '∂L/∂x']);
    for (const card of backward.cards) if (card.title.startsWith('∂')) assert.notEqual(card.gradientOf, null);
  });

  it('shows weight, gradient and new weight of an update', async () => {
    const { trace, network } = await smallTrace();
    const view = at(trace, network, 'layer', trace.ops.length - 1);
    assert.equal(view.title, 'dense_1 / kernel · SGD step');
    assert.equal(view.formula, '\\texttt{dense\\_1\\_kernel\\_new}=\\texttt{dense\\_1\\_kernel}-0.1\\cdot \\texttt{d\\_dense\\_1\\_kernel}');
    assert.deepEqual(view.cards.map(({ title }) => title), ['kernel', '∂L/∂kernel', 'kernel, new']);
  });

  it('writes the loss of the run over the batch', async () => {
    const { trace, network } = await smallTrace();
    const view = at(trace, network, 'phase', opIndex(trace, 'Mean'));
    assert.equal(view.title, 'loss · mean squared error');
    assert.equal(view.formula, '\\texttt{loss}=\\frac{1}{2}\\sum_{n=0}^{1}(\\texttt{dense\\_1}-\\texttt{labels})^{2}[n]');
    assert.deepEqual(view.cards.map(({ title }) => title), ['predictions', 'labels', 'loss']);
  });

  it('counts a layer as done once all of its step lies at or before the cursor', async () => {
    const { trace, network } = await smallTrace();
    assert.deepEqual(at(trace, network, 'op', 1).forwardDone, []);
    const first = at(trace, network, 'layer', 0);
    assert.deepEqual([first.forwardDone, first.backwardDone], [['conv2d_1'], []]);
    const phase = at(trace, network, 'phase', 0);
    assert.deepEqual([phase.forwardDone, phase.phaseProgress, phase.layer], [['conv2d_1', 'flatten', 'dense_1'], 1, null]);
    const back = at(trace, network, 'layer', opIndex(trace, 'Reshape', 1));
    assert.deepEqual(back.backwardDone, ['flatten', 'dense_1']);
    assert.equal(at(trace, network, 'op', opIndex(trace, 'Square')).phaseProgress, 6 / 11);
  });

  it('takes less than 20 ms for LeNet-5 on a batch of 32, wherever the cursor stands', async () => {
    const config: RunConfig = { model: 'lenet5.keras', data: { generator: 'digits', examples: 64 }, loss: 'categorical_crossentropy', optimizer: 'adam', batchSize: 32, backend: 'wasm' };
    const run = await createRun(config, { baseFolder: path.resolve('test/fixtures/models/keras') });
    try {
      const trace = await run.iteration(0);
      const place = placeOf(run.info, trace, makeListing(trace, run.info.network));
      const cursors = depths.flatMap((depth) => trace.ops.map(({ index }) => place.steps.cursor(depth, index)));
      // Time of the processor over all views, each tensor read for the first time: other processes may have the machine meanwhile.
      const before = process.cpuUsage();
      for (const cursor of cursors) cursorView(viewAt(place, cursor));
      const { user, system } = process.cpuUsage(before);
      const each = (user + system) / 1000 / cursors.length;
      assert.ok(each < 20, `${each.toFixed(1)} ms`);
    } finally {
      run.dispose();
    }
  });

  it('answers for a tensor with its default slice, name and statistics, and in a sentence for one that is gone', async () => {
    const { trace, network } = await smallTrace();
    const listing = makeListing(trace, network);
    const sources = { trace: (iteration: number): Trace | null => (iteration === 0 ? trace : null), names: () => listing.names, network, weights: { read: () => Promise.reject(new Error('no file')), close: () => Promise.resolve() } };
    const output = trace.layers[0]!.outputs[0]!;
    const picture = await tensorPicture({ address: { kind: 'trace', iteration: 0, tensor: output }, example: 1 }, sources);
    assert.deepEqual([picture.name, picture.tiles, picture.rows, picture.columns, picture.slice.at], ['conv2d_1', 2, 2, 2, { 0: 1 }]);
    const all = trace.tensors.get(output)!.read().data;
    assert.deepEqual([...new Float32Array(picture.values)], [0, 1].flatMap((channel) => [0, 1, 2, 3].map((place) => all[8 + place * 2 + channel])));
    await assert.rejects(tensorPicture({ address: { kind: 'trace', iteration: 3, tensor: 0 } }, sources), { code: 'picture.gone' });
    await assert.rejects(tensorPicture({ address: { kind: 'weight', layer: 'nowhere', weight: 'kernel' } }, sources), { code: 'picture.tensor' });
  });
});
