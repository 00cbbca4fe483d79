/** The tables of layers: class name to forward pass, family by family; which table serves a network is told by its format. */
import { Failure } from '../../tensor/failure';
import { activationLayers } from './activation';
import { applicationLayers } from './applications';
import { attentionLayers } from './attention';
import { augmentationLayers } from './augmentation';
import { convolutionLayers } from './convolution';
import { denseLayers } from './dense';
import { embeddingLayers } from './embedding';
import type { LayerForward } from './layer';
import { mergeLayers } from './merge';
import { normalizationLayers } from './normalization';
import { onnxLayers } from './onnx';
import { operations } from './operations/operations';
import { arrayOperations } from './operations/arrays';
import { neuralOperations } from './operations/neural';
import { poolingLayers } from './pooling';
import { preprocessingLayers } from './preprocessing';
import { recurrentLayers } from './recurrent/layers';
import { tensorflowOps } from './tensorflow';
import { tfliteOperators } from './tflite';
import { wrapperLayers } from './recurrent/wrappers';
import { regularizationLayers } from './regularization';
import { shapeLayers } from './shape';
import { spectralLayers } from './spectral';

const bareOperations: Readonly<Record<string, LayerForward>> = { ...operations, ...arrayOperations, ...neuralOperations };

/** Later families win: where a layer and a bare operation share a name, the layer serves both, but for those told apart below. */
const families: readonly Readonly<Record<string, LayerForward>>[] = [
  bareOperations, denseLayers, convolutionLayers, poolingLayers, normalizationLayers, activationLayers, shapeLayers, mergeLayers, embeddingLayers,
  attentionLayers, recurrentLayers, regularizationLayers, preprocessingLayers, augmentationLayers, applicationLayers,
  wrapperLayers((type, path) => layerForward(type, path)), spectralLayers((type, path) => layerForward(type, path)),
];

/** Tables of the formats whose networks consist of ops of their own; all others speak Keras. */
const dialects: Readonly<Record<string, Readonly<Record<string, LayerForward>>>> = { onnx: onnxLayers, 'tfjs-graph': tensorflowOps, 'saved-model': tensorflowOps, 'tensorflow-graph': tensorflowOps, tflite: tfliteOperators };

const keras = new Map<string, LayerForward>(families.flatMap((family) => Object.entries(family)));
const tables = new Map(Object.entries(dialects).map(([format, table]) => [format, new Map(Object.entries(table))]));

/** Operations that do something else than the layer of their name: NumPy's dot and average. */
const apart = new Set(['Dot', 'Average']);

/** Keras's class names that can run, in alphabetical order. */
export function knownLayers(): string[] {
  return [...keras.keys()].sort();
}

/** The forward pass of a class of layers, in networks of a format. @throws Failure `layer.unknown` naming the layer and its class. */
export function layerForward(type: string, path: string, format = 'keras', operation = false): LayerForward {
  const forward = operation && apart.has(type) ? bareOperations[type] : (tables.get(format) ?? keras).get(type);
  if (forward === undefined) {
    throw new Failure('layer.unknown', `Layer '${path}' is a ${type}, which Backstep cannot run. Its graph and weights can be looked at; to train, replace this layer.`);
  }
  return forward;
}
