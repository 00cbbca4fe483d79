/** Listing and views of real runs: every network of the fixtures that trains, at every cursor. */
import assert from 'node:assert/strict';
import { depths } from '../../../src/debug/cursor';
import { placeOf, viewAt } from '../../../src/debug/place';
import { cursorView } from '../../../src/debug/view/cursor-view';
import { createRun } from '../../../src/engine/create-run';
import { makeListing } from '../../../src/listing/listing';
import { configOf, readReference, referenceNames } from '../engine/references';
import { checkFormula } from './check-formula';
import { checkListing } from './check-listing';
import { typeErrors } from './type-check';

/** Not for training. */
const others = new Set(['lambda_model', 'will_i_pass_trained']);

const optimizers = ['adam', 'sgd', 'rmsprop', { type: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true }, 'adagrad', 'nadam'] as const;

describe('listing and panel of a real run', () => {
  referenceNames('keras').filter((name) => !others.has(name)).forEach((name, number) => {
    it(`of ${name}: valid TypeScript that stays the same from iteration to iteration, formulas and cards at every cursor`, async () => {
      const reference = await readReference('keras', name);
      const run = await createRun({ ...configOf(reference, `${name}.keras`, optimizers[number % optimizers.length]), backend: 'wasm' }, { baseFolder: reference.folder });
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
