/** What the network looks at, by one of the methods: with the weights of the iteration under the cursor, in inference mode. */
import { topExamples } from '../../engine/attribution/examples';
import { maximise } from '../../engine/attribution/maximisation';
import { methods } from '../../engine/attribution/methods';
import type { MethodName } from '../../engine/attribution/methods';
import { subjectOf } from '../../engine/attribution/run-subject';
import { score, valueFrom } from '../../engine/attribution/subject';
import type { Run } from '../../engine/run';
import { flattenLayers } from '../../network/layer-path';
import type { AttributionRequest, AttributionView, TopExampleView } from '../../protocol/insight';
import { Failure } from '../../tensor/failure';
import { pictureOf } from '../../tensor/picture';
import type { TensorPicture } from '../../tensor/picture';
import type { TensorUse } from '../../tensor/slice';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import type { View } from '../place';
import { channelAxisOf, exampleIn, layoutOf, maxElements, seenFrom } from './fields';
import { inputsOfExample, layerKeys, outputKey } from './choices';
import type { Asking } from './questions';

/** Elements that the activations of one batch of the data set may have together. */
const batchBudget = 16_000_000;
const listedExamples = 9;
/** Longest side of a thumbnail's values. */
const thumbnail = 4096;

const short = (value: number): string => String(Number(value.toPrecision(4))).replace('-', '−');
const picture = (name: string, value: TensorValue, use: TensorUse = 'activation'): TensorPicture => pictureOf(value, { name, use, maxElements });

export async function attributionView(run: Run, view: View, request: AttributionRequest, asking: Asking): Promise<AttributionView> {
  const { method } = request;
  if (method === 'examples') return examplesView(run, view, request, asking);
  const { trace } = view, subject = await subjectOf(run, trace), inputs = inputsOfExample(view, request.example);
  const [[name = 'input', place] = []] = Object.entries(trace.inputs), [input] = inputs;
  if (input === undefined || place === undefined) throw new Failure('insight.input', 'The network has no input to look at.');
  if (method === 'maximisation') {
    if (input.dtype !== 'float32') throw new Failure('attribution.tokens', 'The input holds whole numbers (tokens), which cannot be changed by a little.');
    const { input: best, scores } = await maximise(subject, input.shape, request.unit, { seed: request.seed, steps: request.steps, others: inputs.slice(1), ...asking });
    return {
      method, score: scores.at(-1) ?? null, input: picture(name, best, layoutOf(view, place.value)), map: null, examples: [],
      note: `the score rose from ${short(scores[0] ?? NaN)} to ${short(scores.at(-1) ?? NaN)} in ${scores.length - 1} steps from the noise of seed ${request.seed}; steps of 0.1 along the gradient scaled to mean square 1, the input shrunk by 2 % each`,
    };
  }
  const { map, score: value } = await methods[method].run(subject, inputs, request.unit, {
    ...asking, steps: request.steps, patch: request.patch, channelAxis: channelAxisOf(view, place.value),
    ...(request.layer === null ? {} : { layer: request.layer, mapsChannelAxis: channelAxisOf(view, layerKeys(trace).get(request.layer)?.output ?? -1) }),
  });
  const note = await noteOf(request, map, input.shape[channelAxisOf(view, place.value)] ?? 1, value, () => score(subject, [valueFrom(input.shape, () => 0), ...inputs.slice(1)], { target: request.unit, gradient: false, signal: asking.signal }));
  return { method, score: value, input: exampleIn(view, name, place.value, request.example), map: picture(name, method === 'gradCam' || method === 'occlusion' ? map : onePlane(method, map, channelAxisOf(view, place.value))), examples: [], note };
}

/** Pictures with several channels become one, channels last: the largest change, or the sum of what the channels add. */
function onePlane(method: MethodName, { shape, data }: TensorValue, axis: number): TensorValue {
  const channels = shape[axis] ?? 1;
  if (shape.length !== 4 || (channels === 1 && axis === 3)) return { dtype: 'float32', shape, data };
  const after = sizeOf(shape.slice(axis + 1));
  const reduced = (i: number): number => {
    let result = 0;
    for (let channel = 0; channel < channels; channel += 1) {
      const value = Number(data[(Math.floor(i / after) * channels + channel) * after + (i % after)]);
      result = method === 'saliency' ? Math.max(result, Math.abs(value)) : result + value;
    }
    return result;
  };
  return valueFrom([...shape.filter((_, other) => other !== axis), 1], reduced);
}

