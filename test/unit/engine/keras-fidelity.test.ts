/** With the `keras` convention, outputs, gradients and steps agree with those that Keras itself wrote down for its files. */
import assert from 'node:assert/strict';
import { presentBackends } from '../../../src/engine/backend/backend';
import type { RunConfig } from '../../../src/engine/config';
import { createRun } from '../../../src/engine/create-run';
import type { Trace } from '../../../src/engine/trace';
import { assertFits, compareGradients, compareWeights, configOf, readReference, referenceNames } from './references';
import type { Reference } from './references';

/** Not for training: what it shows is that nothing in it is run; and a file whose history is checked elsewhere. */
const others = new Set(['lambda_model', 'will_i_pass_trained']);

async function traceOf(reference: Reference, model: string, optimizer: RunConfig['optimizer'], iteration: number, check: (trace: Trace) => void): Promise<void> {
  for (const { name: backend } of await presentBackends()) {
    const run = await createRun({ ...configOf(reference, model, optimizer), backend }, { baseFolder: reference.folder });
    try {
      assert.equal(run.info.convention, 'keras');
      check(await run.iteration(iteration));
    } finally {
      run.dispose();
    }
  }
}

describe('the keras convention', () => {
  for (const name of referenceNames('keras').filter((other) => !others.has(other))) {
    for (const extension of ['keras', 'h5']) {
      const model = `${name}.${extension}`;
      it(`gives the outputs, loss and gradients of ${model} as Keras does, and its weights after a step of SGD`, async () => {
        const reference = await readReference('keras', name);
        await traceOf(reference, model, { type: 'sgd', learningRate: 0.1 }, 0, (trace) => {
          assertFits([...compareGradients(trace, reference), ...compareWeights(trace, reference, 'sgd')]);
        });
      });
      it(`takes ${model} through three steps of Adam as Keras does`, async () => {
        const reference = await readReference('keras', name);
        await traceOf(reference, model, { type: 'adam', learningRate: 0.001 }, 2, (trace) => {
          assertFits(compareWeights(trace, reference, 'adam3'));
        });
      });
    }
  }
});
