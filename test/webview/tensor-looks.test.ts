/** The panel "Tensor" over a JavaScript program that is evaluated here: the same card as everywhere, its slices read in the program. */
import assert from 'node:assert/strict';
import vm from 'node:vm';
import type { Exported } from '../../src/debug/view/desk';
import { configGraph } from '../../src/debug/inspect/config-graph';
import { LookDesk } from '../../src/debug/inspect/look-desk';
import { Looks } from '../../src/debug/inspect/looks';
import { readNpy } from '../../src/tensor/npy';
import type { LookRequest } from '../../src/protocol/inspect';
import type { RequestName } from '../../src/protocol/messages';
import type { CompareRequest, ExportRequest, PartRequest, PinRequest, TensorRequest } from '../../src/protocol/tensor';
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
  const desk = new LookDesk(looks);
  const host = {
    snapshot: () => [{ type: 'inspect', inspect: looks.view } as const],
    async answer(name: RequestName, argument: unknown): Promise<unknown> {
      asked.push([name, argument]);
      if (name === 'tensor') return desk.picture(argument as TensorRequest);
      if (name === 'tensorPart') return desk.part(argument as PartRequest);
      if (name === 'pins') return desk.pinned(argument as PinRequest);
      if (name === 'compare') return desk.compare(argument as CompareRequest);
      if (name === 'look') { const request = argument as LookRequest; if (request.kind === 'slice') await looks.readSlice(request.id, request.slice); }
      if (name === 'exportTensor') {
        const request = argument as ExportRequest;
        exported.push(await desk.exported(request));
        return `Saved ${request.name}.`;
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

  it('keeps a tensor as it was, and shows it beside what it has become, with the difference', async () => {
    const card = opened.page.locator('[data-card^=look]').first();
    await card.getByRole('button', { name: /^Keep backstepMaps/ }).click();
    await opened.page.locator('.pin').waitFor();
    data[1234] = (data[1234] ?? 0) + 8;
    await looks.again(looks.view.looks[0]?.id ?? '');
    await opened.page.locator('.look-change.changed').waitFor();
    await opened.page.locator('.pin vscode-button', { hasText: 'Compare' }).click();
    const index = [0, Math.floor(1234 / 90), Math.floor((1234 % 90) / 3), 1234 % 3];
    await until(() => opened.page.locator('.comparison-words').innerText(), (text) => text.includes(`max |difference| 8 at [${index.join(', ')}]`) && text.includes('1 of 7,200 elements differ'));
    await opened.settled();
    assert.equal(await opened.page.locator('.comparison .card').count(), 3);
    await opened.screenshot('looks-comparison');
    assert.deepEqual(opened.complaints, []);
  });

  it('cuts the colours off at percentiles of the whole tensor, computed in the program', async () => {
    const wide = Float32Array.from({ length: 600 * 600 }, (_, place) => (place < 590 * 600 ? place % 101 : 5000));
    program.backstepMaps = { shape: [600, 600], data: wide };
    await looks.look('backstepMaps.data', 'heat');
    const { id } = looks.view.looks[0] ?? assert.fail();
    await looks.readShape(id, [600, 600]);
    const card = opened.page.locator(`[data-card="${id}"]`);
    await card.locator('.tensor-canvas canvas').waitFor();
    await card.locator('vscode-dropdown[aria-label^="Values that are told apart"]').click();
    await card.locator('vscode-dropdown[aria-label^="Values that are told apart"] vscode-option', { hasText: '5–95 %' }).click();
    const sorted = [...wide].sort((a, b) => a - b);
    await until(() => card.locator('.legend-numbers').innerText(), (text) => text.includes(String(sorted[Math.round(0.95 * (wide.length - 1))])));
  });

  it('goes closer until each element is written in, read from the program window by window', async () => {
    const { id } = looks.view.looks[0] ?? assert.fail();
    const card = opened.page.locator(`[data-card="${id}"]`), canvas = card.locator('.tensor-canvas canvas');
    await canvas.focus();
    for (let step = 0; step < 7; step += 1) await canvas.press('+');
    await until(() => asked.filter(([name, argument]) => name === 'tensorPart' && (argument as PartRequest).part.rows > 64).length, (count) => count > 0);
    await opened.settled();
    await opened.screenshot('looks-closely');
    assert.equal(await opened.page.locator('.numbers-card td[title]').nth(1).getAttribute('title'), '[0, 1] = 1');
    const colors = await canvas.evaluate((element: HTMLCanvasElement) => new Set(new Uint32Array(element.getContext('2d')?.getImageData(0, 24, element.width, 1).data.buffer ?? new ArrayBuffer(0))).size);
    assert.ok(colors > 8, `${colors} colours: one for each element in sight, and their numbers`);
    assert.deepEqual(opened.complaints, []);
  });
});
