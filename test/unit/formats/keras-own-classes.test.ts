/** Files of Keras of which a part cannot be known or computed exactly: what can be shown is shown, and a sentence tells the rest. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { openNetwork } from '../../../src/formats/registry';
import { readNpz } from '../../../src/formats/npz';
import { totalCost } from '../../../src/network/cost';
import { findWeight, flattenWeights } from '../../../src/network/layer-path';

const folder = path.resolve('test/fixtures/models/keras-own-classes');

describe('Keras files with more than Backstep knows', () => {
  for (const extension of ['keras', 'h5']) {
    it(`a model of a class of its own shows its layers with their weights (own_model.${extension})`, async () => {
      const { network, weights } = await openNetwork(path.join(folder, `own_model.${extension}`));
      assert.deepEqual(network.layers.map(({ type }) => type).sort(), ['Dense', 'Dense', 'LayerNormalization']);
      assert.equal(totalCost(network).parameters, 3 * 4 + 4 + 4 * 4 + 4 + 4 + 4);
      const [sentence = ''] = network.problems;
      assert.match(sentence, /the class Encoder, whose graph exists only in its Python code; its layers are shown with their weights/);
      const [first] = [...flattenWeights(network)];
      assert.ok((await weights.read(first?.weight.key ?? '')).data.length > 0);
      await weights.close();
    });

    it(`layers and models of own classes among known ones show their weights (own_layers.${extension})`, async () => {
      const { network, weights } = await openNetwork(path.join(folder, `own_layers.${extension}`));
      await weights.close();
      assert.deepEqual(network.layers.map(({ name }) => name), ['x', 'encoder', 'scale', 'last']);
      assert.deepEqual(network.layers.map(({ weights: own }) => own.reduce((sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1), 0)), [0, 44, 4, 10]);
      assert.ok(network.problems.some((sentence) => sentence.startsWith('Scale "scale": this class of layers is not known')));
    });

    it(`int8 kernels are read as what they stand for, and are not trained (int8.${extension})`, async () => {
      const { network, weights } = await openNetwork(path.join(folder, `int8.${extension}`));
      const before = await readNpz(path.join(folder, 'int8.npz'));
      let compared = 0;
      for (const [name, expected] of before) {
        const found = findWeight(network, name);
        const value = await weights.read(found?.weight.key ?? '');
        assert.deepEqual([...value.shape], [...expected.shape], name);
        const largest = Math.max(...Array.from(expected.data as Float32Array, Math.abs));
        // Half a step of the grid.
        assert.ok(value.data.every((each, index) => Math.abs(Number(each) - Number(expected.data[index])) <= largest / 127 / 2 + 1e-7), name);
        assert.equal(found?.weight.trainable, name.endsWith('bias'), name);
        compared += 1;
      }
      await weights.close();
      assert.equal(compared, 11);
      assert.ok(network.problems.every((sentence) => /quantised to int8: kernels are shown and computed with as kernel \/ scale in float32/.test(sentence)), network.problems.join('\n'));
      assert.equal(network.problems.length, 1);
    });

    it(`weights of 16 bits are read as they are (brain.${extension})`, async () => {
      const { network, weights } = await openNetwork(path.join(folder, `brain.${extension}`));
      for (const [name, expected] of await readNpz(path.join(folder, 'brain.npz'))) {
        const value = await weights.read(findWeight(network, name.replace(/^sequential[^/]*\//, ''))?.weight.key ?? '');
        assert.deepEqual([...value.data], [...expected.data], name);
      }
      await weights.close();
    });

    it(`says of each other precision where a run differs from Keras (precisions.${extension})`, async () => {
      const { network, weights } = await openNetwork(path.join(folder, `precisions.${extension}`));
      await weights.close();
      assert.deepEqual(network.problems.map((sentence) => sentence.slice(0, sentence.indexOf(';'))), ['Layer "half" is saved to compute in float16', 'Layer "brain" is saved to compute in bfloat16', 'Layer "double" is saved to compute in float64']);
    });
  }

  it('a model that was never built says what is missing', async () => {
    const { network, weights } = await openNetwork(path.join(folder, 'not_built.keras'));
    await weights.close();
    assert.match(network.problems[0] ?? '', /the file does not say the shape of what goes in, as the model was saved before it was built/);
  });
});
