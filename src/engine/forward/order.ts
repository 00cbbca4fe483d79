/** In which order a network's layer calls run, and a call's arguments filled with tensors. */
import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { constantOf } from '../../network/constants';
import type { Argument, Convention, Json, Layer, LayerCall, Network, TensorRef } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { CallValue } from '../layers/layer';

/** One call of a layer; `key` names it within its network. */
export interface PlannedCall { readonly layer: Layer; readonly call: LayerCall; readonly key: string }

/** Name of a call within its network; all outputs of a call share it. */
export function keyOf({ layer, call }: { readonly layer: string; readonly call: number }): string {
  return `${layer}#${call}`;
}

/** The argument with its tensors in place, found by `tensorOf` in order of appearance. */
export function callValue(argument: Argument, tensorOf: (ref: TensorRef) => Tensor): CallValue {
  switch (argument.kind) {
    case 'tensor': return tensorOf(argument.ref);
    case 'value': return constantTensor(argument.value) ?? argument.value;
    case 'list': return argument.items.map((item) => callValue(item, tensorOf));
    case 'record': return Object.fromEntries(Object.entries(argument.entries).map(([name, entry]) => [name, callValue(entry, tensorOf)]));
  }
}

/** A constant of the graph as a tensor: integers and truth values keep their type. */
function constantTensor(value: Json): Tensor | null {
  const constant = constantOf(value);
  if (constant === null) return null;
  const { dtype, shape, values } = constant;
  return tensor(values, [...shape], dtype === 'bool' ? 'bool' : dtype.includes('int') ? 'int32' : 'float32');
}

/** The tensors that a call takes, in order of appearance. */
export function refsOf(call: LayerCall): TensorRef[] {
  return [...call.args, ...Object.values(call.kwargs)].flatMap(refsIn);
}

function refsIn(argument: Argument): TensorRef[] {
  switch (argument.kind) {
    case 'tensor': return [argument.ref];
    case 'value': return [];
    case 'list': return argument.items.flatMap(refsIn);
    case 'record': return Object.values(argument.entries).flatMap(refsIn);
  }
}

/** All calls that the outputs need, each after those that it takes tensors from. @throws Failure `network.graph` for a cycle or a gap. */
export function orderOf(network: Network, convention: Convention): PlannedCall[] {
  const all = network.layers.flatMap((layer) => layer.calls.map((call, index): PlannedCall => ({ layer, call, key: keyOf({ layer: layer.name, call: index }) })));
  const calls = new Map(all.map((planned) => [planned.key, planned]));
  const fed = new Set(network.inputs.map(keyOf));
  const needed = depthFirst(network, calls, fed);
  if (convention === 'tfjs') return needed;
  // The file's own order reads best: again and again the first call that has all it needs.
  const wanted = new Set(needed.map(({ key }) => key));
  const done = new Set(fed);
  let waiting = all.filter(({ key }) => wanted.has(key));
  const order: PlannedCall[] = [];
  while (waiting.length > 0) {
    const held: PlannedCall[] = [];
    for (const planned of waiting) {
      if (!refsOf(planned.call).every((ref) => done.has(keyOf(ref)))) {
        held.push(planned);
        continue;
      }
      order.push(planned);
      done.add(planned.key);
    }
    if (held.length === waiting.length) throw new Failure('network.graph', `The layers of the network '${network.name}' form a cycle through '${held[0]?.layer.name ?? ''}'.`);
    waiting = held;
  }
  return order;
}

/** tfjs-layers' order: depth first from each output, the last input of a call before the first. */
function depthFirst(network: Network, calls: ReadonlyMap<string, PlannedCall>, fed: ReadonlySet<string>): PlannedCall[] {
  const visited = new Set(fed);
  const open = new Set<string>();
  const order: PlannedCall[] = [];
  const stack = [...network.outputs].reverse().map(keyOf);
  while (stack.length > 0) {
    const key = stack[stack.length - 1] ?? '';
    if (visited.has(key)) {
      stack.pop();
      continue;
    }
    const planned = calls.get(key);
    if (planned === undefined) throw new Failure('network.graph', `The network '${network.name}' uses the call '${key}', which it does not hold.`);
    if (open.has(key)) {
      stack.pop();
      visited.add(key);
      order.push(planned);
      continue;
    }
    open.add(key);
    for (const ref of refsOf(planned.call)) {
      const input = keyOf(ref);
      if (visited.has(input)) continue;
      if (open.has(input)) throw new Failure('network.graph', `The layers of the network '${network.name}' form a cycle through '${ref.layer}'.`);
      stack.push(input);
    }
  }
  return order;
}
