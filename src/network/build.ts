/** Draft -> network: topological order, output shapes, weights. Problems of one layer never stop the others. */
import { Failure, sentenceOf } from '../tensor/failure';
import { refsIn } from './arguments';
import type { CallDraft, LayerDraft, NetworkDraft } from './draft';
import { Settings, describeShape, isObject } from './kinds/kind';
import type { CallShapes, LayerKind, WeightSpec } from './kinds/kind';
import { kindOf, operationKindOf } from './kinds/table';
import type { Argument, CompileConfig, Convention, Layer, LayerCall, Network, SymbolicShape, TensorRef } from './network';
import { checkLayers, orderCalls, quote } from './order';
import { outputProblem, tooLarge, weightProblem } from './sizes';

/** A weight with the place that Keras archives give it. */
export interface PlacedWeight extends WeightSpec { readonly key: string | null }
export interface PlacedLayer extends Layer { readonly weights: readonly PlacedWeight[]; readonly network: PlacedNetwork | null }
export interface PlacedNetwork extends Network { readonly layers: readonly PlacedLayer[] }

export interface Origin { readonly format: string; readonly convention: Convention; readonly compile: CompileConfig | null }
/** How many more layers may be looked at again for the shapes of another call: models within models multiply. */
interface Effort { left: number }

type Shapes = readonly SymbolicShape[];

/** Builds the network that a file describes. @throws Failure `network.cycle`, `network.reference`, `network.duplicate`, `network.size` */
export function buildNetwork(draft: NetworkDraft, origin: Origin): PlacedNetwork {
  checkLayers(layersIn(draft));
  return build(draft, origin, true, undefined, { left: 100_000 }).network;
}

/** Layers of a network and of all models inside it. */
function layersIn(draft: NetworkDraft): number {
  return draft.layers.reduce((sum, { network }) => sum + (network === null ? 0 : layersIn(network)), draft.layers.length);
}

function build(draft: NetworkDraft, origin: Origin, outerTrainable: boolean, inputShapes: Shapes | undefined, effort: Effort): { network: PlacedNetwork; outputs: Shapes } {
  const order = orderCalls(draft.layers);
  const shapes = draft.layers.map((layer) => layer.calls.map((): Shapes => []));
  const problems = new Map<number, string>();
  const indices = new Map(draft.layers.map((layer, index) => [layer.name, index]));
  const shapeOf = (ref: TensorRef): SymbolicShape | undefined => shapes[indices.get(ref.layer) ?? -1]?.[ref.call]?.[ref.output];
  const inner = draft.layers.map((layer) => (layer.network === null ? null : build(layer.network, origin, outerTrainable && layer.trainable, undefined, effort)));
  const positions = new Map<number, number>();

  for (const { layer: index, call } of order) {
    if (!positions.has(index)) positions.set(index, positions.size);
    const layer = draft.layers[index];
    const callDraft = layer?.calls[call];
    const row = shapes[index];
    if (layer === undefined || callDraft === undefined || row === undefined) continue;
    const given = inputShapes?.[draft.inputs.findIndex((ref) => ref.layer === layer.name)];
    try {
      if (layer.type === 'InputLayer' && given !== undefined) row[call] = [given];
      else row[call] = inferCall(layer, callDraft, shapeOf, inner[index]?.outputs ?? null, origin, effort);
      const problem = outputProblem(row[call]);
      // Behind a tensor that is too large the layers are not at fault themselves.
      if (problem !== null && !callDraft.args.flatMap(refsIn).some((ref) => tooLarge(shapeOf(ref)))) problems.set(index, `${layer.type} ${quote(layer.name)}: ${problem}.`);
    } catch (error) {
      row[call] = statedShapes(layer, call);
      // A layer behind one whose shape is unknown is not at fault itself.
      const blameless = callDraft.args.flatMap(refsIn).some((ref) => shapeOf(ref) === undefined);
      if (!(error instanceof Failure)) throw error;
      if (!blameless && !problems.has(index)) problems.set(index, `${layer.type} ${quote(layer.name)}: ${sentenceOf(error)}.`);
    }
  }

  const layers = draft.layers.map((layer, index): PlacedLayer => {
    const calls = layer.calls.map((call, number): LayerCall => ({ ...call, outputShapes: shapes[index]?.[number] ?? [] }));
    const trainable = outerTrainable && layer.trainable;
    const { weights, problem } = weightsOf(layer, calls[0], shapeOf, trainable);
    return {
      name: layer.name, type: layer.type, config: layer.config, trainable, calls, weights, ...(layer.operation ? { operation: true } : {}),
      network: inner[index]?.network ?? null,
      problem: problems.get(index) ?? problem,
    };
  });
  const sorted = layers.map((layer, index) => ({ layer, at: positions.get(index) ?? layers.length + index }))
    .sort((first, second) => first.at - second.at).map(({ layer }) => layer);
  return {
    network: {
      name: draft.name, format: origin.format, convention: origin.convention, compile: origin.compile, layers: sorted,
      inputs: draft.inputs, outputs: draft.outputs,
      problems: problemsOf(sorted),
    },
    outputs: draft.outputs.map((ref) => shapeOf(ref) ?? []),
  };
}

