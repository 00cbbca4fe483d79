/** What walks over a network need, worked out once for each: its calls in an order in which they can be computed, and shapes by key. */
import { refsOfCall } from './arguments';
import type { Layer, LayerCall, Network, SymbolicShape } from './network';
import { keyOf } from './operands';

export interface PlannedCall {
  readonly layer: Layer;
  readonly call: LayerCall;
  readonly number: number;
  /** Keys of all tensors that it takes. */
  readonly takes: readonly string[];
}

export interface Plan {
  readonly calls: readonly PlannedCall[];
  /** Of all tensors by `keyOf`. */
  readonly shapes: ReadonlyMap<string, SymbolicShape>;
}

const known = new WeakMap<Network, Plan>();

export function planOf(network: Network): Plan {
  const plan = known.get(network) ?? planned(network);
  known.set(network, plan);
  return plan;
}

function planned(network: Network): Plan {
  const shapes = new Map<string, SymbolicShape>();
  const listed: PlannedCall[] = [];
  for (const layer of network.layers) {
    for (const [number, call] of layer.calls.entries()) {
      for (const [output, shape] of call.outputShapes.entries()) shapes.set(keyOf({ layer: layer.name, call: number, output }), shape);
      listed.push({ layer, call, number, takes: refsOfCall(call).map(keyOf) });
    }
  }
  return { calls: inOrder(listed), shapes };
}

/** Layers come in the order of their first call; a later call of a shared layer may wait for layers behind it. Depth first, without recursion. */
function inOrder(listed: readonly PlannedCall[]): readonly PlannedCall[] {
  const callKey = (layer: string, number: number): string => `${number}/${layer}`;
  const byKey = new Map(listed.map((each) => [callKey(each.layer.name, each.number), each]));
  const seen = new Set<PlannedCall>();
  const order: PlannedCall[] = [];
  for (const start of listed) {
    if (seen.has(start)) continue;
    seen.add(start);
    const path = [{ each: start, before: refsOfCall(start.call), next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const ref = top.before[top.next];
      top.next += 1;
      if (ref === undefined) { order.push(top.each); path.pop(); continue; }
      const follow = byKey.get(callKey(ref.layer, ref.call));
      if (follow === undefined || seen.has(follow)) continue;
      seen.add(follow);
      path.push({ each: follow, before: refsOfCall(follow.call), next: 0 });
    }
  }
  return order;
}
