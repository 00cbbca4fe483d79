/** Where the tensors that the panel asks for are found: in the trace under the cursor, or in the model file. */
import type { Trace } from '../../engine/trace';
import { outputsFirst } from '../../network/graph-view';
import type { Network, WeightStore } from '../../network/network';
import { findLayer } from '../../network/layer-path';
import type { TensorAddress, TensorPicture, TensorRequest } from '../../protocol/tensor';
import { Failure } from '../../tensor/failure';
import type { TensorUse } from '../../tensor/slice';
import type { TensorStatistics } from '../../tensor/statistics';
import type { TensorValue } from '../../tensor/value';
import { TensorDesk } from './desk';
import { indexOf } from './trace-index';
import type { TraceIndex } from './trace-index';

export interface PictureSources {
  /** The trace of an iteration while it is at hand; null when it is no longer (the cursor has moved on). */
  trace(iteration: number): Trace | null;
  /** Names of the trace's tensors in the listing. */
  names(trace: Trace): ReadonlyMap<number, string>;
  readonly network: Network;
  readonly weights: WeightStore;
}

/** A tensor that was found; its values are read when they are needed. */
export interface FoundTensor {
  readonly name: string;
  readonly use: TensorUse;
  /** The same object for the same values: what was worked out for them is kept with it. */
  readonly identity: object;
  readonly read: () => TensorValue | Promise<TensorValue>;
  readonly statistics?: () => TensorStatistics;
}

/** @throws Failure `picture.gone` when the iteration is no longer at hand, `picture.tensor` when there is no such tensor or weight. */
export async function findTensor(address: TensorAddress, sources: PictureSources): Promise<FoundTensor> {
  if (address.kind === 'trace') {
    const trace = sources.trace(address.iteration);
    if (trace === null) throw new Failure('picture.gone', `Iteration ${address.iteration + 1} is no longer the one that is shown; step to it to see its tensors.`);
    const index = indexOf(trace, sources.names(trace));
    const tensor = trace.tensors.get(address.tensor);
    if (tensor === undefined) throw new Failure('picture.tensor', `Iteration ${address.iteration + 1} has no tensor number ${address.tensor}.`);
    return {
      name: index.names.get(address.tensor) ?? 'constant', use: useOf(index, address.tensor), identity: tensor,
      read: () => tensor.read(), statistics: () => index.statistics(address.tensor),
    };
  }
  if (address.kind !== 'weight') throw new Failure('picture.address', `A tensor of the kind "${address.kind}" is not shown in this panel.`);
  const layer = findLayer(sources.network, address.layer);
  const weight = layer?.weights.find(({ name }) => name === address.weight);
  if (weight === undefined) throw new Failure('picture.tensor', `The network ${sources.network.name} has no weight ${address.weight} in a layer ${address.layer}.`);
  if (weight.key === null) throw new Failure('picture.tensor', `The file holds no values for ${address.layer}/${address.weight}: it gets its first values when a run starts.`);
  const value = await sources.weights.read(weight.key);
  return { name: `${address.layer}/${address.weight}`, use: layer !== undefined && outputsFirst(layer, sources.network.convention) ? 'weight-first' : 'weight', identity: value, read: () => value };
}

/** One picture, without anything kept for the next. @throws Failure as `findTensor`, and `slice.*`. */
export function tensorPicture(request: TensorRequest, sources: PictureSources): Promise<TensorPicture> {
  return new TensorDesk((address) => findTensor(address, sources)).picture(request);
}

/** Weights, their gradients and the optimizer's slots have `[…, in, out]`, everything else a batch axis in front. */
export function useOf(index: TraceIndex, id: number): TensorUse {
  const first = index.channelsFirst(id) ? '-first' : '';
  if (index.weights.has(id) || index.slots.has(id)) return `weight${first}`;
  const tensor = index.tensor(id);
  if (tensor?.role.kind === 'weight' || tensor?.role.kind === 'state') return 'weight';
  const of = tensor?.gradientOf?.tensor;
  return of !== undefined && of !== id && index.weights.has(of) ? 'weight' : `activation${first}`;
}
