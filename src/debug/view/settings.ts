/** Loss and optimizer of a run in the words of its configuration, or of the model file where the configuration is silent. */
import type { Loss } from '../../engine/losses/losses';
import type { Optimizer } from '../../engine/optimizers/optimizers';
import type { RunInfo } from '../../engine/run';
import { settingsOf } from '../../engine/settings';

export interface RunSettings {
  /** Loss of each output by the output's name. */
  readonly losses: Readonly<Record<string, Loss>>;
  readonly optimizer: Optimizer | null;
}

const known = new WeakMap<RunInfo, RunSettings>();

/** The settings that the run itself uses. A run exists only with valid ones, so nothing is thrown for a run's own information. */
export function runSettings(info: RunInfo): RunSettings {
  let settings = known.get(info);
  if (settings === undefined) known.set(info, settings = settingsOf(info.config, info.network));
  return settings;
}
