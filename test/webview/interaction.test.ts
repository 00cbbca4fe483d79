import assert from 'node:assert/strict';
import type { RequestName } from '../../src/protocol/messages';
import type { TensorRequest } from '../../src/protocol/tensor';
import { colorMap, colorOf, domainOf } from '../../src/tensor/colormap';
import { pictureOf } from '../../src/tensor/picture';
import { closeAll, openWebview } from './browser';
import type { OpenPage } from './browser';
import { backwardCursor, forwardCursor, lenet, lenetHost, run, tensors, weights } from './fixtures/lenet';
import { until } from './until';

/** The colour of a pixel of a card's picture, in device pixels. */
const pixel = (opened: OpenPage, card: string, x: number, y: number): Promise<number[]> => opened.page.evaluate(([id, px, py]) => {
  const canvas = document.querySelector<HTMLCanvasElement>(`[data-card="${id}"] .tensor-canvas canvas`);
  return [...(canvas?.getContext('2d')?.getImageData(px, py, 1, 1).data ?? [])].slice(0, 3);
}, [card, x, y] as const);
const size = (opened: OpenPage, card: string): Promise<{ width: number; height: number }> => opened.page.evaluate((id) => {
  const canvas = document.querySelector<HTMLCanvasElement>(`[data-card="${id}"] .tensor-canvas canvas`);
  return { width: canvas?.width ?? 0, height: canvas?.height ?? 0 };
}, card);
const requests = (host: { asked: [RequestName, unknown][] }, name: RequestName): unknown[] => host.asked.filter(([asked]) => asked === name).map(([, argument]) => argument);

