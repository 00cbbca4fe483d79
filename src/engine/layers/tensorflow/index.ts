/** The table of TensorFlow's ops, family by family, for graph models. https://www.tensorflow.org/api_docs/python/tf/raw_ops */
import type { LayerForward } from '../layer';
import { arithmetic } from './arithmetic';
import { arrangement } from './arrangement';
import { lists } from './lists';
import { matrices } from './matrices';
import { searching } from './searching';
import { signals } from './signals';
import { windows } from './windows';

export const tensorflowOps: Readonly<Record<string, LayerForward>> = { ...arithmetic, ...windows, ...matrices, ...arrangement, ...lists, ...searching, ...signals };
