/**
 * Tensor pictures on their way to the screen: asked for once, a few at a time, kept while memory allows; requests that nobody waits for
 * any more are dropped before they are sent.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { PictureAhead, TensorPicture, TensorRequest } from '../src/protocol/tensor';
import { request } from './channel';

export type Picture = TensorPicture & { readonly floats: Float32Array };
export type Loading = { readonly state: 'loading' } | { readonly state: 'failed'; readonly message: string } | { readonly state: 'ready'; readonly picture: Picture };

const atOnce = 3;
const budget = 64 * 2 ** 20;

interface Order { readonly key: string; readonly argument: TensorRequest; readonly waiting: Set<(result: Loading) => void> }

type Ready = Extract<Loading, { readonly state: 'ready' }>;

const pictures = new Map<string, Ready>();
const orders = new Map<string, Order>();
const queue: Order[] = [];
let running = 0;
let bytes = 0;

/** The same for equal requests, whichever side wrote them down in whichever order. */
function keyOf({ address, ...form }: TensorRequest, version: string): string {
  const sorted = (record: object): readonly unknown[] => Object.entries(record).filter(([, value]) => value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(address), sorted(form), version]);
}

function remember(key: string, reply: TensorPicture): Ready {
  const ready: Ready = { state: 'ready', picture: { ...reply, floats: new Float32Array(reply.values) } };
  forget(key);
  pictures.set(key, ready);
  bytes += reply.values.byteLength;
  for (const old of pictures.keys()) {
    if (bytes <= budget || old === key) break;
    forget(old);
  }
  return ready;
}

function forget(key: string): void {
  const known = pictures.get(key);
  if (known === undefined) return;
  pictures.delete(key);
  bytes -= known.picture.values.byteLength;
}

/** Takes in a picture that the host sent before anybody asked. @param version as in `usePicture` */
export function takeAhead({ request: asked, picture }: PictureAhead, version: string): void {
  remember(keyOf(asked, version), picture);
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
      settle(remember(order.key, reply));
    }, (error: unknown) => settle({ state: 'failed', message: error instanceof Error ? error.message : String(error) }));
  }
}

/** Asks for a picture; `tell` hears once. Returns the way to lose interest. */
function want(key: string, argument: TensorRequest, tell: (result: Loading) => void): () => void {
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

/** The picture, if it is at hand; it then counts as used. */
function known(key: string): Ready | undefined {
  const ready = pictures.get(key);
  if (ready !== undefined) {
    pictures.delete(key);
    pictures.set(key, ready);
  }
  return ready;
}

/**
 * The picture of a tensor; while the next one is under way the last one stays, so that nothing flickers.
 * @param version tells apart values at the same address (a tensor that was set).
 * @param ask false shows the picture if it is at hand, and does not ask for it.
 */
export function usePicture(argument: TensorRequest | null, version: string, ask = true): Loading {
  const key = argument === null ? '' : keyOf(argument, version);
  const last = useRef<Loading>({ state: 'loading' });
  const [, redraw] = useState(0);
  const ready = known(key);
  if (ready !== undefined) last.current = ready;
  // Not after the next frame: what is asked for at once is on the screen a frame earlier.
  useLayoutEffect(() => (argument === null || ready !== undefined || !ask ? undefined : want(key, argument, (result) => {
    last.current = result;
    redraw((count) => count + 1);
  })), [key, ask]);
  return last.current;
}