describe('the panel of a run', () => {
  let opened: OpenPage;
  let host: ReturnType<typeof lenetHost>;
  before(async () => {
    host = lenetHost({ type: 'run', run });
    opened = await openWebview(host);
    await opened.page.waitForSelector('[data-card="3"] .tensor-canvas canvas');
  });
  after(async () => {
    await opened.close();
    await closeAll();
  });

  it('asks only for the tensors of the cards, each once', async () => {
    await until(() => requests(host, 'tensor').length, (count) => count >= 4);
    const asked = requests(host, 'tensor').map((request) => (request as { address: { tensor: number } }).address.tensor).sort((a, b) => a - b);
    assert.deepEqual(asked, [1, 2, 3, 4]);
  });

  it('asks for nothing that comes with the cursor', async () => {
    const before = requests(host, 'tensor').length;
    const pictures = [10, 11, 12].map((tensor) => {
      const wanted: TensorRequest = { address: { tensor, iteration: 12, kind: 'trace' }, maxElements: 32_768, example: 0 };
      return { request: wanted, picture: pictureOf(tensors.get(tensor)!, { ...wanted, name: String(tensor), use: tensor === 11 ? 'weight' : 'activation' }) };
    });
    await opened.send({ type: 'cursor', cursor: forwardCursor, pictures });
    await opened.page.waitForSelector('[data-card="12"] .tensor-canvas canvas');
    // The numbers of the step's result are those of its picture.
    await opened.page.waitForSelector('[aria-label="Numbers of the selection"] table');
    assert.equal(requests(host, 'tensor').length, before);
    await opened.send({ type: 'cursor', cursor: backwardCursor });
    await opened.page.waitForSelector('[data-card="3"] .tensor-canvas canvas');
  });

  it('paints the values in the colours of the map', async () => {
    const value = (tensors.get(3)?.data as Float32Array)[0] ?? NaN;
    const { min, max } = backwardCursor.cards[3]?.statistics ?? { min: 0, max: 1 };
    const expected = colorOf(colorMap('diverging', 'dark'), domainOf('diverging', min, max), value);
    const painted = await until(() => pixel(opened, '3', 1, 1), (color) => color.some((part) => part !== 0));
    painted.forEach((part, index) => assert.ok(Math.abs(part - (expected[index] ?? 0)) <= 1, `${painted.join()} is not ${expected.join()}`));
  });

  it('says the step in words, formula and explanation', async () => {
    assert.match(await opened.page.locator('h2').innerText(), /conv2d_2 · gradient of the kernel.*backward, op 61 of 84/);
    assert.equal(await opened.page.locator('h2').getAttribute('aria-live'), 'polite');
    assert.ok(await opened.page.locator('.formula .katex').count() > 0);
    assert.ok(await opened.page.locator('.formula math').count() > 0, 'the formula is there for screen readers too');
    assert.match(await opened.page.locator('.explanation').innerText(), /Sums over 32 examples/);
  });

  it('stands a gradient beside its value', async () => {
    const [kernel, gradient] = [await opened.page.locator('[data-card="4"]').boundingBox(), await opened.page.locator('[data-card="3"]').boundingBox()];
    assert.ok(kernel && gradient && Math.abs(kernel.y - gradient.y) < 1 && gradient.x > kernel.x);
  });

  it('shares one selection among cards of a shape, and shows its numbers', async () => {
    const box = await opened.page.locator('[data-card="4"] .tensor-canvas canvas').boundingBox();
    assert.ok(box);
    await opened.page.mouse.click(box.x + 1, box.y + 1);
    await until(() => opened.page.locator('.outline.tile').count(), (count) => count === 2);
    const first = (weights.get('conv2d_2/kernel')?.data as Float32Array)[0] ?? NaN;
    assert.match(await opened.page.locator('[aria-label="Numbers of the selection"] .statistics').innerText(), new RegExp(`\\[0, 0, 0, 0\\] = ${first.toPrecision(3).replace('-', '−').slice(0, 5)}`));
    await opened.page.keyboard.press('ArrowRight');
    await opened.page.keyboard.press('ArrowDown');
    await until(() => opened.page.locator('[data-card="4"] .hover').innerText(), (text) => text.startsWith('[1, 1, 0, 0] = '));
    assert.match(await opened.page.locator('[aria-label="Numbers of the selection"] .statistics').innerText(), /^\[0, 0, 0, 0\]/, 'the cursor reads, Enter selects');
    await opened.page.keyboard.press('Enter');
    await until(() => opened.page.locator('[aria-label="Numbers of the selection"] .statistics').innerText(), (text) => text.startsWith('[1, 1, 0, 0]'));
    await opened.page.keyboard.press('PageDown');
    await opened.page.keyboard.press('Enter');
    await until(() => opened.page.locator('[aria-label="Numbers of the selection"] h3').innerText(), (text) => text === 'conv2d_2_kernel[:, :, 0, 1]');
    assert.match(await opened.page.locator('[data-card="4"] canvas').first().getAttribute('aria-label') ?? '', /kernel conv2d_2_kernel, shape 5×5×6×16.*Selected \[1, 1, 0, 1\] =/);
    await opened.screenshot('selection');
  });

  it('reads index and value under the pointer', async () => {
    const box = await opened.page.locator('[data-card="1"] .tensor-canvas canvas').boundingBox();
    assert.ok(box);
    await opened.page.mouse.move(box.x + 2, box.y + 2);
    const text = await opened.page.locator('.hover').innerText();
    const value = (tensors.get(1)?.data as Float32Array)[0] ?? NaN;
    assert.ok(text.startsWith('[0, 0, 0, 0] = ') && Math.abs(Number(text.split('= ')[1]?.replace('−', '-')) - value) < 1e-3, text);
    await opened.page.mouse.move(1, 1);
  });

  it('steps through the examples with the arrow keys', async () => {
    const picker = opened.page.locator('.example-picker [role=spinbutton]');
    await picker.focus();
    await opened.page.keyboard.press('ArrowRight');
    await until(() => picker.getAttribute('aria-valuenow'), (value) => value === '2');
    await opened.page.keyboard.press(']');
    await until(() => picker.getAttribute('aria-valuenow'), (value) => value === '3');
    await until(() => requests(host, 'tensor').some((request) => (request as { example: number }).example === 2), (asked) => asked);
    await opened.page.keyboard.press('Home');
  });

  it('jumps to a layer by a click, toggles a breakpoint by a double click, and shows both', async () => {
    await opened.page.locator('[data-node=dense_2]').click();
    await until(() => requests(host, 'jump').at(-1), (target) => JSON.stringify(target) === JSON.stringify({ kind: 'layer', layer: 'dense_2' }));
    await opened.page.locator('[data-node=dense_3]').dblclick();
    await until(() => requests(host, 'toggleBreakpoint').at(-1), (target) => JSON.stringify(target) === JSON.stringify({ layer: 'dense_3' }));
    await opened.send({ type: 'breakpoints', layers: ['dense_1', 'dense_3'] });
    await until(() => opened.page.locator('.node .breakpoint').count(), (count) => count === 2);
    assert.match(await opened.page.locator('[data-node=dense_3]').getAttribute('aria-label') ?? '', /breakpoint/);
  });

  it('walks the graph with the keyboard', async () => {
    await opened.page.locator('[data-node=conv2d_2]').focus();
    await opened.page.keyboard.press('ArrowDown');
    await until(() => opened.page.evaluate(() => document.activeElement?.getAttribute('data-node')), (id) => id === 'pool_2');
    await opened.page.keyboard.press('ArrowUp');
    await opened.page.keyboard.press('ArrowUp');
    await until(() => opened.page.evaluate(() => document.activeElement?.getAttribute('data-node')), (id) => id === 'pool_1');
    await opened.page.keyboard.press('End');
    await until(() => opened.page.evaluate(() => document.activeElement?.getAttribute('data-node')), (id) => id === 'loss');
    await opened.page.keyboard.press('Enter');
    await until(() => requests(host, 'jump').at(-1), (target) => JSON.stringify(target) === JSON.stringify({ kind: 'phase', phase: 'loss' }));
    assert.equal(await opened.page.locator('.node[tabindex="0"]').count(), 1, 'one stop of the tab key in the graph');
  });

  it('goes to a phase and to an iteration by a click or by keys', async () => {
    await opened.page.locator('[data-phase=update]').click();
    await until(() => requests(host, 'jump').at(-1), (target) => JSON.stringify(target) === JSON.stringify({ kind: 'phase', phase: 'update' }));
    const curve = opened.page.locator('.strip .loss-curve');
    const box = await curve.boundingBox();
    assert.ok(box);
    await opened.page.mouse.click(box.x + 4, box.y + box.height / 2);
    await until(() => requests(host, 'jump').at(-1), (target) => JSON.stringify(target) === JSON.stringify({ kind: 'iteration', iteration: 0 }));
    await opened.page.mouse.move(1, 1);
    await curve.focus();
    await opened.page.keyboard.press('ArrowRight');
    assert.match(await until(() => curve.getAttribute('aria-valuetext'), (text) => text !== null && text.startsWith('iteration 14')) ?? '', /loss 0\.\d+/);
    await opened.page.keyboard.press('Enter');
    await until(() => requests(host, 'jump').at(-1), (target) => JSON.stringify(target) === JSON.stringify({ kind: 'iteration', iteration: 13 }));
  });

  it('moves nothing but what changed when the cursor steps', async () => {
    const place = () => opened.page.evaluate(() => ['.strip', '.graph-layer', '[data-node=image]', '.tabs'].map((name) => {
      const box = document.querySelector(name)?.getBoundingClientRect();
      return [name, Math.round(box?.x ?? 0), Math.round(box?.y ?? 0)];
    }));
    const before = await place();
    await opened.page.evaluate(() => { (window as unknown as Record<string, unknown>).firstCanvas = document.querySelector('.card canvas'); });
    await opened.send({ type: 'cursor', cursor: forwardCursor });
    await until(() => opened.page.locator('.node.current').getAttribute('data-node'), (id) => id === 'conv2d_1');
    assert.deepEqual(await place(), before);
    assert.equal(await opened.page.locator('.node.current.forward').count(), 1);
    assert.ok(await opened.page.evaluate(() => (window as unknown as Record<string, unknown>).firstCanvas === document.querySelector('.card canvas')), 'the canvas is kept');
    await opened.send({ type: 'cursor', cursor: backwardCursor });
    await until(() => opened.page.locator('.node.current.backward').getAttribute('data-node'), (id) => id === 'conv2d_2');
  });

  it('follows a change of the theme', async () => {
    await opened.setTheme('light');
    await until(() => size(opened, '3'), ({ width }) => width > 0);
    const value = (tensors.get(3)?.data as Float32Array)[0] ?? NaN;
    const { min, max } = backwardCursor.cards[3]?.statistics ?? { min: 0, max: 1 };
    const expected = colorOf(colorMap('diverging', 'light'), domainOf('diverging', min, max), value);
    await until(() => pixel(opened, '3', 1, 1), (color) => color.every((part, index) => Math.abs(part - (expected[index] ?? 0)) <= 1));
    await opened.setTheme('dark');
  });

  it('resizes the graph with the keyboard, and remembers it', async () => {
    const bar = opened.page.locator('.split-bar');
    const before = Number(await bar.getAttribute('aria-valuenow'));
    await bar.focus();
    await opened.page.keyboard.press('ArrowRight');
    await until(() => bar.getAttribute('aria-valuenow'), (value) => Number(value) === before + 16);
    assert.equal(await opened.page.evaluate(() => (window as unknown as { keptState: { graphWidth: number } }).keptState.graphWidth), before + 16);
  });

  it('shows a refusal of the host', async () => {
    const answer = host.answer.bind(host);
    host.answer = (name, argument) => {
      if (name === 'jump') throw new Error('Iteration 99 has not run yet; Continue gets there.');
      return answer(name, argument);
    };
    await opened.page.locator('[data-phase=loss]').click();
    await opened.page.waitForSelector('.notice:has-text("Continue gets there")');
    host.answer = answer;
  });

  it('met nothing that the content security policy forbids', () => assert.deepEqual(opened.complaints, []));
});

