/** The table of layers: class name to forward pass, family by family. */
import { Failure } from '../../tensor/failure';
import { activationLayers } from './activation';
import { convolutionLayers } from './convolution';
import { denseLayers } from './dense';
import type { LayerForward } from './layer';
import { poolingLayers } from './pooling';
import { shapeLayers } from './shape';

const table = new Map<string, LayerForward>(
  [denseLayers, convolutionLayers, poolingLayers, activationLayers, shapeLayers].flatMap((family) => Object.entries(family)),
);

/** Class names that can run, in alphabetical order. */
export function knownLayers(): string[] {
  return [...table.keys()].sort();
}

/** The forward pass of a class of layers. @throws Failure `layer.unknown` naming the layer and its class. */
export function layerForward(type: string, path: string): LayerForward {
  const forward = table.get(type);
  if (forward === undefined) {
    throw new Failure('layer.unknown', `Layer '${path}' is a ${type}, which Backstep cannot run. Its graph and weights can be looked at; to train, replace this layer.`);
  }
  return forward;
}
