/** Rows: ten thousand layers with all groups open, in a real browser without a GPU: expanding, panning, zooming. */
import type { OpenPage } from '../webview/browser';
import { closeAll, openWebview } from '../webview/browser';
import { openKerasConfig } from '../../src/formats/keras/config-file';
import { graphView } from '../../src/network/graph-view';
import { chainNetwork, maskedTransformer } from './large-files';
import type { BenchRow } from './table';

interface Watched extends Window { frameTimes?: number[] | null }

/** Milliseconds between frames while `act` goes on, and until the graph has been drawn anew behind it. */
async function frames({ page }: OpenPage, act: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const watched = window as Watched;
    const times: number[] = (watched.frameTimes = []);
    let last = performance.now();
    const tick = (now: number): void => {
      times.push(now - last);
      last = now;
      if (watched.frameTimes === times) requestAnimationFrame(tick);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(tick); });
  });
  await act();
  await page.evaluate(() => new Promise((resolve) => { let left = 30; const wait = (): void => { left -= 1; if (left > 0) requestAnimationFrame(wait); else resolve(null); }; wait(); }));
  return page.evaluate(() => { const watched = window as Watched; const times = watched.frameTimes ?? []; watched.frameTimes = null; return times; });
}

const at = (times: readonly number[], share: number): number => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;

export async function rows(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [name, config] of [['chain', chainNetwork(10_000)], ['masked transformer', maskedTransformer(10_012)]] as const) {
    const graph = graphView((await openKerasConfig('bench.json', config)).network);
    const opened = await openWebview({ answer: () => null, snapshot: () => [{ type: 'model', graph, canStep: true }] }, { width: 1200, height: 800 });
    const { page } = opened;
    await page.waitForSelector('.node.folded');
    const began = performance.now();
    await page.locator('vscode-button[aria-label="Open all groups"]').click();
    await page.waitForFunction(() => document.querySelectorAll('.node:not(.folded)').length > 8);
    rows.push({ name: `expand 10,000 layers, ${name}`, ours: performance.now() - began, reference: null, goal: {} });
    const drag = (): Promise<number[]> => frames(opened, async () => {
      await page.mouse.move(60, 300);
      await page.mouse.down();
      for (let step = 0; step < 60; step += 1) await page.mouse.move(60 + 3 * step, 300 + 4 * step);
      await page.mouse.up();
    });
    const near = await drag();
    await page.locator('vscode-button[aria-label^="Fit"]').click();
    const far = await drag();
    await page.mouse.move(250, 400);
    const zoom = await frames(opened, async () => { for (let step = 0; step < 80; step += 1) await page.mouse.wheel(0, step < 40 ? -60 : 60); });
    const results: readonly (readonly [string, readonly number[], number])[] = [['pan, readable', near, 20], ['pan, all in sight', far, 20], ['zoom', zoom, 33]];
    for (const [word, times, goal] of results) rows.push({ name: `${word}, 10,000 layers, ${name}, p95 of frames`, ours: at(times, 0.95), reference: null, goal: { milliseconds: goal } }, { name: `${word}, 10,000 layers, ${name}, longest frame`, ours: at(times, 1), reference: null, goal: {} });
    await opened.close();
  }
  await closeAll();
  return rows;
}