describe('the editor of a model', () => {
  let opened: OpenPage;
  let host: ReturnType<typeof lenetHost>;
  before(async () => {
    host = lenetHost({ type: 'model', graph: lenet, canStep: true });
    opened = await openWebview(host, { width: 1100, height: 760 });
    await opened.page.waitForSelector('.node');
  });
  after(async () => {
    await opened.close();
    await closeAll();
  });

  it('shows every layer with class, shape and parameters, and the totals', async () => {
    assert.equal(await opened.page.locator('.node').count(), 9);
    assert.match(await opened.page.locator('[data-node=conv2d_2]').getAttribute('aria-label') ?? '', /conv2d_2, Conv2D 16@5×5 valid tanh · output 10×10×16 · 2,416 parameters/);
    assert.match(await opened.page.locator('.facts-line').innerText(), /Keras 3 archive · 9 layers · 61,706 parameters/);
    assert.equal(await opened.page.locator('.layer-rows .layer-row').count(), 9);
    assert.ok(await opened.page.locator('.edge-label', { hasText: '10×10×16' }).count() > 0);
  });

  it('finds layers by name or class', async () => {
    await opened.page.keyboard.press('Control+f');
    await opened.page.waitForSelector('.graph-search');
    await opened.page.keyboard.type('conv2d');
    await until(() => opened.page.locator('.node.found').count(), (count) => count === 2);
    assert.match(await opened.page.locator('.search-count').innerText(), /2 found/);
    await opened.screenshot('search');
    await opened.page.keyboard.press('Enter');
    await until(() => opened.page.locator('.layer-details h2').innerText(), (text) => text.startsWith('conv2d_1'));
    await opened.page.keyboard.press('Escape');
    await until(() => opened.page.locator('.graph-search').count(), (count) => count === 0);
  });

  it('shows the settings and weights of a layer', async () => {
    await opened.page.locator('[data-node=dense_1]').click();
    await opened.page.waitForSelector('.layer-details');
    await until(() => opened.page.locator('.layer-details .tensor-canvas canvas').count(), (count) => count === 2);
    assert.match(await opened.page.locator('.card .statistics').first().innerText(), /min −0\.\d+ {2}max 0\.\d+ {2}mean .+ {2}norm \d+/);
    assert.match(await opened.page.locator('.histogram').first().getAttribute('aria-label') ?? '', /Distribution of 48,000 values/);
    assert.deepEqual(opened.sent.filter((message) => message.kind === 'event').at(-1), { kind: 'event', event: { type: 'selected', layer: 'dense_1' } });
    await opened.screenshot('dense');
    const box = await opened.page.locator('.layer-details .tensor-canvas canvas').first().boundingBox();
    assert.ok(box);
    await opened.page.mouse.click(box.x + 10, box.y + 10);
    await opened.page.waitForSelector('.numbers table');
    await opened.screenshot('dense-numbers');
  });

  it('closes the layer by Escape', async () => {
    await opened.page.keyboard.press('Escape');
    await opened.page.waitForSelector('.layer-details', { state: 'detached' });
  });

  it('zooms by buttons, wheel and keys, and fits', async () => {
    const zoom = () => opened.page.evaluate(() => new DOMMatrix(getComputedStyle(document.querySelector('.graph-layer') as HTMLElement).transform).a);
    const start = await zoom();
    await opened.page.locator('vscode-button[aria-label^="Zoom in"]').click();
    const closer = await until(zoom, (value) => value > start * 1.1);
    await opened.page.locator('[data-node=conv2d_1]').focus();
    await opened.page.keyboard.press('-');
    const back = await until(zoom, (value) => value < closer);
    const box = await opened.page.locator('.graph').boundingBox();
    assert.ok(box);
    await opened.page.mouse.move(box.x + 30, box.y + 300);
    await opened.page.mouse.wheel(0, -200);
    await until(zoom, (value) => value > back);
    await opened.page.locator('vscode-button[aria-label^="Fit"]').click();
    await until(zoom, (value) => value <= 1);
  });

  it('drags the graph without opening a layer', async () => {
    const box = await opened.page.locator('[data-node=pool_1]').boundingBox();
    assert.ok(box);
    await opened.page.mouse.move(box.x + 20, box.y + 20);
    await opened.page.mouse.down();
    await opened.page.mouse.move(box.x + 80, box.y + 50, { steps: 4 });
    await opened.page.mouse.up();
    await until(async () => (await opened.page.locator('[data-node=pool_1]').boundingBox())?.x ?? 0, (x) => x > box.x + 30);
    assert.equal(await opened.page.locator('.layer-details').count(), 0);
  });

  it('steps through on request', async () => {
    await opened.page.locator('vscode-button', { hasText: 'Step Through' }).click();
    await until(() => requests(host, 'stepThrough').length, (count) => count === 1);
  });

  it('comes back as it was left', async () => {
    const again = await openWebview(host, { state: { selectedLayer: 'conv2d_1', graphWidth: 400 }, width: 1100, height: 760 });
    await again.page.waitForSelector('.layer-details');
    assert.match(await again.page.locator('.layer-details h2').innerText(), /conv2d_1/);
    assert.equal(await again.page.locator('.split-bar').getAttribute('aria-valuenow'), '400');
    await again.close();
  });

  it('met nothing that the content security policy forbids', () => assert.deepEqual(opened.complaints, []));
});
