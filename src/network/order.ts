/** Topological order of the calls of a network, in the file's order where that is one already. */
import { Failure } from '../tensor/failure';
import { refsOfCall } from './arguments';
import type { LayerDraft } from './draft';

export interface CallKey { readonly layer: number; readonly call: number }

/** More than in any network that people make; the largest published have some ten thousand. */
export const maximalLayers = 60_000;
const maximalEdges = 300_000;

/** @throws Failure `network.size` */
export function checkLayers(count: number): void {
  if (count > maximalLayers) throw new Failure('network.size', `The network has ${count.toLocaleString('en-US')} layers, more than the ${maximalLayers.toLocaleString('en-US')} that can be shown.`);
}

/**
 * Orders all calls so that each comes after those it takes tensors from. Depth first and without recursion, so that chains
 * of any length are fine. @throws Failure `network.cycle` that names the layers of the cycle, `network.reference`, `network.duplicate`, `network.size`.
 */
export function orderCalls(layers: readonly LayerDraft[]): readonly CallKey[] {
  checkLayers(layers.length);
  let edges = 0;
  const indices = new Map<string, number>();
  for (const [index, { name }] of layers.entries()) {
    if (indices.has(name)) throw new Failure('network.duplicate', `Two layers are called ${quote(name)}; names must be unique.`);
    indices.set(name, index);
  }
  const before = layers.map((layer) => layer.calls.map((call) => refsOfCall(call).map((ref): CallKey => {
    edges += 1;
    if (edges > maximalEdges) throw new Failure('network.size', `The network has more than ${maximalEdges.toLocaleString('en-US')} connections between its layers, more than can be shown.`);
    const index = indices.get(ref.layer);
    if (index === undefined) throw new Failure('network.reference', `Layer ${quote(layer.name)} takes its input from ${quote(ref.layer)}, which does not exist.`);
    if (layers[index]?.calls[ref.call] === undefined) {
      throw new Failure('network.reference', `Layer ${quote(layer.name)} takes its input from call ${ref.call} of ${quote(ref.layer)}, which has ${layers[index]?.calls.length ?? 0}.`);
    }
    return { layer: index, call: ref.call };
  })));

  const state = layers.map((layer) => layer.calls.map((): 'new' | 'open' | 'done' => 'new'));
  const order: CallKey[] = [];
  for (const [layer, calls] of before.entries()) {
    for (const call of calls.keys()) visit({ layer, call });
  }
  return order;

  function visit(start: CallKey): void {
    if (state[start.layer]?.[start.call] !== 'new') return;
    const path: { key: CallKey; next: number }[] = [{ key: start, next: 0 }];
    mark(start, 'open');
    while (path.length > 0) {
      const top = path[path.length - 1];
      if (top === undefined) return;
      const follow = before[top.key.layer]?.[top.key.call]?.[top.next];
      if (follow === undefined) {
        mark(top.key, 'done');
        order.push(top.key);
        path.pop();
        continue;
      }
      top.next += 1;
      const seen = state[follow.layer]?.[follow.call];
      if (seen === 'open') throw cycle(path.map(({ key }) => key), follow);
      if (seen === 'new') { mark(follow, 'open'); path.push({ key: follow, next: 0 }); }
    }
  }

  function mark(key: CallKey, value: 'open' | 'done'): void {
    const calls = state[key.layer];
    if (calls !== undefined) calls[key.call] = value;
  }

  function cycle(path: readonly CallKey[], at: CallKey): Failure {
    const from = path.findIndex((key) => key.layer === at.layer && key.call === at.call);
    // The path runs against the arrows; the reader wants them forwards.
    const names = path.slice(from).reverse().map((key) => quote(layers[key.layer]?.name ?? ''));
    return new Failure('network.cycle', `The layers form a cycle: ${[...names.slice(0, 12), ...(names.length > 12 ? ['…'] : []), names[0]].join(' -> ')}; a network must not feed back into itself.`);
  }
}

/** A name for a sentence: shortened, without characters that control the terminal or the direction of text. */
export function quote(name: string): string {
  return `"${displayName(name)}"`;
}

/** A name as it is shown: at most 60 characters, without control, direction and stacked combining characters. */
export function displayName(name: string, limit = 60): string {
  if (name.length <= limit && /^[\x20-\x7e]*$/.test(name)) return name;
  const clean = name.slice(0, 4 * limit)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, '')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1');
  const letters = [...clean];
  return letters.length > limit || name.length > 4 * limit ? `${letters.slice(0, limit - 1).join('')}…` : clean;
}
