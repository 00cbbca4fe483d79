/** The networks inside a loop or branch, run as often as the data say; every run is recorded, so their number is bounded. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Network } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { Bodies } from '../layers/control-flow/control-flow';
import type { LayerStep, StepPlace } from './forward';

/** Runs of bodies in one pass; each keeps its tensors for stepping back. */
const maximalTurns = 10_000;

interface Counter { readonly calls: Map<string, number>; turns: number }
interface Made { readonly tensor: Tensor }
type Run = (network: Network, inner: string, inputs: readonly Tensor[]) => Generator<LayerStep, readonly Made[], void>;

/** The bodies of the layer at `step`: its network, and those of the layers in it by name. @throws Failure `loop.turns` beyond the bound */
export function bodiesOf(network: Network, step: StepPlace, pass: Counter, run: Run): Bodies<LayerStep> {
  return {
    network,
    *run(inputs, name) {
      pass.turns += 1;
      if (pass.turns > maximalTurns) throw new Failure('loop.turns', `Layer '${step.path}' (${step.layer.type}) is still not done when loops have run ${maximalTurns} times in this iteration, which is all that Backstep records; give data that end its loop sooner.`);
      // A body may be empty, and must not keep the host from its turn.
      yield { kind: 'pause', ...step };
      if (name === undefined) return (yield* run(network, '', inputs)).map(({ tensor }) => tensor);
      const layer = network.layers.find((one) => one.name === name);
      if (layer?.network == null) throw new Failure('network.graph', `Layer '${step.path}' (${step.layer.type}) has no graph '${name}' inside it.`);
      const path = `${step.path}/${name}`;
      const call = pass.calls.get(path) ?? 0;
      pass.calls.set(path, call + 1);
      const place: StepPlace = { path, call, key: `${path}#${call}`, layer };
      yield { kind: 'start', ...place, inputs };
      const outputs = (yield* run(layer.network, `${name}/`, inputs)).map(({ tensor }) => tensor);
      yield { kind: 'end', ...place, inputs, outputs, parts: {} };
      return outputs;
    },
  };
}
