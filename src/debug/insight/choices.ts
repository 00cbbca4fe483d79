/** What can be asked about what the network looks at: units, layers with feature maps, and the methods with why one does not apply. */
import { examplesMethod } from '../../engine/attribution/examples';
import { maximisation } from '../../engine/attribution/maximisation';
import { methods } from '../../engine/attribution/methods';
import { subjectOf } from '../../engine/attribution/run-subject';
import { score } from '../../engine/attribution/subject';
import { outputsOf } from '../../engine/data/fit';
import type { Run } from '../../engine/run';
import type { Trace } from '../../engine/trace';
import { findLayer } from '../../network/layer-path';
import type { AttributionMethod, ChoicesRequest, ChoicesView } from '../../protocol/insight';
import { Failure } from '../../tensor/failure';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import type { View } from '../place';
import { channelAxisOf, exampleIn, featureNames } from './fields';
import type { Asking } from './questions';

/** One example of a tensor of the trace, `[1, …]`. */
export function exampleOfTensor({ trace, reader }: View, tensor: number, example: number): TensorValue {
  const made = trace.tensors.get(tensor), each = sizeOf(made?.shape.slice(1) ?? []);
  if (made === undefined || example < 0 || example >= (made.shape[0] ?? 0)) throw new Failure('insight.example', `Iteration ${trace.iteration + 1} has no example ${example + 1}.`);
  const { dtype, shape, data } = reader.read(made);
  return { dtype, shape: [1, ...shape.slice(1)], data: data.slice(example * each, (example + 1) * each) };
}

/** The example's values for every input, in the network's order. */
export const inputsOfExample = (view: View, example: number): TensorValue[] => Object.values(view.trace.inputs).map(({ value }) => exampleOfTensor(view, value, example));

/** Keys of layer calls as a forward pass names them: `path`, or `path#call` for a layer called more than once. */
export function layerKeys({ layers }: Trace): Map<string, { readonly layer: string; readonly output: number }> {
  const calls = new Map<string, number>();
  for (const { layer } of layers) calls.set(layer, (calls.get(layer) ?? 0) + 1);
  return new Map(layers.flatMap(({ layer, call, outputs: [output] }) => (output === undefined ? [] : [[(calls.get(layer) ?? 0) > 1 ? `${layer}#${call}` : layer, { layer, output }] as const])));
}

const pictureOnly = (rank: number): string | null => (rank === 4 ? null : 'It needs pictures (rows, columns and channels) as input; this network has none.');

/** Why a method does not apply to a network with this first input and these feature maps; null when it does. */
function problemOf(method: AttributionMethod, rank: number, tokens: boolean, maps: readonly string[]): string | null {
  if (method === 'examples') return null;
  if (tokens) return 'The input holds whole numbers (tokens), which have no gradient and no grey: Top examples works, and Origin shows the gradient by the embedding.';
  if (method === 'gradCam') return pictureOnly(rank) ?? (maps.length > 0 ? null : 'It needs a layer with feature maps (rows, columns and channels); this network has none.');
  if (method === 'occlusion') return rank === 4 || rank === 3 ? null : `It covers parts of a picture or steps of a sequence; the input is ${rank <= 2 ? 'a vector' : 'a volume'}.`;
  return null;
}

export async function choicesView(run: Run, view: View, { example }: ChoicesRequest, { signal }: Asking): Promise<ChoicesView> {
  const { trace, info } = view, [first] = Object.entries(trace.inputs);
  if (first === undefined) throw new Failure('insight.input', 'The network has no input to look at.');
  const [name, { value }] = first, input = trace.tensors.get(value), rank = input?.shape.length ?? 0;
  const keys = layerKeys(trace), inputs = new Set(Object.values(trace.inputs).map((each) => each.value));
  const layers = [...keys].flatMap(([key, { layer, output }]) => {
    const shape = trace.tensors.get(output)?.shape ?? [];
    const channelAxis = channelAxisOf(view, output), units = shape[channelAxis] ?? 0;
    return trace.tensors.get(output)?.dtype !== 'float32' || inputs.has(output) || shape.length < 2 || units === 0 ? [] : [{ layer: key, title: `${key} · ${findLayer(info.network, layer)?.type ?? 'layer'}`, shape: [...shape], units, channelAxis }];
  });
  const maps = layers.filter(({ shape, units }) => shape.length === 4 && sizeOf(shape) > (shape[0] ?? 1) * units).map(({ layer }) => layer);
  const [outputName, prediction] = Object.entries(trace.predictions)[0] ?? ['output', -1];
  const shape = trace.tensors.get(prediction)?.shape ?? [];
  const found = await score(await subjectOf(run, trace), inputsOfExample(view, example), { target: { layer: null, index: [0] }, gradient: false, activationOf: outputKey(view, keys, prediction), signal });
  return {
    methods: [
      ...Object.entries(methods).map(([method, { title, statement, source }]) => ({ name: method as AttributionMethod, title, statement, source })), // the table's keys are the methods' names
      { name: 'maximisation' as const, ...maximisation }, { name: 'examples' as const, ...examplesMethod },
    ].map((method) => ({ ...method, problem: problemOf(method.name, rank, input?.dtype !== 'float32', maps) })),
    layers: [{ layer: null, title: `output ${outputName}`, shape: [...shape], units: shape.at(-1) ?? 1, channelAxis: Math.max(0, shape.length - 1) }, ...layers],
    maps, usualMaps: [...maps].reverse().find((key) => /conv/i.test(findLayer(info.network, keys.get(key)?.layer ?? '')?.type ?? '')) ?? maps.at(-1) ?? null,
    predicted: largestUnit(found.activation), label: labelOf(view, example), examples: input?.shape[0] ?? 1,
    input: exampleIn(view, name, value, example), names: featureNames(view, input?.shape ?? []),
  };
}

/** The layer that makes the network's first output. */
export function outputKey({ info }: View, keys: ReturnType<typeof layerKeys>, prediction: number): string {
  const key = [...keys].reverse().find(([, { output }]) => output === prediction)?.[0];
  return key ?? outputsOf(info.network)[0]?.name ?? '';
}

/** Unit with the largest value at the last place; NaN is never the largest. */
function largestUnit(activation: TensorValue | null): number {
  const units = activation?.shape.at(-1) ?? 1, values = activation?.data ?? [];
  let best = 0;
  for (let unit = 1; unit < units; unit += 1) if (Number(values[values.length - units + unit]) > Number(values[values.length - units + best])) best = unit;
  return best;
}

/** The class of an example, where labels are class numbers or one-hot rows. */
function labelOf(view: View, example: number): number | null {
  const { trace, reader } = view, tensor = trace.tensors.get(Object.values(trace.labels)[0] ?? -1);
  if (tensor === undefined || tensor.shape.length > 2) return null;
  const { data, shape } = reader.read(tensor), width = shape.length === 2 ? shape[1] ?? 1 : 1;
  if (width === 1) return tensor.dtype === 'int32' ? Number(data[example]) : null;
  const row = Array.from(data.slice(example * width, (example + 1) * width) as Iterable<number | bigint>, Number);
  return row.filter((each) => each === 1).length === 1 && row.every((each) => each === 0 || each === 1) ? row.indexOf(1) : null;
}
