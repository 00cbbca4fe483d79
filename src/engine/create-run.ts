/** Opens all that a run needs: the network's file, its weights, the examples. */
import path from 'node:path';
import { openNetwork } from '../formats/registry';
import { Failure } from '../tensor/failure';
import type { RunConfig } from './config';
import { openDataset } from './data/dataset';
import { checkNetwork, runOf } from './local-run';
import type { Run } from './run';
import { lossSettingsOf } from './settings';
import type { Budgets } from './timeline/timeline';

export interface RunOptions {
  /** Folder that the paths of the configuration are relative to. */
  readonly baseFolder: string;
  /** Memory for traces and for checkpoints; 512 MiB and 256 MiB unless told. */
  readonly budgets?: Partial<Budgets>;
}

/**
 * Opens the run that a configuration describes and checks it; nothing runs yet.
 * @throws Failure with a sentence for whatever is missing, unknown or does not fit
 */
export async function createRun(config: RunConfig, { baseFolder, budgets }: RunOptions): Promise<Run> {
  const opened = await openNetwork(path.resolve(baseFolder, config.model));
  try {
    if (opened.network.viewOnly !== undefined) throw new Failure('network.view-only', opened.network.viewOnly);
    checkNetwork(opened.network);
    const dataset = await openDataset(config.data, opened.network, baseFolder, lossSettingsOf(config, opened.network));
    return await runOf(config, opened, dataset, budgets);
  } finally {
    await opened.weights.close();
  }
}
