/**
 * The forward pass of a network as a generator: it stops at the start and the end of every layer call and wherever a layer pauses, so
 * that whoever drives it can record, show and give the event loop back. Every tensor made between two stops belongs to the driver,
 * which must keep those alive that later stretches use; nothing here disposes or tidies.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Convention, Layer, Network, TensorRef } from '../../network/network';
import { dataRefsOfCall } from '../../network/arguments';
import { Failure } from '../../tensor/failure';
import { tensorsIn } from '../layers/calls';
import type { CallValue, LayerCallContext, LayerResult, Mask } from '../layers/layer';
import { carryList } from '../layers/control-flow/lists';
import { controlFlowOf } from '../layers/control-flow';
import { layerForward } from '../layers/registry';
import { bodiesOf } from './bodies';
import { callValue, keyOf, orderOf } from './order';
import type { PlannedCall } from './order';
import { activityPenalty, weightPenalties } from './penalties';
import type { Penalty } from './penalties';

/** What a forward pass takes from whoever drives it. Paths of nested layers are `outer/inner`. */
export interface ForwardEnvironment {
  readonly convention: Convention;
  readonly training: boolean;
  /** false turns dropout and noise off even in training. */
  readonly dropout: boolean;
  /** The batch: one tensor an input, in the order of `network.inputs`. */
  readonly inputs: readonly Tensor[];
  /** Value of a weight (`kernel` of layer `tower/conv`). */
  weight(layer: string, name: string): Tensor;
  /** New value for a non-trainable weight, to be applied in the update phase. */
  assign(layer: string, name: string, value: Tensor): void;
  /** A seed for the randomness of a layer's call; the same on every replay of the iteration. */
  seed(layer: string, call: number, purpose: string): number;
}

/** A layer call, as the steps name it. */
export interface StepPlace {
  readonly path: string;
  /** Which call of the layer, counted over the whole pass. */
  readonly call: number;
  /** `path`, or `path#call` where the layer is called several times. */
  readonly key: string;
  readonly layer: Layer;
}

export type LayerStep =
  | (StepPlace & { readonly kind: 'start'; readonly inputs: readonly Tensor[] })
  /** Inside a layer: a time step is done. */
  | (StepPlace & { readonly kind: 'pause' })
  | (StepPlace & {
    readonly kind: 'end';
    readonly inputs: readonly Tensor[];
    readonly outputs: readonly Tensor[];
    /** Named tensors inside the layer (`query`, `scores`, `forward`); a list has one a time step. */
    readonly parts: Readonly<Record<string, Tensor | readonly Tensor[]>>;
  });

export interface ForwardResult {
  /** In the order of `network.outputs`. */
  readonly outputs: readonly Tensor[];
  /** For each output the logits of its softmax or sigmoid, where it is one's direct result. */
  readonly logits: readonly (Tensor | null)[];
  readonly masks: readonly (Mask | null)[];
  /** What regularizers add to the loss, in the framework's order; computed when asked for, in the loss phase. */
  readonly penalties: readonly Penalty[];
}

/** State of one pass, shared by nested networks. */
interface Pass {
  /** Format of the network, which tells whose layers these are. */
  readonly format: string;
  readonly environment: ForwardEnvironment;
  readonly calls: Map<string, number>;
  /** Logits by the id of the tensor that was made of them. */
  readonly logits: Map<number, Tensor>;
  readonly penalties: Penalty[];
  /** Weights assigned so far: a layer that is called again sees them. */
  readonly assigned: Map<string, Tensor>;
  /** How often loops and branches have run what is inside them. */
  turns: number;
  /** tfjs-layers hands the mask that it met last to all later layers. */
  lastMask: Mask | null;
}

interface Place { readonly prefix: string; readonly trainable: boolean; readonly repeats: number }

