/** A controller on a real run, as the debugger opens it. */
import path from 'node:path';
import { Controller } from '../../../src/debug/controller';
import type { RunConfig } from '../../../src/engine/config';
import { createRun } from '../../../src/engine/create-run';
import { makeListing } from '../../../src/listing/listing';

export const lenet: RunConfig = {
  model: 'lenet5.keras', data: { generator: 'digits', examples: 24 }, loss: 'sparse_categorical_crossentropy', optimizer: 'sgd', batchSize: 4, backend: 'wasm', seed: 5,
};

/** Stopped on the first step; paths are relative to the examples. */
export function launch(config: RunConfig, baseFolder = path.resolve('media/examples')): Promise<Controller> {
  return Controller.launch({ open: () => createRun(config, { baseFolder }), makeListing: (trace, { network }) => makeListing(trace, network) });
}

/** A wait that ends with the turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
