/**
 * Tensor pictures on their way to the screen: asked for once, a few at a time, kept while memory allows; requests that nobody waits for
 * any more are dropped before they are sent.
 */
import { useEffect, useState } from 'preact/hooks';
import type { TensorPicture, TensorRequest } from '../src/protocol/tensor';
import { request } from './channel';

export type Picture = TensorPicture & { readonly floats: Float32Array };
export type Loading = { readonly state: 'loading' } | { readonly state: 'failed'; readonly message: string } | { readonly state: 'ready'; readonly picture: Picture };

const atOnce = 3;
const budget = 64 * 2 ** 20;

interface Order { readonly key: string; readonly argument: TensorRequest; readonly waiting: Set<(result: Loading) => void> }

const pictures = new Map<string, Picture>();
const orders = new Map<string, Order>();
const queue: Order[] = [];
let running = 0;
let bytes = 0;

function remember(key: string, picture: Picture): void {
  pictures.set(key, picture);
  bytes += picture.values.byteLength;
  for (const [old, { values }] of pictures) {
    if (bytes <= budget || old === key) break;
    pictures.delete(old);
    bytes -= values.byteLength;
  }
}

function work(): void {
  while (running < atOnce) {
    const order = queue.shift();
    if (order === undefined) return;
    if (order.waiting.size === 0) {
      orders.delete(order.key);
      continue;
    }
    running += 1;
    const settle = (result: Loading): void => {
      running -= 1;
      orders.delete(order.key);
      for (const tell of order.waiting) tell(result);
      work();
    };
    request('tensor', order.argument).then((reply) => {
      const picture = { ...reply, floats: new Float32Array(reply.values) };
      remember(order.key, picture);
      settle({ state: 'ready', picture });
    }, (error: unknown) => settle({ state: 'failed', message: error instanceof Error ? error.message : String(error) }));
  }
}

/** Asks for a picture unless it is known; `tell` hears once. Returns the way to lose interest. */
function want(key: string, argument: TensorRequest, tell: (result: Loading) => void): () => void {
  const known = pictures.get(key);
  if (known !== undefined) {
    pictures.delete(key);
    pictures.set(key, known);
    tell({ state: 'ready', picture: known });
    return () => undefined;
  }
  let order = orders.get(key);
  if (order === undefined) {
    order = { key, argument, waiting: new Set() };
    orders.set(key, order);
    queue.push(order);
  }
  const { waiting } = order;
  waiting.add(tell);
  queueMicrotask(work);
  return () => { waiting.delete(tell); };
}

/**
 * The picture of a tensor; while the next one is under way the last one stays, so that nothing flickers.
 * @param version tells apart values at the same address (a tensor that was set).
 */
export function usePicture(argument: TensorRequest | null, version: string): Loading {
  const key = argument === null ? '' : `${JSON.stringify(argument)} ${version}`;
  const [loading, setLoading] = useState<Loading>(() => {
    const known = pictures.get(key);
    return known === undefined ? { state: 'loading' } : { state: 'ready', picture: known };
  });
  useEffect(() => (argument === null ? undefined : want(key, argument, setLoading)), [key]);
  return loading;
}