function problemsOf(layers: readonly Layer[]): readonly string[] {
  const problems: string[] = [];
  for (const { problem, network } of layers) {
    if (problem !== null) problems.push(problem);
    if (network !== null) for (const inner of network.problems) problems.push(inner);
  }
  return problems;
}

/** The shapes that a call sees, looked up by reference. */
export function callShapes(call: CallDraft, shapeOf: (ref: TensorRef) => SymbolicShape | undefined): CallShapes {
  const add = (argument: Argument | undefined, shapes: SymbolicShape[]): SymbolicShape[] => {
    for (const ref of refsIn(argument)) {
      const shape = shapeOf(ref);
      if (shape !== undefined) shapes.push(shape);
    }
    return shapes;
  };
  const inputs: SymbolicShape[] = [];
  for (const argument of call.args) add(argument, inputs);
  return { inputs, args: call.args, kwargs: call.kwargs, shapesIn: (argument) => add(argument, []) };
}

/** The entry of the table for a layer. @throws Failure when there is none. */
function kindFor(layer: LayerDraft): LayerKind {
  const kind = layer.operation ? operationKindOf(layer.type) : kindOf(layer.type);
  if (kind === undefined) throw new Failure('layer.unknown', `this class of layers is not known, so it can be shown but not run`);
  return kind;
}

function inferCall(layer: LayerDraft, call: CallDraft, shapeOf: (ref: TensorRef) => SymbolicShape | undefined, innerOutputs: Shapes | null, origin: Origin, effort: Effort): Shapes {
  if (layer.network !== null && innerOutputs !== null && layer.type === 'TimeDistributed') {
    const [sequence] = callShapes(call, shapeOf).inputs;
    if (sequence === undefined || sequence.length < 3) throw new Failure('layer.rank', `it needs a sequence, [batch, time, …], and gets ${sequence === undefined ? 'no input' : describeShape(sequence)}`);
    effort.left -= layer.network.layers.length;
    const step = effort.left > 0 ? build(layer.network, origin, true, [[sequence[0] ?? null, ...sequence.slice(2)]], effort).outputs : innerOutputs;
    return step.slice(0, 1).map((shape) => [sequence[0] ?? null, sequence[1] ?? null, ...shape.slice(1)]);
  }
  if (layer.network !== null && innerOutputs !== null) {
    const given = callShapes(call, shapeOf).inputs;
    const open = innerOutputs.some((shape) => shape.slice(1).includes(null));
    // A model made for any image size says more when it is asked with the shapes of this call.
    if (!open || given.length !== layer.network.inputs.length || effort.left <= 0) return innerOutputs;
    effort.left -= layer.network.layers.length;
    return build(layer.network, origin, true, given, effort).outputs;
  }
  if (call.args.flatMap(refsIn).some((ref) => shapeOf(ref) === undefined)) throw new Failure('layer.input', 'the shape of its input is not known');
  const outputs = kindFor(layer).outputs(new Settings(layer.config), callShapes(call, shapeOf));
  if (outputs.some((shape) => shape.some((extent) => extent !== null && extent > Number.MAX_SAFE_INTEGER))) throw new Failure('layer.shape', 'an axis of its output would have more elements than can be counted');
  const impossible = outputs.find((shape) => shape.some((extent) => extent !== null && (!Number.isSafeInteger(extent) || extent < 0)));
  if (impossible !== undefined) throw new Failure('layer.shape', `its output would have the impossible shape ${describeShape(impossible)}`);
  return outputs;
}

/** Shapes that the file states for the outputs of a call. */
function statedShapes(layer: LayerDraft, call: number): Shapes {
  const list: SymbolicShape[] = [];
  for (let output = 0; ; output += 1) {
    const shape = layer.stated.get(`${call}/${output}`);
    if (shape === undefined) return list;
    list.push(shape);
  }
}

function weightsOf(layer: LayerDraft, call: LayerCall | undefined, shapeOf: (ref: TensorRef) => SymbolicShape | undefined, trainable: boolean): { weights: readonly PlacedWeight[]; problem: string | null } {
  const kind = layer.network === null ? kindOf(layer.type) : undefined;
  if (kind?.weights === undefined || layer.operation) return { weights: [], problem: null };
  const shapes = callShapes(call ?? { args: [], kwargs: {} }, shapeOf);
  // A layer that is never called may still say what it was built for.
  const built = isObject(layer.config) ? layer.stated.get('build') : undefined;
  const seen: CallShapes = shapes.inputs.length === 0 && built !== undefined ? { ...shapes, inputs: [built] } : shapes;
  try {
    if (seen.inputs.length === 0 && layer.type !== 'InputLayer') throw new Failure('layer.input', 'the shape of its input is not known');
    const specs = kind.weights(new Settings(layer.config), seen);
    const { problem, countable } = weightProblem(specs);
    // With LoRA the kernel itself stands still; Keras merges the low-rank part into it when it saves.
    const still = (name: string): boolean => layer.config.lora_rank !== undefined && layer.config.lora_rank !== null && /^(kernel|embeddings)$/.test(name);
    return {
      weights: countable ? specs.map((spec) => ({ ...spec, trainable: spec.trainable && trainable && !still(spec.name), key: null })) : [],
      problem: problem === null ? null : `${layer.type} ${quote(layer.name)}: ${problem}.`,
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { weights: [], problem: `${layer.type} ${quote(layer.name)}: ${sentenceOf(error)}.` };
  }
}