/** Runs `network` on `environment.inputs`. @throws Failure `layer.unknown` for a layer that has no forward pass, others for misfits. */
export function* forward(network: Network, environment: ForwardEnvironment): Generator<LayerStep, ForwardResult, void> {
  const pass: Pass = { format: network.format, environment, calls: new Map(), logits: new Map(), penalties: [], assigned: new Map(), turns: 0, lastMask: null };
  const made = yield* run(network, environment.inputs, [], pass, { prefix: '', trainable: true, repeats: 1 });
  return {
    outputs: made.map(({ tensor }) => tensor),
    logits: made.map(({ tensor }) => pass.logits.get(tensor.id) ?? null),
    masks: made.map(({ mask }) => mask),
    penalties: pass.penalties,
  };
}

interface Made { readonly tensor: Tensor; readonly mask: Mask | null }

/** Runs one network of the nest. */
function* run(network: Network, inputs: readonly Tensor[], masks: readonly (Mask | null)[], pass: Pass, place: Place): Generator<LayerStep, Made[], void> {
  if (inputs.length !== network.inputs.length) {
    throw new Failure('network.inputs', `The network '${network.name}' has ${network.inputs.length} inputs, but gets ${inputs.length}.`);
  }
  const values = new Map<string, readonly Made[]>();
  network.inputs.forEach((ref, index) => {
    const tensor = inputs[index];
    if (tensor !== undefined) values.set(keyOf(ref), [{ tensor, mask: masks[index] ?? null }]);
  });
  const valueOf = (ref: TensorRef): Made => {
    const made = values.get(keyOf(ref))?.[ref.output];
    if (made === undefined) throw new Failure('network.graph', `The network '${network.name}' uses output ${ref.output} of layer '${place.prefix}${ref.layer}' (call ${ref.call}), which nothing makes.`);
    return made;
  };
  for (const planned of orderOf(network, pass.environment.convention)) {
    if (values.has(planned.key)) continue;
    values.set(planned.key, yield* callLayer(planned, valueOf, pass, place));
  }
  return network.outputs.map(valueOf);
}

function* callLayer(planned: PlannedCall, valueOf: (ref: TensorRef) => Made, pass: Pass, place: Place): Generator<LayerStep, Made[], void> {
  const { layer, call } = planned;
  const path = place.prefix + layer.name;
  const number = pass.calls.get(path) ?? 0;
  pass.calls.set(path, number + 1);
  const repeats = place.repeats * layer.calls.length;
  const step: StepPlace = { path, call: number, key: repeats > 1 ? `${path}#${number}` : path, layer };
  const met: Made[] = [];
  const meet = (ref: TensorRef): Tensor => {
    const made = valueOf(ref);
    met.push(made);
    return made.tensor;
  };
  const args = call.args.map((argument) => callValue(argument, meet));
  const first = tensorsIn(args[0]);
  // A constant of the graph among the inputs has no mask; a bare operation takes none, and hands none on.
  const masks = first.map((tensor) => (layer.operation === true ? null : met.find((made) => made.tensor === tensor)?.mask ?? null));
  const kwargs = Object.fromEntries(Object.entries(call.kwargs).map(([name, argument]) => [name, callValue(argument, meet)]));
  const inputs = layer.foreign === undefined ? met.map(({ tensor }) => tensor) : dataRefsOfCall(call).map((ref) => valueOf(ref).tensor);
  yield { kind: 'start', ...step, inputs };
  let result: LayerResult;
  const trainable = place.trainable && layer.trainable;
  const controlled = layer.network === null ? undefined : controlFlowOf(layer.type, pass.format);
  if (layer.network !== null && controlled !== undefined) {
    const context = contextOf(layer, planned, step, { args, kwargs, met, masks, trainable }, pass);
    result = yield* controlled(context, bodiesOf(layer.network, step, pass, (network, inner, given) => run(network, given, [], pass, { prefix: `${path}/${inner}`, trainable, repeats: 2 * repeats })));
  } else if (layer.network !== null) {
    const inner = yield* run(layer.network, arranged(layer.network, args[0], first), masks, pass, { prefix: `${path}/`, trainable, repeats });
    result = { outputs: inner.map(({ tensor }) => tensor), masks: inner.map(({ mask }) => mask) };
  } else {
    const context = contextOf(layer, planned, step, { args, kwargs, met, masks, trainable }, pass);
    const layerRun = layerForward(layer.type, path, pass.format, layer.operation)(context);
    let stretch = layerRun.next();
    while (!stretch.done) {
      yield { kind: 'pause', ...step };
      stretch = layerRun.next();
    }
    result = stretch.value;
  }
  const outputs = finish(result, inputs, pass);
  const regular = activityPenalty(layer, path, outputs, pass.environment.convention);
  pass.penalties.push(...(layer.network === null ? weightPenalties(layer, path, number, trainable, pass.environment) : []), ...regular);
  yield { kind: 'end', ...step, inputs, outputs, parts: result.parts ?? {} };
  return outputs.map((tensor, index) => ({ tensor, mask: layer.operation === true ? null : result.masks?.[index] ?? null }));
}

