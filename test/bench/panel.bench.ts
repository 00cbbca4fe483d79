/** Rows: a step and a step back in real VS Code on LeNet-5, from the key (or click) as the browser gets it to the painted panel. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Frame } from 'playwright-core';
import { Workbench } from '../browser/workbench';
import type { BenchRow } from './table';

interface Served { readonly environment: Readonly<Record<string, string>>; readonly stop: () => Promise<void> }
interface Watched extends Window { backstepInput?: number; backstepPainted?: Promise<number> }

/** Runs in VS Code's page: keeps the time at which the browser got the last key or click. */
function watchInput(): void {
  for (const kind of ['keydown', 'mouseup']) {
    window.addEventListener(kind, (event) => { (window as Watched).backstepInput = performance.timeOrigin + event.timeStamp; }, { capture: true });
  }
}

/** Runs in the panel: from now on watches for another step, painted with all its pictures, and keeps the time of it. */
function watch(): void {
  const title = (): string => document.querySelector('.step-line')?.textContent ?? '';
  const before = title();
  // Cards below the fold ask for their tensors when they are scrolled to.
  const isWaiting = (card: Element): boolean => card.getBoundingClientRect().top < innerHeight;
  (window as Watched).backstepPainted = new Promise((resolve) => {
    let asked = false;
    const look = (): void => {
      if (asked || title() === before || [...document.querySelectorAll('.card-waiting, .card-picture.stale')].some(isWaiting)) return;
      asked = true;
      // In the next frame it is painted; the frame has been handed over when a message that is sent in it arrives.
      requestAnimationFrame(() => {
        asked = false;
        if ([...document.querySelectorAll('.card-waiting, .card-picture.stale')].some(isWaiting)) return;
        observer.disconnect();
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => { resolve(performance.timeOrigin + performance.now()); };
        port2.postMessage(null);
      });
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
}

/** Milliseconds from the key or click, as the browser got it, to the painted panel (one machine, one clock). */
async function stepTime({ page }: Workbench, panel: Frame, act: () => Promise<void>): Promise<number> {
  // The panel is often ahead of VS Code, which takes the next key only once it has shown the stop.
  await page.locator('.debug-toolbar .codicon-debug-step-over:not(.disabled)').waitFor();
  await page.locator('.debug-toolbar .codicon-debug-step-back:not(.disabled)').waitFor();
  await panel.evaluate(watch);
  await act();
  const painted = await panel.evaluate(() => (window as Watched).backstepPainted ?? NaN);
  return painted - await page.evaluate(() => (window as Watched).backstepInput ?? NaN);
}

export async function rows(): Promise<readonly BenchRow[]> {
  const { servePackaged } = await import(pathToFileURL(path.resolve('test/browser/serve.mjs')).href) as { servePackaged: (name: string) => Promise<Served> };
  const { environment, stop } = await servePackaged('bench');
  Object.assign(process.env, environment);
  const workbench = await Workbench.open();
  try {
    const editor = await workbench.openModel('lenet5.keras');
    await editor.getByRole('button', { name: /step through/i }).click();
    const panel = await workbench.webview('.run');
    await workbench.currentLine();
    await workbench.page.evaluate(watchInput);
    const back = workbench.page.locator('.debug-toolbar .codicon-debug-step-back');
    const [steps, backs]: [number[], number[]] = [[], []];
    for (let count = 0; count < 18; count += 1) steps.push(await stepTime(workbench, panel, () => workbench.page.keyboard.press('F10')));
    for (let count = 0; count < 18; count += 1) backs.push(await stepTime(workbench, panel, () => back.click()));
    const at = (times: readonly number[], share: number): number => {
      const sorted = [...times.slice(3)].sort((a, b) => a - b);
      return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
    };
    return ([['step', steps], ['step back', backs]] as const).flatMap(([name, times]) => ([['median', 0.5], ['p95', 0.95]] as const).map(([word, share]) => (
      { name: `${name} to painted panel, LeNet-5, ${word}`, ours: at(times, share), reference: null, goal: { milliseconds: 100 } }
    )));
  } finally {
    await workbench.close();
    await stop();
  }
}
