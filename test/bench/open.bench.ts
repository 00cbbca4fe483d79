/** Rows: from the double click on a file to its painted graph, in real VS Code. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Workbench } from '../browser/workbench';
import { chainNetwork, maskedTransformer, writeKerasArchive, writeNpz, writeSafetensors, writeWeightsH5 } from './large-files';
import { median } from './table';
import type { BenchRow } from './table';

interface Served { readonly environment: Readonly<Record<string, string>>; readonly stop: () => Promise<void> }

/** The served VS Code that is there already, or one of our own. */
async function served(): Promise<() => Promise<void>> {
  if (process.env.BACKSTEP_ADDRESS !== undefined) return () => Promise.resolve();
  const { servePackaged } = await import(pathToFileURL(path.resolve('test/browser/serve.mjs')).href) as { servePackaged: (name: string) => Promise<Served> };
  const { environment, stop } = await servePackaged('bench');
  Object.assign(process.env, environment);
  return stop;
}

/** Runs in each frame: resolves with the clock once boxes of the graph are there and have been handed over for painting. */
function painted(): Promise<number | null> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.querySelector('.model .node') === null) requestAnimationFrame(look);
      else requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => { resolve(Date.now()); };
        port2.postMessage(null);
      });
    };
    look();
  });
}

/** Milliseconds from before the double click is sent (one machine, one clock) to the painted graph; the editor is closed again. */
async function openingTime(workbench: Workbench, file: string, visualize: boolean): Promise<number> {
  const { page } = workbench;
  const row = workbench.row(file);
  await row.waitFor();
  const end = new Promise<number>((resolve, reject) => {
    const watch = (frame: ReturnType<typeof page.frames>[number]): void => {
      if (!frame.url().includes('fake.html')) return;
      frame.waitForLoadState('domcontentloaded').then(() => frame.evaluate(painted)).then((at) => {
        if (at === null) return;
        page.off('framenavigated', watch);
        resolve(at);
      }, () => undefined);
    };
    page.on('framenavigated', watch);
    setTimeout(() => { reject(new Error(`${file} did not open within a minute.`)); }, 60_000).unref();
  });
  let began: number;
  if (visualize) {
    await row.click({ button: 'right' });
    const item = page.locator('.monaco-menu').getByText('Visualize', { exact: true });
    await item.waitFor({ state: 'visible' });
    // The menu ignores the mouse for a moment after it has opened: the click that counts is the one that closes it.
    began = NaN;
    while (await item.isVisible()) {
      const at = Date.now();
      // One that is closing already is gone before it can be clicked again.
      if (await item.click({ timeout: 1000 }).then(() => true, () => false)) began = at;
    }
  } else {
    began = Date.now();
    await row.dblclick();
  }
  const time = await end - began;
  await workbench.tab(file).click({ button: 'middle' });
  await workbench.tab(file).waitFor({ state: 'detached' });
  return time;
}

export async function rows(): Promise<readonly BenchRow[]> {
  const stop = await served();
  const folder = path.join(process.env.BACKSTEP_WORKSPACE ?? '', 'large');
  mkdirSync(folder, { recursive: true });
  await writeKerasArchive(path.join(folder, 'chain.keras'), chainNetwork(10_000));
  await writeKerasArchive(path.join(folder, 'masked.keras'), maskedTransformer(10_012));
  writeSafetensors(path.join(folder, 'half.safetensors'));
  writeNpz(path.join(folder, 'half.npz'));
  await writeWeightsH5(path.join(folder, 'half.weights.h5'));
  const cases: readonly (readonly [name: string, file: string, goal: number, visualize: boolean])[] = [
    ['LeNet-5', '../lenet5.keras', 1000, false],
    ['10,000 layers in a chain', 'chain.keras', 1500, false],
    ['10,000 layers, one mask into every block', 'masked.keras', 3000, false],
    ['500 MiB of weights, safetensors', 'half.safetensors', 1000, true],
    ['500 MiB of weights, HDF5', 'half.weights.h5', 1000, false],
    ['500 MiB of weights, npz', 'half.npz', 1000, true],
  ];
  const workbench = await Workbench.open();
  try {
    await workbench.row('large').click();
    const rows: BenchRow[] = [];
    for (const [name, file, goal, visualize] of cases) {
      const times: number[] = [];
      for (let run = 0; run < 4; run += 1) times.push(await openingTime(workbench, path.basename(file), visualize));
      if (process.env.BACKSTEP_VERBOSE !== undefined) console.log(name, times);
      // The first opening of all starts our half of the extension host.
      rows.push({ name: `open ${name}`, ours: median(times.slice(1)), reference: null, goal: { milliseconds: goal } });
      if (file.startsWith('..')) rows.unshift({ name: 'first opening in a fresh VS Code, LeNet-5', ours: times[0] ?? NaN, reference: null, goal: {} });
    }
    return rows;
  } finally {
    await workbench.close();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
