/** Layers that only the networks of keras.applications bring along. */
import { Failure } from '../../tensor/failure';
import { broadcast } from './merging';
import { elementwise, weight } from './kind';
import type { KindTable } from './kind';

export const applications: KindTable = {
  // ConvNeXt: a factor a channel.
  LayerScale: {
    ...elementwise,
    weights: (settings) => [weight('gamma', [settings.count('projection_dim')], { class_name: 'Constant', config: { value: settings.number('init_values') } })],
  },
  // ConvNeXt: leaves out whole branches of examples in training.
  StochasticDepth: { ...elementwise, detail: (settings) => String(settings.number('drop_path_rate')) },
  // Inception-ResNet: the first input plus a part of the second.
  CustomScaleLayer: {
    outputs: (settings, { inputs: [first, second] }) => {
      settings.number('scale');
      if (first === undefined || second === undefined) throw new Failure('layer.input', 'it needs two inputs');
      return [broadcast(first, second)];
    },
    detail: (settings) => `+ ${settings.number('scale')} ×`,
  },
};
