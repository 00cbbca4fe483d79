/** Large networks stay usable: how long a graph takes to draw, and a step to reach the screen. */
import assert from 'node:assert/strict';
import type { GraphView, NodeView } from '../../src/protocol/graph';
import { closeAll, openWebview } from './browser';
import { backwardCursor, forwardCursor, lenetHost, run } from './fixtures/lenet';

/** Residual blocks in a chain. */
function residual(count: number): GraphView {
  const nodes = Array.from({ length: count }, (_, index): NodeView => ({
    id: `layer_${index}`, name: `layer_${index}`, type: index % 4 === 3 ? 'Add' : 'Conv2D', detail: index % 4 === 3 ? '' : '64@3×3 same relu', outputShape: '32×32×64', activation: null,
    parameters: index % 4 === 3 ? 0 : 36928, trainable: 36928, macs: 1000, parent: null, settings: [], weights: [], problem: null,
  }));
  const edges = nodes.slice(1).map(({ id }, index) => ({ source: `layer_${index}`, target: id, shape: '32×32×64' }));
  for (let index = 3; index + 4 < count; index += 4) edges.push({ source: `layer_${index}`, target: `layer_${index + 4}`, shape: '32×32×64' });
  return { title: 'deep', format: 'test', nodes, edges, problems: [], totals: { layers: count, parameters: 1, trainable: 1, macs: 1 } };
}

