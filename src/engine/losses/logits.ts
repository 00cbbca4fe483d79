/** Whether a network gives probabilities or logits, for files that say nothing of their loss: graphs of ops. */
import type { Argument, Layer, Network, TensorRef } from '../../network/network';

/** Ops after which values are probabilities, in the words of ONNX, TensorFlow and TFLite. */
const probabilities = new Set(['Softmax', 'Sigmoid', 'HardSigmoid', 'LOGISTIC', 'SOFTMAX', 'HARD_SIGMOID']);
/** Ops that leave values what they are. */
const movers = new Set(['Identity', 'IdentityN', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'ExpandDims', 'Transpose', 'Cast', 'Dropout', 'Clip', 'Gather', 'Slice', 'StridedSlice', 'RESHAPE', 'SQUEEZE', 'EXPAND_DIMS', 'TRANSPOSE', 'CAST', 'DEQUANTIZE', 'QUANTIZE']);

const tensorIn = (argument: Argument | undefined): TensorRef | undefined => (argument?.kind === 'tensor' ? argument.ref : undefined);

/** True for an output of a graph of ops that does not end in a softmax or a sigmoid: a cross-entropy then has to apply it. */
export function givesLogits(network: Network, output: TensorRef): boolean {
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  let layer: Layer | undefined = layers.get(output.layer);
  if (layer?.foreign === undefined) return false;
  for (let steps = network.layers.length; layer !== undefined && movers.has(layer.type) && steps > 0; steps -= 1) {
    const ref = tensorIn(layer.calls[0]?.args[0]);
    layer = ref === undefined ? undefined : layers.get(ref.layer);
  }
  return layer !== undefined && !probabilities.has(layer.type);
}

/** Losses that take logits when they are told so. */
export const takesLogits = (name: string): boolean => /cross_?entropy/i.test(name) && !/generalized/i.test(name) || /^bce/i.test(name);