/**
 * A layer's outputs, with the logits that they carry. A layer that hands its input on has that very tensor as output, as in
 * Keras: its gradient is the tensor's, from all who use it. tfjs-layers makes a copy.
 */
function finish(result: LayerResult, inputs: readonly Tensor[], pass: Pass): Tensor[] {
  const outputs = result.outputs.map((output) => {
    if (pass.environment.convention !== 'tfjs' || !inputs.includes(output)) return output;
    const own = output.clone();
    carryList(output, own);
    const logits = pass.logits.get(output.id);
    if (logits !== undefined) pass.logits.set(own.id, logits);
    return own;
  });
  const [first] = outputs;
  if (first !== undefined && result.logits !== undefined) pass.logits.set(first.id, result.logits);
  return outputs;
}

interface Arguments {
  readonly met: readonly Made[];
  readonly args: readonly CallValue[];
  readonly kwargs: Readonly<Record<string, CallValue>>;
  readonly masks: readonly (Mask | null)[];
  readonly trainable: boolean;
}

function contextOf(layer: Layer, planned: PlannedCall, step: StepPlace, { args, kwargs, met, masks, trainable }: Arguments, pass: Pass): LayerCallContext {
  const { environment } = pass;
  const { path } = step;
  const names = layer.weights.map((weight) => weight.name);
  const asked = kwargs['training'];
  const tfjs = environment.convention === 'tfjs';
  if (tfjs) pass.lastMask = masks.find((mask) => mask !== null) === undefined ? pass.lastMask : (masks[0] ?? null);
  const implicit: Readonly<Record<string, CallValue>> = tfjs && pass.lastMask !== null && kwargs['mask'] === undefined ? { mask: pass.lastMask.tensor() } : {};
  return {
    path,
    type: layer.type,
    config: layer.config,
    convention: environment.convention,
    // Keras's functional models hand their own mode on, whatever the layer was called with when the model was made.
    training: environment.convention !== 'keras' && typeof asked === 'boolean' ? asked : environment.training,
    trainable,
    dropout: environment.dropout,
    args,
    kwargs: { ...kwargs, ...implicit },
    masks,
    implicitMask: (tensor) => met.find((made) => made.tensor === tensor)?.mask ?? null,
    outputShapes: planned.call.outputShapes,
    ...(layer.foreign?.outputs === undefined ? {} : { outputCount: layer.foreign.outputs }),
    weightNames: names,
    hasWeight: (name) => names.includes(name),
    weight: (name) => {
      if (!names.includes(name)) throw new Failure('layer.weight', `Layer '${path}' (${layer.type}) has no weight '${name}'; it has ${names.join(', ') || 'none'}.`);
      return pass.assigned.get(`${path}/${name}`) ?? environment.weight(path, name);
    },
    assign: (name, value) => {
      pass.assigned.set(`${path}/${name}`, value);
      environment.assign(path, name, value);
    },
    seed: (purpose) => environment.seed(path, step.call, purpose),
  };
}

/** The inputs of a nested network in its own order; a record goes by the names of its input layers. */
function arranged(network: Network, argument: CallValue | undefined, inputs: readonly Tensor[]): readonly Tensor[] {
  if (typeof argument !== 'object' || argument === null || Array.isArray(argument) || inputs[0] === argument) return inputs;
  const record = argument as Readonly<Record<string, CallValue>>;
  const named = network.inputs.map(({ layer }) => tensorsIn(record[layer])[0]);
  const found = named.filter((tensor) => tensor !== undefined);
  return found.length === network.inputs.length ? found : inputs;
}
