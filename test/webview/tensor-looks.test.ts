/** The panel "Tensor" over a JavaScript program that is evaluated here: the same card as everywhere, its slices read in the program. */
import assert from 'node:assert/strict';
import vm from 'node:vm';
import { exportedSlice } from '../../src/debug/view/desk';
import type { Exported } from '../../src/debug/view/desk';
import { configGraph } from '../../src/debug/inspect/config-graph';
import { Looks } from '../../src/debug/inspect/looks';
import { readNpy } from '../../src/tensor/npy';
import type { LookRequest } from '../../src/protocol/inspect';
import type { RequestName } from '../../src/protocol/messages';
import type { ExportRequest, TensorRequest } from '../../src/protocol/tensor';
import { closeAll, openWebview } from './browser';
import type { OpenPage } from './browser';
import { until } from './until';

describe('a tensor of a paused program in the panel', () => {
  let opened: OpenPage;
  const program = globalThis as { backstepMaps?: object };
  const asked: [RequestName, unknown][] = [];
  const exported: Exported[] = [];
  const evaluate = (text: string): Promise<string> => Promise.resolve(String(vm.runInThisContext(text)));
  const looks = new Looks(() => ({ debuggerType: 'pwa-node', evaluate }), (config, name) => configGraph(config, name), () => { void opened?.send({ type: 'inspect', inspect: looks.view }).catch(() => undefined); });
  const host = {
    snapshot: () => [{ type: 'inspect', inspect: looks.view } as const],
    async answer(name: RequestName, argument: unknown): Promise<unknown> {
      asked.push([name, argument]);
      if (name === 'tensor') { const { address } = argument as TensorRequest; return address.kind === 'look' ? looks.picture(address.id) : null; }
      if (name === 'look') { const request = argument as LookRequest; if (request.kind === 'slice') await looks.readSlice(request.id, request.slice); }
      if (name === 'exportTensor') {
        const { address, slice, to, name: called } = argument as ExportRequest;
        exported.push(exportedSlice(await looks.wholeSlice(address.kind === 'look' ? address.id : '', slice), to, called));
        return `Saved ${called}.`;
      }
      return null;
    },
  };
  const data = Float32Array.from({ length: 2 * 40 * 30 * 3 }, (_, place) => Math.sin(place / 50) + (place % 3) / 2);

  before(async () => {
    program.backstepMaps = { shape: [2, 40, 30, 3], data };
    await looks.look('backstepMaps', 'tensor');
    opened = await openWebview(host, { width: 720, height: 900, theme: 'light' });
    await opened.page.waitForSelector('.card-picture .tensor-canvas canvas');
  });
  after(async () => {
    delete program.backstepMaps;
    await opened.close();
    await closeAll();
  });

  it('has the settings open, and reads the part that is chosen in the program', async () => {
    const card = opened.page.locator('[data-card^=look]');
    await opened.settled();
    assert.equal(await card.getAttribute('data-kind'), 'tiles');
    await card.locator('vscode-text-field input').fill('[1, :, :, 2]');
    await card.locator('vscode-text-field input').press('Enter');
    await until(() => card.getAttribute('data-kind'), (kind) => kind === 'heat');
    const value = data[(40 * 30) * 3 + 2] ?? NaN;
    await until(() => opened.page.locator('.numbers-card td[title]').first().getAttribute('title'), (title) => title === `[1, 0, 0, 2] = ${value}`);
    await opened.screenshot('looks');
  });

  it('switches the view, and asks the program for the slice that it needs', async () => {
    const card = opened.page.locator('[data-card^=look]');
    await card.locator('.view-switch').hover();
    await card.locator('[data-view=tiles]').click();
    await until(() => asked.filter(([name]) => name === 'look').at(-1)?.[1] as { slice: { tileAxes: number[] } }, (request) => request.slice.tileAxes.length === 1);
    await until(() => opened.page.locator('[data-card^=look] .tensor-canvas canvas').getAttribute('aria-label'), (label) => label !== null);
    await card.locator('.view-switch').hover();
    await card.locator('[data-view=image]').click();
    await until(() => card.locator('.legend-numbers').innerText(), (text) => text.includes('2') || text.includes('1'));
    assert.deepEqual(opened.complaints, []);
  });

  it('saves a slice whole, as it is in the program', async () => {
    const card = opened.page.locator('[data-card^=look]');
    await card.locator('vscode-text-field input').fill('[0, 3, :, :]');
    await card.locator('vscode-text-field input').press('Enter');
    await until(() => card.locator('vscode-text-field').getAttribute('title'), (title) => title?.includes('[0, 3, :, :]') === true);
    await card.locator('vscode-button', { hasText: '.npy' }).click();
    await until(() => exported.length, (count) => count === 1);
    const saved = readNpy(exported[0]?.file?.bytes ?? assert.fail());
    assert.deepEqual([saved.shape, [...saved.data]], [[30, 3], [...data.subarray(3 * 30 * 3, 4 * 30 * 3)]]);
  });
});