const channelWords = (shape: readonly number[], channels: number, words: string): string => (shape.length === 4 && channels > 1 ? `; ${words} of ${channels} channels` : '');

/** What the numbers of a method say. */
async function noteOf({ method, patch, steps, layer }: AttributionRequest, map: TensorValue, channels: number, value: number, empty: () => Promise<{ score: number }>): Promise<string> {
  let sum = 0;
  for (const each of map.data as Iterable<number | bigint>) sum += Number(each);
  switch (method) {
    case 'saliency': return `the gradient by the input, absolute values${channelWords(map.shape, channels, 'the largest')}`;
    case 'gradientTimesInput': return `sums to ${short(sum)}; the score is ${short(value)}${channelWords(map.shape, channels, 'the sum')}`;
    case 'integratedGradients': return `sums to ${short(sum)}; the score rises by ${short(value - (await empty()).score)} from an empty input, in ${steps} steps${channelWords(map.shape, channels, 'the sum')}`;
    case 'gradCam': return `maps of ${layer ?? ''}, enlarged to the input; only what speaks for the unit is kept`;
    case 'occlusion': return `patch of ${patch} ${map.shape.length === 3 ? 'steps' : `× ${patch}`}, moved by half its size, filled with the example's mean; positive where covering lowers the score`;
    default: return '';
  }
}

async function examplesView(run: Run, view: View, { method, unit }: AttributionRequest, asking: Asking): Promise<AttributionView> {
  const { trace, info } = view, keys = layerKeys(trace);
  const layer = unit.layer ?? outputKey(view, keys, Object.values(trace.predictions)[0] ?? -1);
  const inputs = Object.keys(trace.inputs).map((name) => run.data.inputs[name] ?? lost(name));
  const perExample = [...flattenLayers(info.network)].reduce((sum, { layer: { calls } }) => sum + calls.reduce((all, { outputShapes }) => all + outputShapes.reduce((size, shape) => size + sizeOf(shape.slice(1).map((extent) => extent ?? 64)), 0), 0), 1);
  const batchSize = Math.max(1, Math.min(32, Math.floor(batchBudget / perExample)));
  const output = keys.get(layer)?.output ?? -1, channelAxis = channelAxisOf(view, output), channel = unit.index.at(-1) ?? 0;
  const found = await topExamples(await subjectOf(run, trace), inputs, layer, channel, { count: listedExamples, batchSize, channelAxis, ...asking });
  const [input] = inputs, [name = 'input', place] = Object.entries(trace.inputs)[0] ?? [];
  const examples = input === undefined ? [] : found.map(({ example, value, position }): TopExampleView => {
    const each = sizeOf(input.shape.slice(1)), shape = [1, ...input.shape.slice(1)];
    const one: TensorValue = { dtype: input.dtype, shape, data: input.data.slice(example * each, (example + 1) * each) };
    return { example, value, picture: pictureOf(one, { name, use: place === undefined ? 'activation' : layoutOf(view, place.value), maxElements: thumbnail * (shape.length === 4 ? 3 : 1) }), window: seenFrom(view, output, [0, ...position.slice(0, channelAxis - 1), channel, ...position.slice(channelAxis - 1)], place?.value ?? -1) };
  });
  const all = input?.shape[0] ?? 0;
  return { method, score: null, input: null, map: null, examples, note: `${examples.length === 0 ? 'no example gave a number; ' : ''}of all ${all.toLocaleString('en-US')} examples of the data set, by the largest value of channel ${channel} of ${layer}${examples.some(({ window }) => window !== null) ? '; the frame is what it saw there' : ''}` };
}

function lost(name: string): never {
  throw new Failure('insight.data', `The data set has no input "${name}".`);
}
