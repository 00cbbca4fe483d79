/** The optimizer's variables in a file, joined with the weights that they belong to. */
import type { NetworkDraft } from '../../network/draft';
import type { PlacedLayer, PlacedNetwork } from '../../network/build';
import type { CompileConfig, OptimizerState } from '../../network/network';
import { everyWeight, holdersOf } from './nested-weights';

/** A variable in the file, in the file's order. */
export interface StoredVariable { readonly key: string; readonly shape: readonly number[]; readonly integer: boolean }

/** Names of the slots in the order in which Keras makes them; settings can add or take away from the end. */
const slotNames: Readonly<Record<string, readonly string[]>> = {
  sgd: ['momentum'], adam: ['momentum', 'velocity', 'velocity_hat'], adamw: ['momentum', 'velocity', 'velocity_hat'], nadam: ['momentum', 'velocity'], adamax: ['m', 'u'],
  rmsprop: ['velocity', 'momentum', 'average_gradient'], adagrad: ['accumulator'], adadelta: ['accumulated_grad', 'accumulated_delta_var'], ftrl: ['accumulator', 'linear'], lion: ['momentum'],
};

interface Target { readonly path: string; readonly shape: readonly number[] }

/** Trainable weights in the order of Keras's `trainable_variables`. */
function trainableWeights(draft: NetworkDraft, network: PlacedNetwork): readonly Target[] {
  const placed = new Map(network.layers.map((layer): [string, PlacedLayer] => [layer.name, layer]));
  return draft.layers.flatMap((layer) => {
    const own = placed.get(layer.name);
    return own === undefined || layer.operation ? [] : holdersOf(layer, own).flatMap((holder) => everyWeight(holder))
      .filter(({ weight }) => weight.trainable).map(({ path, weight }) => ({ path: `${path}/${weight.name}`, shape: weight.shape }));
  });
}

const sameShape = (first: readonly number[], second: readonly number[] | undefined): boolean => first.length === second?.length && first.every((extent, axis) => extent === second[axis]);

/** Joins variables with weights; null when the file holds none, or they do not fit the weights. */
export function optimizerState(type: string, variables: readonly StoredVariable[], draft: NetworkDraft, network: PlacedNetwork): OptimizerState | null {
  const targets = trainableWeights(draft, network);
  const [first] = variables;
  const counted = first?.integer === true && first.shape.length === 0;
  const known = counted ? variables.slice(1) : variables;
  // The learning rate is a scalar, and absent where a schedule computes it.
  const slots = known.length % Math.max(1, targets.length) === 1 && known[0]?.shape.length === 0 ? known.slice(1) : known;
  const iterations = counted ? first.key : null;
  if (slots.length === 0 || targets.length === 0 || slots.length % targets.length !== 0) return iterations === null ? null : { iterations, slots: [] };
  const kinds = slots.length / targets.length;
  const names = Object.hasOwn(slotNames, type) ? slotNames[type] ?? [] : [];
  // Keras 3 makes all slots of one weight together (most optimizers), or one slot of all weights; the shapes tell.
  const together = (index: number): { weight: Target | undefined; slot: number } => ({ weight: targets[Math.floor(index / kinds)], slot: index % kinds });
  const apart = (index: number): { weight: Target | undefined; slot: number } => ({ weight: targets[index % targets.length], slot: Math.floor(index / targets.length) });
  const order = [together, apart].find((rule) => slots.every(({ shape }, index) => sameShape(shape, rule(index).weight?.shape)));
  if (order === undefined) return iterations === null ? null : { iterations, slots: [] };
  return {
    iterations,
    slots: slots.map(({ key }, index) => {
      const { weight, slot } = order(index);
      return { weight: weight?.path ?? '', slot: names[slot] ?? `slot_${slot}`, key };
    }),
  };
}

/** The compiled settings with the state, where there is one. */
export function withState(compile: CompileConfig | null, state: OptimizerState | null): CompileConfig | null {
  return compile === null || compile.optimizer === null || state === null ? compile : { ...compile, optimizer: { ...compile.optimizer, state } };
}
