/** Layers around another layer: Bidirectional runs it both ways, TimeDistributed once a time step. */
import { add, concat, div, mul, reverse, stack, transpose, unstack } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import type { JsonObject } from '../../../network/network';
import { inputOf, inputsOf, maskOf, tensorsIn } from '../calls';
import type { LayerCallContext, LayerForward, LayerResult, Mask } from '../layer';
import { foldersOf, innerCall } from '../nesting';
import { badSetting, flagOf, objectOf } from '../settings';
import { recur } from './layers';

type Lookup = (type: string, path: string) => LayerForward;

/** How the two directions become one output, by `merge_mode`. */
const merges: Readonly<Record<string, (forward: Tensor, backward: Tensor, tfjs: boolean) => Tensor>> = {
  concat: (forward, backward) => concat([forward, backward], -1),
  sum: (forward, backward) => add(forward, backward),
  ave: (forward, backward, tfjs) => (tfjs ? mul(0.5, add(forward, backward)) : div(add(forward, backward), 2)),
  mul: (forward, backward) => mul(forward, backward),
};

/** The inner layers with their configurations; the backward one is the forward one turned round unless the file holds its own. */
function directions(call: LayerCallContext): { type: string; backwardType: string; forward: JsonObject; backward: JsonObject; sequences: boolean } {
  const { type, config: forward } = objectOf(call, call.config['layer'], 'layer');
  const own = call.config['backward_layer'];
  const turned = { ...forward, go_backwards: forward['go_backwards'] !== true };
  const { type: backwardType, config: backward } = own === undefined || own === null ? { type, config: turned } : objectOf(call, own, 'backward_layer');
  return { type, backwardType, forward, backward, sequences: forward['return_sequences'] === true };
}

const bidirectional: LayerForward = function* (call) {
  const { type, backwardType, forward, backward, sequences } = directions(call);
  const mode = call.config['merge_mode'];
  const merge = mode === null ? null : merges[typeof mode === 'string' ? mode : 'concat'];
  if (merge === undefined) throw badSetting(call, 'merge_mode', `one of ${Object.keys(merges).join(', ')} or null`);
  const [x, ...behind] = inputsOf(call);
  if (x === undefined) throw new Failure('layer.inputs', `Layer '${call.path}' (Bidirectional) is called without an input.`);
  const states = behind.length > 0 ? behind : [...tensorsIn(call.kwargs['initial_state']), ...tensorsIn(call.args[1])];
  const [forwardFolder = '', backwardFolder = ''] = foldersOf(call, 1);
  const half = states.length / 2;
  const run = (name: string, className: string, config: JsonObject, prefix: string, own: Tensor[]): Generator<void, LayerResult, void> => {
    const { mask } = call.kwargs;
    return recur(innerCall(call, { type: className, config, prefix, name }, {
      args: [own.length > 0 ? [x, ...own] : x],
      kwargs: mask === undefined ? {} : { mask },
    }), sequences);
  };
  const ahead = yield* run('forward', type, forward, forwardFolder, states.slice(0, half));
  const back = yield* run('backward', backwardType, backward, backwardFolder, states.slice(half));
  const [y, ...forwardStates] = ahead.outputs;
  const [reversed, ...backwardStates] = back.outputs;
  if (y === undefined || reversed === undefined) throw new Failure('layer.outputs', `Layer '${call.path}' (Bidirectional) holds a layer without output.`);
  const yBack = sequences ? reverse(reversed, 1) : reversed;
  const merged = merge === null ? [y, yBack] : [merge(y, yBack, call.convention === 'tfjs')];
  const kept: Mask | null = ahead.masks?.[0] ?? null;
  const named = (parts: LayerResult['parts'], direction: string): [string, Tensor | readonly Tensor[]][] => Object.entries(parts ?? {}).map(([name, part]) => [`${direction}/${name}`, part]);
  return {
    outputs: [...merged, ...(flagOf({ ...call, config: forward }, 'return_state', false) ? [...forwardStates, ...backwardStates] : [])],
    masks: merged.map(() => kept),
    parts: { forward: y, backward: reversed, ...Object.fromEntries([...named(ahead.parts, 'forward'), ...named(back.parts, 'backward')]) },
  };
};

const timeDistributed = (lookup: Lookup): LayerForward => function* (call) {
  const x = inputOf(call);
  if (x.rank < 3) throw new Failure('layer.rank', `Layer '${call.path}' (TimeDistributed) takes a sequence [batch, time, …], but gets the shape [${x.shape.join(', ')}].`);
  const { type, config } = objectOf(call, call.config['layer'], 'layer');
  const name = typeof config['name'] === 'string' ? config['name'] : 'layer';
  const forward = lookup(type, `${call.path}/${name}`);
  const mask = call.convention === 'tfjs' ? null : maskOf(call);
  const tfjs = call.convention === 'tfjs';
  const steps = tfjs ? unstack(transpose(x, [1, 0, ...Array.from({ length: x.rank - 2 }, (_, axis) => axis + 2)])) : unstack(x, 1);
  const masks = mask !== null && mask.rank > 2 ? unstack(mask, 1) : null;
  const prefix = ownFolder(call, name);
  const outputs: Tensor[] = [];
  for (const [time, step] of steps.entries()) {
    const own = masks?.[time];
    const made = yield* forward(innerCall(call, { type, config, prefix, name }, {
      args: [step], kwargs: own === undefined ? {} : { mask: own }, masks: [null],
    }));
    outputs.push(...made.outputs.slice(0, 1));
    yield;
  }
  return { outputs: [stack(outputs, 1)], masks: [call.masks[0] ?? null] };
};

/** The inner layer's folder among the weights, where the weights have one for it. */
function ownFolder(call: LayerCallContext, name: string): string {
  const folder = `${name}/`;
  return call.weightNames.length > 0 && call.weightNames.every((weight) => weight.startsWith(folder)) ? folder : '';
}

/** The wrappers; inner layers are found by `lookup`. */
export function wrapperLayers(lookup: Lookup): Readonly<Record<string, LayerForward>> {
  return { Bidirectional: bidirectional, TimeDistributed: timeDistributed(lookup) };
}