describe('large networks', () => {
  after(closeAll);
  for (const count of [1000, 3000]) {
    it(`draws ${count} layers, and zooms out to all of them`, async () => {
      const start = performance.now();
      const opened = await openWebview(lenetHost({ type: 'model', graph: residual(count), canStep: true }), { width: 1000, height: 800 });
      await opened.page.waitForSelector('.node', { timeout: 30_000 });
      console.log(`      ${count} layers on the screen after ${(performance.now() - start).toFixed(0)} ms with the browser's page`);
      assert.ok(await opened.page.locator('.node').count() <= 60, 'large networks open folded');
      await opened.screenshot(`large-${count}-folded`);
      await opened.page.locator('vscode-button[aria-label="Open all groups"]').click();
      await opened.page.waitForSelector('[data-node=layer_1]', { timeout: 30_000 });
      assert.ok(await opened.page.locator('.node').count() < 400, 'boxes out of sight are not made');
      await opened.page.locator('vscode-button[aria-label^="Fit"]').click();
      await opened.page.waitForSelector('.graph-layer.far', { state: 'attached', timeout: 30_000 });
      await opened.screenshot(`large-${count}`);
      await opened.page.keyboard.press('Control+f');
      await opened.page.keyboard.type(`layer_${count - 1}`);
      await opened.page.keyboard.press('Enter');
      await opened.page.waitForSelector(`[data-node=layer_${count - 1}]`, { timeout: 30_000 });
      await opened.screenshot(`large-${count}-found`);
      assert.deepEqual(opened.complaints, []);
      await opened.close();
    });
  }

  it('pans and zooms 10,000 layers with all groups open', async () => {
    const began = performance.now();
    const opened = await openWebview(lenetHost({ type: 'model', graph: residual(10_000), canStep: true }), { width: 1000, height: 800 });
    const { page } = opened;
    await page.waitForSelector('.node.folded');
    const opening = performance.now() - began;
    const expanding = performance.now();
    await page.locator('vscode-button[aria-label="Open all groups"]').click();
    await page.waitForSelector('[data-node=layer_1]', { timeout: 60_000 });
    const expanded = performance.now() - expanding;
    /** Times between frames while `act` goes on. */
    const frames = async (act: (step: number) => Promise<void>): Promise<string> => {
      await page.evaluate(() => {
        const kept = window as unknown as { times: number[] | null };
        const times: number[] = (kept.times = []);
        let last = performance.now();
        const tick = (): void => {
          const now = performance.now();
          times.push(now - last);
          last = now;
          if (kept.times === times) requestAnimationFrame(tick);
        };
        requestAnimationFrame(tick);
      });
      for (let step = 0; step < 60; step++) await act(step);
      const times = await page.evaluate(() => {
        const kept = window as unknown as { times: number[] | null };
        const taken = kept.times ?? [];
        kept.times = null;
        return taken;
      });
      times.sort((a, b) => a - b);
      return `median ${times[times.length >> 1]?.toFixed(0)} ms, p95 ${times[Math.floor(times.length * 0.95)]?.toFixed(0)} ms of ${times.length}`;
    };
    const drag = async (): Promise<string> => {
      await page.mouse.move(60, 200);
      await page.mouse.down();
      const result = await frames((step) => page.mouse.move(60 + 2 * step, 200 + 3 * step));
      await page.mouse.up();
      return result;
    };
    const near = await drag();
    await page.locator('vscode-button[aria-label^="Fit"]').click();
    await page.waitForSelector('.graph-layer.far', { state: 'attached' });
    const far = await drag();
    await page.mouse.move(250, 400);
    const zoom = await frames((step) => page.mouse.wheel(0, step < 30 ? -40 : 40));
    console.log(`      10,000 layers: folded after ${opening.toFixed(0)} ms, all open ${expanded.toFixed(0)} ms later; frames panning near ${near}; panning all ${far}; zooming ${zoom}`);
    // The movement has to end before the graph is drawn anew.
    await page.mouse.move(300, 420);
    await frames((step) => page.mouse.move(300, 420 + (step % 2)));
    await page.locator('vscode-button[aria-label^="Fit"]').click();
    await opened.screenshot('large-10000');
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });

  it('opens and folds a group with mouse and keyboard, colours by class and by parameters, and saves pictures', async () => {
    const saved: { name: string; bytes: ArrayBuffer }[] = [];
    const host = lenetHost({ type: 'model', graph: { ...residual(400), title: 'deep.onnx' }, canStep: true });
    const opened = await openWebview({ ...host, answer: (name, argument) => (name === 'save' ? (saved.push(argument as (typeof saved)[number]), null) : host.answer(name, argument)) }, { width: 1000, height: 800 });
    const { page } = opened;
    await page.locator('vscode-button[aria-label^="Fold all groups"]').click();
    const folded = page.locator('.node.folded').first();
    assert.equal(await folded.getAttribute('aria-expanded'), 'false');
    const id = await folded.getAttribute('data-node') ?? '';
    const before = await page.locator('.node').count();
    await folded.click();
    const title = page.locator(`[data-group="${id}"]`);
    await title.waitFor();
    assert.ok(await page.locator('.node').count() > before);
    assert.equal(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.group), id, 'the focus stays with the group');
    await page.keyboard.press('Enter');
    await page.locator(`[data-node="${id}"]`).waitFor();
    assert.equal(await page.locator('.node').count(), before);
    await page.keyboard.press('Enter');
    await title.waitFor();
    await page.locator('vscode-button[aria-label="Colours and export"]').click();
    await page.locator('.graph-more select').selectOption('parameters');
    assert.ok(await page.locator('.graph-legend li').count() > 2);
    await page.locator('.graph-more select').selectOption('class');
    assert.match(await page.locator('.graph-legend').innerText(), /convolution/);
    for (const theme of ['light', 'hcDark', 'dark'] as const) {
      await opened.setTheme(theme);
      await opened.screenshot(`large-colours-${theme}`);
    }
    for (const kind of ['SVG', 'PNG']) await page.locator(`vscode-button[aria-label="Save the graph as ${kind}"]`).click();
    await page.waitForFunction(() => document.querySelector('.notice') === null);
    const deadline = Date.now() + 20_000;
    while (saved.length < 2 && Date.now() < deadline) await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.deepEqual(saved.map(({ name }) => name).sort(), ['deep.png', 'deep.svg']);
    // The whole graph with its boxes and texts, not what is in sight.
    const [png, svg] = saved.sort((a, b) => a.name.localeCompare(b.name)).map(({ bytes }) => Buffer.from(bytes));
    assert.ok(png && svg);
    const text = svg.toString();
    const names = await page.locator('.node .node-name').allInnerTexts();
    for (const name of names) assert.ok(text.includes(`>${name.replace('▸ ', '')}`), `${name} is in the picture`);
    const [, width = '', height = ''] = /<svg[^>]* width="(\d+)" height="(\d+)"/.exec(text) ?? [];
    assert.deepEqual([...png.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    const shrunk = Math.min(2, 8192 / Math.max(Number(width), Number(height)));
    assert.ok(Math.abs(png.readUInt32BE(16) - shrunk * Number(width)) <= 2 && Math.abs(png.readUInt32BE(20) - shrunk * Number(height)) <= 2, 'the PNG has the size of the SVG, twice as sharp where that is not too large');
    assert.equal(await page.evaluate((source) => new DOMParser().parseFromString(source, 'image/svg+xml').querySelector('parsererror')?.textContent ?? null, text), null);
    await page.keyboard.press('Control+f');
    await page.keyboard.type('class:add');
    assert.match(await page.locator('.search-count').innerText(), /100 found/);
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });

  it('paints a step soon after it arrives', async () => {
    const opened = await openWebview(lenetHost({ type: 'run', run }));
    await opened.page.waitForSelector('[data-card="3"] .tensor-canvas canvas');
    const times: number[] = [];
    for (let step = 0; step < 20; step++) {
      const cursor = step % 2 === 0 ? forwardCursor : backwardCursor;
      const start = performance.now();
      await opened.send({ type: 'cursor', cursor });
      await opened.page.waitForFunction((id) => document.querySelector(`[data-card="${id}"] .card-picture:not(.stale) canvas`) !== null, step % 2 === 0 ? '12' : '3', { polling: 'raf' });
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    console.log(`      median ${times[10]?.toFixed(0)} ms, p95 ${times[18]?.toFixed(0)} ms (with the test's own way to the browser)`);
    await opened.close();
  });
});
