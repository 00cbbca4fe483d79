/** Layers inside layers: a wrapper's call seen from the layer or cell that it holds. */
import type { JsonObject } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { LayerCallContext } from './layer';

/** What differs for the inner layer: its configuration, and which of the wrapper's weights are its own. */
export interface Inner {
  readonly type: string;
  readonly config: JsonObject;
  /** Weights whose names start so are the inner layer's; the start is cut off. */
  readonly prefix: string;
  /** Part of the inner layer's path. */
  readonly name: string;
}

/** The call as the inner layer sees it. */
export function innerCall(call: LayerCallContext, { type, config, prefix, name }: Inner, changes: Partial<Pick<LayerCallContext, 'args' | 'kwargs' | 'masks'>> = {}): LayerCallContext {
  return {
    ...call,
    ...changes,
    path: `${call.path}/${name}`,
    type,
    config,
    weightNames: call.weightNames.filter((weight) => weight.startsWith(prefix)).map((weight) => weight.slice(prefix.length)),
    hasWeight: (weight) => call.hasWeight(prefix + weight),
    weight: (weight) => call.weight(prefix + weight),
    assign: (weight, value) => call.assign(prefix + weight, value),
    seed: (purpose) => call.seed(`${name}/${purpose}`),
  };
}

/** Folders of the weights' names, in order of appearance: `forward_lstm/lstm_cell/` …; `depth` parts of the path, all without it. */
export function foldersOf(call: LayerCallContext, depth?: number): string[] {
  const folders = call.weightNames.map((name) => {
    const parts = name.split('/').slice(0, -1);
    return parts.slice(0, depth ?? parts.length).map((part) => `${part}/`).join('');
  });
  return [...new Set(folders)];
}

/** The only folder of the weights, or the one at `index`. @throws Failure when there are fewer. */
export function folderAt(call: LayerCallContext, index: number, depth?: number): string {
  const folder = foldersOf(call, depth)[index];
  if (folder === undefined) throw new Failure('layer.weight', `Layer '${call.path}' (${call.type}) lacks the weights of the layer number ${index + 1} inside it.`);
  return folder;
}
