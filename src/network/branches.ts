/** The network inside a layer that chooses between graphs, or repeats one while another says so: those graphs side by side. */
import type { Layer, Network, TensorRef } from './network';

/** Type of the layer at which branches meet. It stands for what ran, and is never run itself. */
export const choice = 'Choice';

/**
 * A network whose layers are graphs, all with the same inputs: the two branches of a condition, or the condition and the body of a loop.
 * Its outputs are those of `results`; of several graphs, by way of a `Choice`.
 */
export function graphsSideBySide(name: string, graphs: Readonly<Record<string, Network>>, results: readonly string[]): Network {
  // The body of a loop names its variables better than the condition.
  const first = Object.values(graphs).at(-1);
  if (first === undefined) throw new Error('There is no graph.');
  const given = first.inputs.map(({ layer }) => first.layers.find((one) => one.name === layer)).filter((layer) => layer !== undefined);
  const taken = new Set(Object.keys(graphs));
  // An input of the graphs must not be called like one of them.
  const inputs = given.map((layer): Layer => ({ ...layer, name: taken.has(layer.name) || layer.name === choice ? `${layer.name}_input` : layer.name }));
  const plain = { config: {}, trainable: true, weights: [], problem: null, network: null } as const;
  const ref = (layer: string, output = 0): TensorRef => ({ layer, call: 0, output });
  const shapesOf = (network: Network): Layer['calls'][number]['outputShapes'] => network.outputs.map(({ layer, call, output }) => network.layers.find((one) => one.name === layer)?.calls[call]?.outputShapes[output] ?? []);
  const layers = Object.entries(graphs).map(([key, network]): Layer => ({
    ...plain, name: key, type: 'Graph', network, foreign: { detail: '' },
    calls: [{ args: inputs.map((input) => ({ kind: 'tensor', ref: ref(input.name) })), kwargs: {}, outputShapes: shapesOf(network) }],
  }));
  const outputs = Math.max(...results.map((key) => graphs[key]?.outputs.length ?? 0));
  const [only] = results;
  const meeting: Layer[] = results.length < 2 ? [] : [{
    ...plain, name: choice, type: choice, foreign: { detail: '' },
    calls: [{ args: results.flatMap((key) => Array.from({ length: outputs }, (_, output) => ({ kind: 'tensor' as const, ref: ref(key, output) }))), kwargs: {}, outputShapes: layers[0]?.calls[0]?.outputShapes ?? [] }],
  }];
  return {
    name, format: first.format, convention: first.convention, compile: null, problems: [], layers: [...inputs, ...layers, ...meeting], inputs: inputs.map((input) => ref(input.name)),
    outputs: Array.from({ length: outputs }, (_, output) => ref(results.length < 2 ? only ?? '' : choice, output)),
  };
}

const conditional = /^(Stateless)?(If|IF|Case)$/;

/** Number of the input, of the network inside a loop or branch, that takes argument `position` of the layer; null for a condition, which decides but goes nowhere. */
export function innerInput({ type, config }: Layer, position: number): number | null {
  const before = conditional.test(type) || (type === 'Scan' && config.batched === 1) ? 1 : 0;
  return position < before ? null : position - before;
}

/** Number of the output, of the network inside a loop or branch, that becomes output `output` of the layer: the body of ONNX's Loop gives its condition first. */
export const innerOutput = ({ type, foreign }: Layer, output: number): number => (type === 'Loop' && foreign !== undefined ? output + 1 : output);
