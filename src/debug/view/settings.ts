/** Loss and optimizer of a run's configuration, whichever way it was written. */
import type { LossConfig, RunConfig } from '../../engine/config';

const hasType = (value: unknown): value is { readonly type: string } => typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** Keras's name of the loss of each output; a single one has the key ''; empty when the model file's own loss is used. */
export function lossTypes(loss: RunConfig['loss'] | undefined): Readonly<Record<string, string>> {
  if (loss === undefined) return {};
  if (typeof loss === 'string') return { '': loss };
  if (hasType(loss)) return { '': loss.type };
  const entries: [string, string | LossConfig][] = Object.entries(loss);
  return Object.fromEntries(entries.map(([name, entry]) => [name, typeof entry === 'string' ? entry : entry.type]));
}

/** Type and settings of the optimizer; the type is '' when the model file's own is used. */
export function optimizerSettings(optimizer: RunConfig['optimizer'] | undefined): { readonly type: string; readonly settings: Readonly<Record<string, unknown>> } {
  if (optimizer === undefined) return { type: '', settings: {} };
  return typeof optimizer === 'string' ? { type: optimizer, settings: {} } : { type: optimizer.type, settings: { ...optimizer } };
}
