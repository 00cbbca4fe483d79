/** Answers the panel's requests for tensors: of the trace under the cursor, or of the model file. */
import type { Trace } from '../../engine/trace';
import type { Network, WeightStore } from '../../network/network';
import { findLayer } from '../../listing/headers';
import type { TensorPicture, TensorRequest } from '../../protocol/tensor';
import { Failure } from '../../tensor/failure';
import { pictureOf } from '../../tensor/picture';
import type { TensorUse } from '../../tensor/slice';
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

/** @throws Failure `picture.gone` when the iteration is no longer at hand, `picture.tensor` when there is no such tensor or weight. */
export async function tensorPicture(request: TensorRequest, sources: PictureSources): Promise<TensorPicture> {
  const { address } = request;
  const options = { slice: request.slice, example: request.example, maxElements: request.maxElements };
  if (address.kind === 'trace') {
    const trace = sources.trace(address.iteration);
    if (trace === null) throw new Failure('picture.gone', `Iteration ${address.iteration + 1} is no longer the one that is shown; step to it to see its tensors.`);
    const index = indexOf(trace, sources.names(trace));
    const tensor = trace.tensors.get(address.tensor);
    if (tensor === undefined) throw new Failure('picture.tensor', `Iteration ${address.iteration + 1} has no tensor number ${address.tensor}.`);
    return pictureOf(tensor.read(), { ...options, name: index.names.get(address.tensor) ?? 'constant', use: useOf(index, address.tensor), statistics: index.statistics(address.tensor) });
  }
  if (address.kind === 'look') throw new Failure('picture.look', 'Expressions of other programs are shown in the panel "Tensor".');
  const layer = findLayer(sources.network, address.layer);
  const weight = layer?.weights.find(({ name }) => name === address.weight);
  if (weight === undefined) throw new Failure('picture.tensor', `The network ${sources.network.name} has no weight ${address.weight} in a layer ${address.layer}.`);
  if (weight.key === null) throw new Failure('picture.tensor', `The file holds no values for ${address.layer}/${address.weight}: it gets its first values when a run starts.`);
  return pictureOf(await sources.weights.read(weight.key), { ...options, name: `${address.layer}/${address.weight}`, use: 'weight' });
}

/** Weights, their gradients and the optimizer's slots have `[…, in, out]`, everything else a batch axis in front. */
export function useOf(index: TraceIndex, id: number): TensorUse {
  if (index.weights.has(id) || index.slots.has(id)) return 'weight';
  const tensor = index.tensor(id);
  if (tensor?.role.kind === 'weight' || tensor?.role.kind === 'state') return 'weight';
  const of = tensor?.gradientOf?.tensor;
  return of !== undefined && of !== id && index.weights.has(of) ? 'weight' : 'activation';
}
