/** The table of ONNX ops, family by family. */
import type { LayerForward } from '../layer';

export const onnxLayers: Readonly<Record<string, LayerForward>> = {};
