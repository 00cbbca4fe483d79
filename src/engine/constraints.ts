/** Keras's weight constraints: after each step a weight is brought back to where its layer's configuration wants it. */
import { add, cast, clipByValue, div, greaterEqual, mul, sqrt, square, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { findLayer } from '../network/layer-path';
import type { Json, JsonObject, Network } from '../network/network';
import { Failure } from '../tensor/failure';

export type Constraint = (weight: Tensor) => Tensor;

/** Keras's `backend.epsilon()`. */
const epsilon = 1e-7;
const numberOf = (config: JsonObject, name: string, fallback: number): number => (typeof config[name] === 'number' ? config[name] : fallback);

/** Axes over which Keras takes a weight's norm: `axis` of the configuration, 0 unless told. */
function axesOf({ axis }: JsonObject): number[] {
  if (typeof axis === 'number') return [axis];
  return Array.isArray(axis) ? (axis as readonly Json[]).filter((item) => typeof item === 'number') : [0];
}
const norms = (weight: Tensor, config: JsonObject): Tensor => sqrt(sum(square(weight), axesOf(config), true));

/** The formulas are those of keras.constraints. */
const constraints: Readonly<Record<string, (config: JsonObject) => Constraint>> = {
  /** w · min(‖w‖, max) / (ε + ‖w‖) */
  maxnorm: (config) => (weight) => { const norm = norms(weight, config); return mul(weight, div(clipByValue(norm, 0, numberOf(config, 'max_value', 2)), add(epsilon, norm))); },
  /** w where w ≥ 0, else 0 */
  nonneg: () => (weight) => mul(weight, cast(greaterEqual(weight, 0), 'float32')),
  /** w / (ε + ‖w‖) */
  unitnorm: (config) => (weight) => div(weight, add(epsilon, norms(weight, config))),
  /** w · (rate · clip(‖w‖, min, max) + (1 − rate) · ‖w‖) / (ε + ‖w‖) */
  minmaxnorm: (config) => (weight) => {
    const norm = norms(weight, config), rate = numberOf(config, 'rate', 1);
    const wanted = add(mul(rate, clipByValue(norm, numberOf(config, 'min_value', 0), numberOf(config, 'max_value', 1))), mul(1 - rate, norm));
    return mul(weight, div(wanted, add(epsilon, norm)));
  },
};

const record = (value: Json | undefined): JsonObject | null => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null);

/** The setting that constrains a weight: `kernel_constraint` for `kernel`, `recurrent_constraint` for `recurrent_kernel`. */
function settingOf(config: JsonObject, weight: string): Json | undefined {
  const name = weight.slice(weight.lastIndexOf('/') + 1);
  return config[`${name}_constraint`] ?? config[`${name.replace(/_kernel$/, '')}_constraint`];
}

/** The constraint of a weight by its layer's path and its name, or null. @throws Failure `constraint.unknown` */
export function constraintOf(network: Network, layer: string, weight: string): Constraint | null {
  const setting = settingOf(findLayer(network, layer)?.config ?? {}, weight);
  if (setting === undefined || setting === null) return null;
  const name = typeof setting === 'string' ? setting : record(setting)?.['class_name'];
  const make = typeof name === 'string' ? constraints[name.toLowerCase().replaceAll('_', '')] : undefined;
  if (make === undefined) throw new Failure('constraint.unknown', `The weight "${layer}/${weight}" has a constraint that Backstep does not have: ${JSON.stringify(name ?? setting)}. It has ${Object.keys(constraints).join(', ')}.`);
  return make(record(record(setting)?.['config']) ?? {});
}
