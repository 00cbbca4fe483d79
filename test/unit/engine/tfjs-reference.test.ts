/** With the `tfjs` convention, numbers agree with those that TensorFlow.js wrote down for its files, on each backend. */
import path from 'node:path';
import { presentBackends } from '../../../src/engine/backend/backend';
import type { RunConfig } from '../../../src/engine/config';
import { openDataset } from '../../../src/engine/data/dataset';
import { runOf } from '../../../src/engine/local-run';
import type { Run } from '../../../src/engine/run';
import { weightsOf } from '../../../src/engine/weights';
import { openNetwork } from '../../../src/formats/registry';
import type { TensorValue } from '../../../src/tensor/value';
import { assertFits, compareGradients, compareWeights, configOf, readReference } from './references';
import type { Reference } from './references';

/** A run that starts from the reference's weights, where the file holds later ones. */
async function startRun(reference: Reference, config: RunConfig): Promise<Run> {
  const { network, weights } = await openNetwork(path.join(reference.folder, 'model.json'));
  try {
    const start = new Map<string, TensorValue>();
    for (const { path: layer, weight } of weightsOf(network)) {
      const value = reference.arrays.get(`start/${layer}/${weight.name}`);
      if (value !== undefined && weight.key !== null) start.set(weight.key, value);
    }
    const store = { ...weights, read: async (key: string) => start.get(key) ?? await weights.read(key) };
    return await runOf(config, { network, weights: store }, await openDataset(config.data, network, reference.folder, config.loss));
  } finally {
    await weights.close();
  }
}

describe('TensorFlow.js model files', () => {
  for (const name of ['tfjs_digits', 'tfjs_two_inputs']) {
    it(`gives the outputs, loss, gradients and steps of ${name} as TensorFlow.js does`, async () => {
      const reference = await readReference(`tfjs/${name}`, name);
      for (const { name: backend } of await presentBackends()) {
        const sgd = await startRun(reference, { ...configOf(reference, 'model.json', { type: 'sgd', learningRate: 0.1 }), backend });
        const first = await sgd.iteration(0);
        assertFits([...compareGradients(first, reference), ...compareWeights(first, reference, 'sgd')]);
        sgd.dispose();
        const adam = await startRun(reference, { ...configOf(reference, 'model.json', { type: 'adam', learningRate: 0.001 }), backend });
        assertFits(compareWeights(await adam.iteration(2), reference, 'adam3'));
        adam.dispose();
      }
    });
  }
});
