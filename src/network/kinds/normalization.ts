/** Normalisation layers. */
import { describeShape, elementwise, inputOf, knownExtent, weight } from './kind';
import type { CallShapes, KindTable, LayerKind, Settings, WeightSpec } from './kind';
import { Failure } from '../../tensor/failure';

function axesOf(settings: Settings, call: CallShapes, fallback: number): readonly number[] {
  const shape = inputOf(call);
  const axes = settings.has('axis') ? settings.list('axis') : [fallback];
  return axes.map((axis) => {
    const index = axis < 0 ? axis + shape.length : axis;
    if (index < 0 || index >= shape.length) throw new Failure('layer.axis', `its axis ${axis} does not exist in its input ${describeShape(shape)}`);
    return index;
  });
}

/** gamma and beta over the normalised axes. */
function scaleAndShift(settings: Settings, shape: readonly number[]): WeightSpec[] {
  const list: WeightSpec[] = [];
  if (settings.flag('scale', true)) list.push(weight('gamma', shape, settings.initializer('gamma_initializer', 'ones')));
  if (settings.flag('center', true)) list.push(weight('beta', shape, settings.initializer('beta_initializer', 'zeros')));
  return list;
}

const batch: LayerKind = {
  ...elementwise,
  weights: (settings, call) => {
    const shape = axesOf(settings, call, -1).map((axis) => knownExtent(inputOf(call), axis));
    return [
      ...scaleAndShift(settings, shape),
      weight('moving_mean', shape, settings.initializer('moving_mean_initializer', 'zeros'), { trainable: false }),
      weight('moving_variance', shape, settings.initializer('moving_variance_initializer', 'ones'), { trainable: false }),
    ];
  },
};

const layer: LayerKind = {
  ...elementwise,
  weights: (settings, call) => {
    const shape = axesOf(settings, call, -1).map((axis) => knownExtent(inputOf(call), axis));
    if (settings.flag('rms_scaling', false)) return [weight('gamma', shape, settings.initializer('gamma_initializer', 'ones'))];
    return scaleAndShift(settings, shape);
  },
};

const rms: LayerKind = {
  ...elementwise,
  weights: (settings, call) => [weight('scale', axesOf(settings, call, -1).map((axis) => knownExtent(inputOf(call), axis)), { class_name: 'Ones', config: {} })],
};

const group: LayerKind = {
  ...elementwise,
  weights: (settings, call) => {
    const [axis = -1] = axesOf(settings, call, -1);
    return scaleAndShift(settings, [knownExtent(inputOf(call), axis)]);
  },
  detail: (settings) => `${settings.number('groups', 32)} groups`,
};

/** Normalization by adapted statistics; with `mean` and `variance` in the config it has no weights. */
const adapted: LayerKind = {
  ...elementwise,
  weights: (settings, call) => {
    if (settings.has('mean')) return [];
    const shape = settings.config.axis === null ? [] : axesOf(settings, call, -1).map((axis) => knownExtent(inputOf(call), axis));
    return [
      weight('mean', shape, { class_name: 'Zeros', config: {} }, { trainable: false }),
      weight('variance', shape, { class_name: 'Ones', config: {} }, { trainable: false }),
      weight('count', [], { class_name: 'Zeros', config: {} }, { trainable: false, dtype: 'int32' }),
    ];
  },
};

/** UnitNormalization keeps the shape. */
export const normalizations: KindTable = {
  BatchNormalization: batch,
  LayerNormalization: layer,
  RMSNormalization: rms,
  GroupNormalization: group,
  UnitNormalization: elementwise,
  Normalization: adapted,
};
