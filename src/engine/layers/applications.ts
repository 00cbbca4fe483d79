/** Layers that only the networks of keras.applications bring along. */
import { add, div, floor, mul } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { atOnce, inputsOf, plain } from './calls';
import type { LayerForward } from './layer';
import { uniform } from './randomness';
import { numberOf } from './settings';

export const applicationLayers: Readonly<Record<string, LayerForward>> = {
  /** Touvron and others 2021: x gamma, one factor a channel. */
  LayerScale: plain((x, call) => mul(x, call.weight('gamma'))),
  /** Huang and others 2016: each example's branch becomes 0 with probability `drop_path_rate`, the rest grows. */
  StochasticDepth: plain((x, call) => {
    const rate = numberOf(call, 'drop_path_rate');
    if (rate === 0 || rate >= 1 || !call.training || !call.dropout) return x;
    const kept = floor(add(uniform(x.shape.map((extent, axis) => (axis === 0 ? extent : 1)), call.seed('dropout')), 1 - rate));
    return mul(div(x, 1 - rate), kept);
  }),
  /** Szegedy and others 2016: x + scale y. */
  CustomScaleLayer: atOnce((call) => {
    const [x, y] = inputsOf(call, 2) as [Tensor, Tensor]; // at least two
    return { outputs: [add(x, mul(y, numberOf(call, 'scale')))] };
  }),
};
