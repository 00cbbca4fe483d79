/**
 * Windows of tensors at full resolution, for pictures that are looked at closely: asked for while they are in sight, a few at a time, the
 * latest first, and kept while memory allows.
 */
import type { Part, PartRequest, TensorAddress } from '../src/protocol/tensor';
import { request } from './channel';
import { partKey } from './render/tensor/zoom';

const atOnce = 3;
const budget = 48 * 2 ** 20;

interface Known { readonly values: Float32Array }
const known = new Map<string, Known>();
const refused = new Set<string>();
let bytes = 0;
let running = 0;
let queue: { readonly key: string; readonly argument: PartRequest; readonly tell: () => void }[] = [];
const underWay = new Set<string>();

function remember(key: string, values: Float32Array): void {
  known.set(key, { values });
  bytes += values.byteLength;
  for (const [old, { values: gone }] of known) {
    if (bytes <= budget || old === key) break;
    known.delete(old);
    bytes -= gone.byteLength;
  }
}

function work(): void {
  while (running < atOnce) {
    const order = queue.pop();
    if (order === undefined) return;
    const { key, argument, tell } = order;
    running += 1;
    underWay.add(key);
    request('tensorPart', argument).then(({ values }) => { remember(key, new Float32Array(values)); }, () => { refused.add(key); }).then(() => {
      running -= 1;
      underWay.delete(key);
      tell();
      work();
    }, (error: unknown) => { throw error; });
  }
}

/** Whether windows of it can be asked for; not of a paused program that has moved on. */
export const hasParts = (address: TensorAddress): boolean => address.kind !== 'look' || address.windows;

/** A window that is known; undefined while it is not. `base` names tensor, version and slice. */
export function partOf(base: string, part: Part): Float32Array | undefined {
  const key = `${base} ${partKey(part)}`;
  const found = known.get(key);
  if (found === undefined) return undefined;
  known.delete(key);
  known.set(key, found);
  return found.values;
}

/** Asks for the windows that are in sight and not known yet; those that were asked for before and have not been sent are dropped. `tell` hears of each that comes. */
export function wantParts(base: string, parts: readonly Part[], argument: Omit<PartRequest, 'part'>, tell: () => void): void {
  queue = queue.filter(({ key }) => !key.startsWith(`${base} `));
  for (const part of [...parts].reverse()) {
    const key = `${base} ${partKey(part)}`;
    if (!known.has(key) && !underWay.has(key) && !refused.has(key)) queue.push({ key, argument: { ...argument, part }, tell });
  }
  work();
}
