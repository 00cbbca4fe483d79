/** Listing and views of real runs: every network of the fixtures that trains, at every cursor. */
import assert from 'node:assert/strict';
import { depths } from '../../../src/debug/cursor';
import { placeOf, viewAt } from '../../../src/debug/place';
import { cursorView } from '../../../src/debug/view/cursor-view';
import { createRun } from '../../../src/engine/create-run';
import { makeListing } from '../../../src/listing/listing';
import { configOf, exportedConfigOf, readReference, referenceNames } from '../engine/references';
import { checkFormula } from './check-formula';
import { checkListing } from './check-listing';
import { typeErrors } from './type-check';

/** Not for training. */
const others = new Set(['lambda_model', 'will_i_pass_trained']);

const optimizers = ['adam', 'sgd', 'rmsprop', { type: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true }, 'adagrad', 'nadam'] as const;

describe('listing and panel of a real run', () => {
  it('calls the values of an LSTM and of a normalisation by what they are', async () => {
    for (const [name, lines] of [
      ['lstm_rows', ['const lstm_c_5 = add(lstm_kept_5, lstm_taken_in_5);', 'const lstm_h_27 = mul(lstm_o_27, lstm_c_tanh_27);', 'const lstm = mul(lstm_o_28, lstm_c_tanh_28);', 'matMul(lstm_h_4, lstm_cell_recurrent_kernel)']],
      ['resnet_mini', ['const stem_bn_normalized = mul(stem_bn_centered, stem_bn_inverse_deviation);']],
    ] as const) {
      const reference = await readReference('keras', name);
      const run = await createRun({ ...configOf(reference, `${name}.keras`, 'sgd'), backend: 'wasm' }, { baseFolder: reference.folder });
      try {
        const { text } = makeListing(await run.iteration(0), run.info.network);
        for (const line of lines) assert.ok(text.includes(line), `${line} is missing in\n${text.slice(0, 4000)}`);
      } finally {
        run.dispose();
      }
    }
  });

  const exported = ['torch_cnn.unfolded.onnx', 'torch_encoder.onnx', 'torch_lstm.onnx'];
  [...referenceNames('keras').filter((name) => !others.has(name)), ...exported].forEach((name, number) => {
    it(`of ${name}: valid TypeScript that stays the same from iteration to iteration, formulas and cards at every cursor`, async () => {
      const onnx = exported.includes(name);
      const reference = await readReference(onnx ? 'torch' : 'keras', name.split('.')[0] ?? name);
      const optimizer = optimizers[number % optimizers.length];
      const run = await createRun({ ...(onnx ? exportedConfigOf(reference, name, optimizer) : configOf(reference, `${name}.keras`, optimizer)), backend: 'wasm' }, { baseFolder: reference.folder });
      try {
        const first = await run.iteration(0);
        const { text } = makeListing(first, run.info.network);
        const trace = await run.iteration(1);
        const listing = makeListing(trace, run.info.network);
        assert.equal(listing.text, text, 'the text changes with the iteration');
        checkListing(listing, trace);
        assert.deepEqual(typeErrors(listing, trace), []);
        const place = placeOf(run.info, trace, listing);
        for (const depth of depths) {
          for (const { index } of trace.ops) {
            const cursor = place.steps.cursor(depth, index);
            if (cursor.op !== index) continue;
            const view = cursorView(viewAt(place, cursor));
            checkFormula(view.formula);
            assert.ok(view.title !== '' && view.explanation !== '' && view.cards.length > 0, `${depth} ${index}: ${listing.text.split('\n')[view.line - 1]}`);
            assert.ok(view.cards.every((card) => card.title !== '' && card.variable !== ''));
          }
        }
      } finally {
        run.dispose();
      }
    });
  });
});
