/** Rows: a large activation on its way to the screen and scrolled there, in Chromium; and what a kernel of 25 million elements costs the host. */
import type { CursorView, TensorCard } from '../../src/protocol/run';
import { TensorDesk } from '../../src/debug/view/desk';
import { statisticsOf } from '../../src/tensor/statistics';
import type { TensorValue } from '../../src/tensor/value';
import { closeAll, openWebview } from '../webview/browser';
import { deskOver, found } from '../webview/fixtures/desk';
import { forwardCursor, run } from '../webview/fixtures/lenet';
import { maps } from '../webview/fixtures/values';
import { median } from './table';
import type { BenchRow } from './table';

interface Watched extends Window { backstepPainted?: Promise<number>; backstepFrames?: Promise<number[]> }

/** 64 maps of 112 × 112, of a batch of two. */
const activations = [3, 4].map((seed) => maps([2, 112, 112, 64], -1, 1, seed));

/** Runs in the page: the milliseconds from the next message of the host to the frame that shows a picture of the card's new values. */
function watch(): void {
  /** Some of what is painted: the words of a card change before its picture does. */
  const pixels = (): string => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-card="1"] .tensor-canvas canvas');
    return canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, Math.min(24, canvas.height)).data.join() ?? '';
  };
  const before = pixels();
  (window as Watched).backstepPainted = new Promise((resolve) => {
    window.addEventListener('message', () => {
      const began = performance.now();
      const look = (): void => {
        if (performance.now() - began > 10_000) return resolve(NaN);
        const waits = document.querySelector('.card-waiting, .card-picture.stale') !== null;
        if (waits || pixels() === before) requestAnimationFrame(look);
        else requestAnimationFrame(() => {
          // The frame has been handed over for painting when a message that is sent in it arrives.
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => { resolve(performance.now() - began); };
          port2.postMessage(null);
        });
      };
      requestAnimationFrame(look);
    }, { once: true });
  });
}

/** Runs in the page: scrolls the close picture and keeps the time of each frame. */
function scroll(): void {
  (window as Watched).backstepFrames = new Promise((resolve) => {
    const box = document.querySelector('.tensor-canvas.close .tensor-scroll');
    const times: number[] = [];
    let last = performance.now();
    const frame = (now: number): void => {
      times.push(now - last);
      last = now;
      if (box === null || times.length > 150) return resolve(times.slice(10));
      box.scrollTop = 4 * times.length;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

async function inTheBrowser(): Promise<readonly BenchRow[]> {
  const desk = deskOver((address) => found(address.kind === 'trace' ? activations[address.iteration % activations.length] : undefined, 'activation', 'activation'));
  const cursor = (iteration: number): CursorView => {
    const value = activations[iteration % activations.length] ?? activations[0];
    if (value === undefined) throw new Error('There is no activation.');
    const statistics = statisticsOf(value.data);
    const card: TensorCard = {
      tensor: 1, title: 'y', variable: 'conv1', use: 'output', shape: value.shape, dtype: 'float32', diverging: true, gradientOf: null, checkable: false, cellOp: null, layout: 'activation', role: 'value',
      // Another norm at each step, as values have that were computed anew.
      statistics: { ...statistics, norm: statistics.norm + iteration },
    };
    return { ...forwardCursor, iteration, cards: [card] };
  };
  const opened = await openWebview({ snapshot: () => [{ type: 'run', run: { ...run, batchSize: 2, cursor: cursor(0) } }], answer: (name, argument) => desk.answer(name, argument) ?? null }, { width: 900, height: 860, state: { graphHidden: true } });
  await opened.settled();
  const times: number[] = [];
  for (let iteration = 1; iteration <= 18; iteration += 1) {
    await opened.page.evaluate(watch);
    await opened.send({ type: 'cursor', cursor: cursor(iteration) });
    times.push(await opened.page.evaluate(() => (window as Watched).backstepPainted ?? NaN));
  }
  await opened.page.locator('[data-card="1"] .tensor-canvas canvas').focus();
  await opened.page.keyboard.press('+');
  await opened.page.waitForSelector('.tensor-canvas.close');
  await opened.settled();
  await opened.page.evaluate(scroll);
  const frames = (await opened.page.evaluate(() => (window as Watched).backstepFrames ?? [])).sort((a, b) => a - b);
  await opened.close();
  await closeAll();
  return [
    { name: '64 × 112 × 112 activation, step to painted', ours: median(times.slice(3)), reference: null, goal: { milliseconds: 100 } },
    { name: 'scrolling it, every element a pixel: frame, p95', ours: frames[Math.floor(0.95 * frames.length)] ?? NaN, reference: null, goal: { milliseconds: 20 } },
  ];
}

async function onTheHost(): Promise<readonly BenchRow[]> {
  const kernel: TensorValue = { dtype: 'float32', shape: [5000, 5000], data: new Float32Array(25_000_000).map((_, place) => (place % 997) / 500 - 1) };
  const address = { kind: 'trace', iteration: 0, tensor: 0 } as const;
  const timed = async (act: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await act();
    return performance.now() - began;
  };
  const [first, again, clipped, part]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < 5; round += 1) {
    // A value that was not looked at before.
    const fresh = { ...kernel };
    const desk = new TensorDesk(() => found(fresh, 'kernel', 'weight'));
    first.push(await timed(() => desk.picture({ address, maxElements: 32_768 })));
    again.push(await timed(() => desk.picture({ address, maxElements: 32_768 })));
    clipped.push(await timed(() => desk.picture({ address, maxElements: 32_768, clip: 1 })));
    part.push(await timed(() => desk.part({ address, slice: { tileAxes: [], rowAxis: 0, columnAxis: 1, at: {} }, part: { tile: 0, tiles: 1, row: 2048, rows: 128, column: 2048, columns: 128 } })));
  }
  return [
    { name: 'kernel of 25 million elements: first picture with statistics, host', ours: median(first), reference: null, goal: { milliseconds: 400 } },
    { name: 'its next picture, host', ours: median(again), reference: null, goal: { milliseconds: 100 } },
    { name: 'its exact percentiles, host', ours: median(clipped), reference: null, goal: {} },
    { name: 'a window of 128 × 128 of it at full resolution, host', ours: median(part), reference: null, goal: { milliseconds: 5 } },
  ];
}

export async function rows(): Promise<readonly BenchRow[]> {
  return [...await inTheBrowser(), ...await onTheHost()];
}
