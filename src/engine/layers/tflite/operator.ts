/** What TFLite's operators share: their inputs on the grid that they are stored on, a fused activation, results on their own grid. */
import { clipByValue, relu, relu6, tanh } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { atOnce, isTensor } from '../calls';
import type { LayerCallContext, LayerForward } from '../layer';
import { isList, isRecord } from '../settings';
import { onParts } from '../tensorflow/complex';
import { named, text } from '../tensorflow/operands';
import { gridOf, onGrid } from './quantization';

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = { none: (x) => x, relu, relu6, tanh, relu_n1_to_1: (x) => clipByValue(x, -1, 1), relu_0_to_1: (x) => clipByValue(x, 0, 1) };

/** The activation that is fused into an operator. @throws Failure `op.fused` */
export function activated(call: LayerCallContext, x: Tensor): Tensor {
  const name = text(call, 'activation', 'none');
  const run = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (run === undefined) throw new Failure('op.fused', `Operator '${call.path}' (${call.type}) has the activation ${name} fused in, which Backstep does not run.`);
  return run(x);
}

/** The call with the quantised inputs of the network on their grid. */
function withGrids(call: LayerCallContext): LayerCallContext {
  const grids = call.config.input_quantization;
  if (!isRecord(grids)) return call;
  return { ...call, args: call.args.map((value, position) => { const grid = gridOf(grids[String(position)]); return grid !== null && isTensor(value) ? onGrid(value, grid) : value; }) };
}

export type Operator = (call: LayerCallContext) => { readonly outputs: Tensor | readonly Tensor[]; readonly logits?: Tensor } | Tensor | readonly Tensor[];

/** An operator of the table; `result` may carry the logits of a final softmax or sigmoid. */
export function operator(run: Operator): LayerForward {
  return atOnce((given) => {
    const made = named(given, () => onParts(withGrids(given), run));
    const result = 'outputs' in made ? made : { outputs: made };
    const outputs: readonly Tensor[] = Array.isArray(result.outputs) ? result.outputs as readonly Tensor[] : [result.outputs as Tensor];
    const grids = given.config.quantization;
    const stored = outputs.map((output, index) => { const grid = gridOf(isList(grids) ? grids[index] : grids); return grid === null ? output : onGrid(output, grid); });
    return { outputs: stored, ...('logits' in result && result.logits !== undefined ? { logits: result.logits } : {}) };
  });
}
