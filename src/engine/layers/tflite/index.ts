/** The table of TFLite's builtin operators, family by family. https://www.tensorflow.org/mlir/tfl_ops */
import type { LayerForward } from '../layer';
import { elementwise } from './elementwise';
import { products } from './products';
import { recurrent } from './recurrent';
import { searching } from './searching';
import { shaping } from './shaping';

export const tfliteOperators: Readonly<Record<string, LayerForward>> = { ...elementwise, ...products, ...shaping, ...recurrent, ...searching };
