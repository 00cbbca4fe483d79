/** The table of ONNX ops, family by family. Opsets from 7 on: the reader of files writes what older ones mean in the words of the newest. */
import type { OnnxOp, RuntimeOp } from '../../../formats/onnx/ops';
import type { LayerForward } from '../layer';
import { activationOps } from './activations';
import { attentionOps } from './attention';
import { constantOps } from './constants';
import { convolutionOps } from './convolution';
import { deformableOps } from './deformable';
import { elementwiseOps } from './elementwise';
import { indexingOps } from './indexing';
import { integerOps } from './integers';
import { lossOps } from './losses';
import { normalizationOps } from './normalization';
import { poolingOps } from './pooling';
import { productOps } from './products';
import { quantizationOps } from './quantization';
import { randomOps } from './random';
import { recurrentOps } from './recurrent';
import { reductionOps } from './reductions';
import { resizingOps } from './resizing';
import { samplingOps } from './sampling';
import { runtimeAttentionOps } from './runtime/attention';
import { fusedOps } from './runtime/fused';
import { runtimeQuantizedOps } from './runtime/quantized';
import { searchingOps } from './searching';
import { sequenceOps } from './sequences';
import { shapingOps } from './shaping';
import { signalOps } from './signals';

/** Every op that the reader of files takes for known. */
const table: Readonly<Record<OnnxOp | RuntimeOp, LayerForward>> = {
  ...constantOps, ...elementwiseOps, ...activationOps, ...productOps, ...convolutionOps, ...poolingOps, ...normalizationOps, ...reductionOps, ...shapingOps,
  ...indexingOps, ...resizingOps, ...recurrentOps, ...attentionOps, ...quantizationOps, ...lossOps, ...sequenceOps, ...samplingOps, ...searchingOps, ...integerOps, ...randomOps, ...signalOps,
  ...deformableOps, ...fusedOps, ...runtimeAttentionOps, ...runtimeQuantizedOps,
};

export const onnxLayers: Readonly<Record<string, LayerForward>> = table;
