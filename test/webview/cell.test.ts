/** Cell depth in the panel, with a real run behind it: the numbers shown are the engine's, and every way to another element leads there. */
import assert from 'node:assert/strict';
import type { Controller } from '../../src/debug/controller';
import { closeAll, openWebview } from './browser';
import type { OpenPage, ThemeName } from './browser';
import { openRun } from './fixtures/real';
import { until } from './until';
import type { RunHost } from './fixtures/real';

const numberOf = (text: string): number => Number(text.replaceAll('−', '-').replaceAll(',', ''));
const card = '[aria-label="Arithmetic of one cell"]';

describe('one cell in the panel', () => {
  let host: RunHost;
  let controller: Controller;
  let opened: OpenPage;
  before(async () => {
    host = await openRun('media/examples/lenet5.run.json');
    ({ controller } = host);
  });
  after(async () => {
    await host.close();
    await closeAll();
  });
  afterEach(async () => {
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });

  const open = async (kernel: string, options: { readonly theme?: ThemeName; readonly width?: number; readonly skip?: number; readonly index?: readonly number[] } = {}): Promise<void> => {
    const op = controller.trace.ops.filter((each) => each.kernel === kernel)[options.skip ?? 0] ?? assert.fail(kernel);
    const tensor = op.outputs[0] ?? -1;
    if (options.index === undefined) {
      controller.selectElement(null);
      await controller.jumpTo({ kind: 'op', op: op.index });
      await controller.stepInto();
    } else {
      await controller.jumpTo({ kind: 'cell', iteration: controller.trace.iteration, op: op.index, tensor, index: options.index });
    }
    opened = await openWebview(host, { width: options.width ?? 900, height: 860, theme: options.theme ?? 'dark' });
    controller.on('moved', () => { const { cursor } = host.view(); if (cursor !== null) void opened.send({ type: 'cursor', cursor }).catch(() => undefined); });
    await opened.page.waitForSelector(`${card} tbody tr`);
    // pictures are asked for when they come into sight
    for (const each of await opened.page.locator('.card[data-card]').all()) await each.scrollIntoViewIfNeeded();
    await opened.page.waitForSelector('.card[data-card] canvas');
    await opened.settled();
    await opened.page.locator('.tab-panel').evaluate((panel) => { panel.scrollTop = 0; });
  };
  const shown = (): number => { const { cell } = host.view().cursor ?? assert.fail(); return cell?.shown ?? NaN; };
  const foot = async (row: number): Promise<number> => numberOf(await opened.page.locator(`${card} tfoot tr`).nth(row).locator('td').last().innerText());

  it('shows a convolution with its patch, its terms, and the sum beside the kernel\'s own value', async () => {
    await open('Conv2D', { skip: 1, index: [1, 3, 4, 5] });
    assert.equal(await opened.page.locator(`${card} tbody tr`).count(), 150);
    assert.match(await opened.page.locator(`${card} .statistics`).innerText(), /^sum of 150 terms = /);
    assert.ok(Math.abs(await foot(1) - shown()) <= 1e-6 * Math.max(1, Math.abs(shown())));
    assert.ok(Math.abs(await foot(0) - shown()) <= 1e-5 * Math.max(1, Math.abs(shown())));
    // two tiles at first, each 5 × 5 of values and of products; the rest on demand
    assert.equal(await opened.page.locator(`${card} .patch-cells`).count(), 4);
    assert.equal(await opened.page.locator(`${card} .patch-cells`).first().locator('i').count(), 25);
    await opened.screenshot('cell-conv');
    await opened.page.locator('.tab-panel').evaluate((panel) => { panel.scrollTop = panel.scrollHeight / 2; });
    await opened.settled();
    await opened.screenshot('cell-conv-window');
    await opened.page.locator(`${card} .patch-more button`).click();
    assert.equal(await opened.page.locator(`${card} .patch-cells`).count(), 12);
    // the window goes through all six channels of the input, and through the kernel's six tiles of this filter
    assert.deepEqual(await opened.page.evaluate(() => [...document.querySelectorAll('.card[data-card]')].map((each) => each.querySelectorAll('.outline.window').length)), [6, 6, 0]);
    assert.equal(await opened.page.locator('.card[data-card] .outline.cell').count(), 1);
  });

  it('draws padding where the kernel lies beside the input', async () => {
    await open('Conv2D', { theme: 'light', index: [0, 0, 0, 2] });
    assert.equal(await opened.page.locator(`${card} .patch-cells`).first().locator('i.padding').count(), 16);
    assert.equal(await opened.page.locator(`${card} tbody tr`).count(), 9);
    await opened.screenshot('cell-padding-light');
  });

  it('goes to the next and the previous element, and where one clicks', async () => {
    await open('Conv2D', { theme: 'hcDark', index: [0, 10, 11, 2] });
    const name = (): Promise<string> => opened.page.locator(`${card} .variable`).innerText();
    assert.match(await name(), /\[0, 10, 11, 2\]$/);
    await opened.screenshot('cell-hc');
    await opened.page.locator(`${card} vscode-button[aria-label^="Next element"]`).click();
    await until(name, (text) => text.endsWith('[0, 10, 11, 3]'));
    await opened.page.locator(`${card} vscode-button[aria-label^="Previous element"]`).click();
    await until(name, (text) => text.endsWith('[0, 10, 11, 2]'));
    const output = opened.page.locator(`[data-card="${host.view().cursor?.cell?.tensor}"] canvas`).first();
    await output.click({ position: { x: 4, y: 3 } });
    const clicked = await until(name, (text) => !text.endsWith('[0, 10, 11, 2]'));
    assert.match(clicked, /\[0, \d, \d, 0\]$/);
    await output.press('ArrowRight');
    await output.press('Enter');
    await until(name, (text) => text !== clicked);
    assert.equal(controller.cursor.depth, 'cell');
  });

  it('plays through the elements at a speed, and pauses', async () => {
    await open('Conv2D', { index: [0, 5, 5, 0] });
    const element = (): number => controller.cursor.cell ?? -1;
    const start = element();
    await opened.page.locator(`${card} .speed input`).fill('8');
    await opened.page.locator(`${card} vscode-button[aria-label^="Play"]`).click();
    await until(element, (at) => at >= start + 3);
    await opened.page.locator(`${card} vscode-button[aria-label="Pause"]`).click();
    await opened.page.waitForSelector(`${card} vscode-button[aria-label^="Play"]`);
    // A step that was asked for before the pause arrives; after it none follows, at eight a second.
    await opened.settled();
    const paused = element();
    await opened.frames(40);
    assert.equal(element(), paused);
  });

  it('does not play when motion is reduced; the steps remain', async () => {
    await open('Conv2D', { index: [0, 5, 5, 0] });
    await opened.page.emulateMedia({ reducedMotion: 'reduce' });
    await opened.page.evaluate(() => document.body.classList.add('vscode-reduce-motion'));
    await until(() => opened.page.locator(`${card} vscode-button[aria-label^="Play"]`).count(), (count) => count === 0);
    assert.equal(await opened.page.locator(`${card} .player vscode-button`).count(), 2);
  });

  it('shows the gradient of a kernel, whose terms are too many to send', async () => {
    await open('Conv2DBackpropFilter', { theme: 'hcLight', width: 1200 });
    assert.match(await opened.page.locator(`${card} tr.rest`).innerText(), /and [\d,]+ more terms/);
    assert.ok(Math.abs(await foot(1) - shown()) <= 1e-6 * Math.max(1, Math.abs(shown())));
    await opened.screenshot('cell-gradient');
    await opened.page.locator('.tab-panel').evaluate((panel) => { panel.scrollTop = panel.scrollHeight / 2; });
    await opened.screenshot('cell-gradient-window');
  });

  it('shows a matrix product as a folded list, and a function of one element as its one term', async () => {
    await open('BatchMatMul', { index: [2, 7], theme: 'light' });
    assert.equal(await opened.page.locator(`${card} tbody tr:not(.rest):not(.finish)`).count(), 200);
    await opened.screenshot('cell-dense');
    const tanh = controller.trace.ops.find(({ kernel }) => kernel === 'Tanh') ?? assert.fail();
    await controller.jumpTo({ kind: 'cell', iteration: 0, op: tanh.index, tensor: tanh.outputs[0] ?? -1, index: [0, 3, 3, 1] });
    await until(() => opened.page.locator(`${card} tbody tr`).count(), (count) => count === 1);
    assert.match(await opened.page.locator(`${card} tbody tr`).innerText(), /tanh x/);
    assert.equal(await opened.page.locator(`${card} .patch`).count(), 0);
  });

  it('is entered by a button on the selected element', async () => {
    const op = controller.trace.ops.find(({ kernel }) => kernel === 'AvgPool' || kernel === 'MaxPool') ?? assert.fail();
    await controller.jumpTo({ kind: 'op', op: op.index });
    opened = await openWebview(host, { width: 900, height: 860 });
    controller.on('moved', () => { const { cursor } = host.view(); if (cursor !== null) void opened.send({ type: 'cursor', cursor }).catch(() => undefined); });
    const output = opened.page.locator(`[data-card="${op.outputs[0]}"] canvas`).first();
    await output.click({ position: { x: 6, y: 6 } });
    await opened.page.locator('vscode-button', { hasText: 'Step into this element' }).click();
    await opened.page.waitForSelector(`${card} tbody tr`);
    assert.deepEqual([controller.cursor.depth, controller.cursor.op], ['cell', op.index]);
    await opened.settled();
    await opened.screenshot('cell-pool');
  });
});

describe('max pooling in the panel', () => {
  it('marks the winner', async () => {
    const host = await openRun('media/examples/convnet.run.json', { batchSize: 4 });
    const op = host.controller.trace.ops.find(({ kernel }) => kernel === 'MaxPool') ?? assert.fail();
    await host.controller.jumpTo({ kind: 'op', op: op.index });
    await host.controller.stepInto();
    const opened = await openWebview(host, { width: 900, height: 860 });
    await opened.page.waitForSelector(`${card} tbody tr.chosen`);
    assert.match(await opened.page.locator(`${card} tbody tr.chosen`).innerText(), /wins/);
    assert.equal(await opened.page.locator(`${card} .patch-cells i.winner`).count(), 1);
    await opened.settled();
    await opened.screenshot('cell-max-pool');
    assert.deepEqual(opened.complaints, []);
    await opened.close();
    await host.close();
    await closeAll();
  });
});
