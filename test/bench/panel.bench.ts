/** Row: a step, or a step back, in real VS Code on LeNet-5, from the key to the painted panel (95th percentile). */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Frame } from 'playwright-core';
import { Workbench } from '../browser/workbench';
import type { BenchRow } from './table';

interface Served { readonly environment: Readonly<Record<string, string>>; readonly stop: () => Promise<void> }

/** Absolute time in milliseconds when the panel has painted another step with all its pictures. Runs in the panel. */
const painted = (): Promise<number> => new Promise((resolve) => {
  const title = (): string => document.querySelector('h2')?.textContent ?? '';
  const before = title();
  const look = (): void => {
    if (title() === before || document.querySelector('.card-waiting, .card.waiting') !== null) return;
    observer.disconnect();
    // After the next frame has been handed over for painting.
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { resolve(performance.timeOrigin + performance.now()); };
      port2.postMessage(null);
    });
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
});

/** Runs in the page: the next key press's absolute time. */
const pressed = (): Promise<number> => new Promise((resolve) => {
  window.addEventListener('keydown', () => { resolve(performance.timeOrigin + performance.now()); }, { capture: true, once: true });
});

async function stepTime(workbench: Workbench, panel: Frame, act: () => Promise<void>): Promise<number> {
  const done = panel.evaluate(painted), start = workbench.page.evaluate(pressed);
  await workbench.moves(act);
  return await done - await start;
}

export async function rows(): Promise<readonly BenchRow[]> {
  const { servePackaged } = await import(pathToFileURL(path.resolve('test/browser/serve.mjs')).href) as { servePackaged: (name: string) => Promise<Served> };
  const { environment, stop } = await servePackaged('bench');
  Object.assign(process.env, environment);
  const workbench = await Workbench.open();
  try {
    await workbench.row('lenet5.keras').dblclick();
    const editor = await workbench.webview('.model');
    await editor.getByRole('button', { name: /step through/i }).click();
    const panel = await workbench.webview('.run');
    await workbench.currentLine();
    await workbench.page.keyboard.press('Control+1');
    const times: number[] = [];
    for (let count = 0; count < 30; count += 1) times.push(await stepTime(workbench, panel, () => workbench.page.keyboard.press('F10')));
    times.splice(0, 3);
    times.sort((a, b) => a - b);
    const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;
    return [
      { name: 'step to painted panel, LeNet-5, p95', ours: at(0.95), reference: null, goal: { milliseconds: 100 } },
      { name: 'step to painted panel, LeNet-5, median', ours: at(0.5), reference: null, goal: { milliseconds: 100 } },
    ];
  } finally {
    await workbench.close();
    await stop();
  }
}
