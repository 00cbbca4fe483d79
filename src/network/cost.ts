/** What layers cost: parameters, multiply-adds, and the sums over a network. */
import { Failure } from '../tensor/failure';
import { sizeOf } from '../tensor/value';
import { callShapes } from './build';
import { exampleShapes } from './example-sizes';
import { Settings } from './kinds/kind';
import { kindOf, operationKindOf } from './kinds/table';
import { shapesOf } from './layer-path';
import type { Layer, Network } from './network';
import { exact } from './sizes';
import { workOf } from './work';

export interface Cost {
  /** Number of elements of all weights that are not mere buffers. */
  readonly parameters: number;
  /** Those of them that training changes. */
  readonly trainable: number;
  /** Multiply-adds for one example, over all calls of the layer; null when an extent is unknown, or they are more than can be counted. */
  readonly macs: number | null;
}

const known = new WeakMap<Network, ReadonlyMap<string, Cost>>();

/** Cost of every layer of a network by name; a nested model costs what its layers cost. */
export function costs(network: Network): ReadonlyMap<string, Cost> {
  const found = known.get(network) ?? costsIn(network);
  known.set(network, found);
  return found;
}

function costsIn(network: Network): ReadonlyMap<string, Cost> {
  const shapeOf = shapesOf(network);
  const examples = network.layers.some(({ foreign }) => foreign !== undefined) ? exampleShapes(network) : null;
  const work = (layer: Layer): number | null => {
    if (layer.foreign === undefined || examples === null) return macsOf(layer, shapeOf);
    return workOf(network, layer, examples);
  };
  return new Map(network.layers.map((layer) => [layer.name, costOf(layer, work)] as const));
}

/** Sum over all layers. @param each their costs, when they are known already */
export function totalCost(network: Network, each = costs(network)): Cost {
  return sum([...each.values()]);
}

function sum(list: readonly Cost[]): Cost {
  return list.reduce<Cost>((all, one) => ({
    parameters: all.parameters + one.parameters,
    trainable: all.trainable + one.trainable,
    macs: all.macs === null || one.macs === null ? null : exact(all.macs + one.macs),
  }), { parameters: 0, trainable: 0, macs: 0 });
}

function costOf(layer: Layer, work: (layer: Layer) => number | null): Cost {
  const own = (trainable: boolean): number => layer.weights.filter((weight) => weight.buffer !== true && (weight.trainable || !trainable)).reduce((all, weight) => all + sizeOf(weight.shape), 0);
  if (layer.network !== null) {
    const inner = totalCost(layer.network);
    return { parameters: inner.parameters + own(false), trainable: inner.trainable + own(true), macs: inner.macs === null ? null : runsOf(layer, inner.macs) };
  }
  return { parameters: own(false), trainable: own(true), macs: exact(work(layer)) };
}

/** What a nested model costs over all calls of its layer; TimeDistributed runs it at every step of each. Null when their number is unknown. */
export function runsOf(layer: Layer, once: number): number | null {
  if (layer.type !== 'TimeDistributed') return exact(once * Math.max(1, layer.calls.length));
  return layer.calls.reduce<number | null>((sum, { outputShapes: [shape] }) => (sum === null || shape?.[1] == null ? null : exact(sum + shape[1] * once)), 0);
}

function macsOf(layer: Layer, shapeOf: ReturnType<typeof shapesOf>): number | null {
  const kind = kindOf(layer.type) ?? operationKindOf(layer.type);
  if (kind === undefined || kind.refused !== undefined) return null;
  if (kind.macs === undefined) return 0;
  let all = 0;
  for (const call of layer.calls) {
    try {
      const macs = kind.macs(new Settings(layer.config), callShapes(call, shapeOf), call.outputShapes);
      if (macs === null) return null;
      all += macs;
    } catch (error) {
      // Whatever is wrong with the layer is its `problem` already.
      if (error instanceof Failure) return null;
      throw error;
    }
  }
  return all;
}
