/** The origin of the selected element in the panel, with a real run behind it. */
import assert from 'node:assert/strict';
import { Insight } from '../../src/debug/insight/insight';
import { closeAll, openWebview } from './browser';
import type { OpenPage, PageOptions } from './browser';
import { exampleRuns, openFile } from './fixtures/real';

const few = { data: { generator: 'digits', examples: 64 }, batchSize: 8, backend: 'wasm' } as const;
const section = '[aria-label="Origin of the selected element"]';

describe('the origin of a value in the panel', () => {
  let opened: OpenPage;
  const runs = exampleRuns(few);
  after(async () => {
    await runs.close();
    await closeAll();
  });
  afterEach(async () => {
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });
  /** Stopped on the last op of a layer in the forward pass. @returns the tensor that it makes */
  const open = async (name: string, layer: string | null, options: PageOptions = {}): Promise<number> => {
    const host = await runs.of(name), { controller } = host;
    const group = controller.trace.groups.find((each) => each.phase === 'forward' && (layer === null ? each.layer !== null : each.layer === layer)) ?? assert.fail(String(layer));
    await controller.jumpTo({ kind: 'op', iteration: controller.trace.iteration, op: group.last });
    opened = await openWebview(host, { width: 980, height: 1000, state: { originOpen: true, graphHidden: true }, ...options });
    const mine = opened;
    host.report = (event) => { void mine.send(event).catch(() => undefined); };
    controller.on('moved', () => { const { cursor } = host.view(); if (cursor !== null) void mine.send({ type: 'cursor', cursor }).catch(() => undefined); });
    return controller.trace.ops[group.last]?.outputs[0] ?? -1;
  };
  const requests = (wanted: string): number => opened.sent.filter((message) => message.kind === 'request' && message.name === wanted).length;
  /** Clicks the middle of a tensor's picture. @returns the index that the section then names */
  const selectMiddle = async (tensor: number): Promise<number[]> => {
    const canvas = opened.page.locator(`[data-card="${tensor}"] .tensor-canvas canvas`).first(), box = await canvas.boundingBox();
    await canvas.click({ position: { x: (box?.width ?? 0) / 2 + 3, y: (box?.height ?? 0) / 2 + 3 } });
    await opened.page.waitForFunction(() => { const text = document.querySelector('.fold .variable-name')?.textContent ?? ''; return /[1-9]/.test(text.slice(text.indexOf('['))); });
    const text = await opened.page.locator('.fold .variable-name').innerText();
    return text.slice(text.indexOf('[') + 1, -1).split(',').map(Number);
  };
  const showAll = async (): Promise<void> => {
    await opened.page.locator(`${section} [aria-label="What it feeds"] tbody tr`).first().waitFor();
    await opened.page.locator(`${section} [aria-label^="What mattered of"] canvas, ${section} [aria-label^="What mattered of"] .bars`).first().waitFor();
    await opened.page.locator(section).evaluate((element) => { element.scrollIntoView({ block: 'start' }); });
  };

  for (const [theme, name, layer, width] of [['dark', 'lenet5', 'conv_2', 980], ['light', 'lenet5', 'conv_1', 980], ['hcDark', 'lenet5', 'dense_1', 980], ['hcLight', 'lenet5', 'pool_1', 620], ['light', 'students', null, 700], ['dark', 'convnet', null, 980]] as const) {
    it(`shows field, gradient, contributions and what it feeds: ${name} ${layer ?? ''} in ${theme}`, async () => {
      const tensor = await open(name, layer, { theme, width });
      if (layer !== null) await selectMiddle(tensor);
      await showAll();
      await opened.screenshot(`origin-${name}-${layer ?? 'first'}-${theme}`);
    });
  }

  it('asks nothing while it is folded, and only when the selection stands once it is open', async () => {
    const tensor = await open('lenet5', 'conv_2', { state: { graphHidden: true } });
    await opened.page.locator(`${section} .fold`).waitFor();
    const index = await selectMiddle(tensor);
    assert.equal(requests('origin') + requests('influence'), 0);
    await opened.page.locator(`${section} .fold`).click();
    await showAll();
    assert.deepEqual([requests('origin'), requests('influence')], [1, 1]);
    const canvas = opened.page.locator(`[data-card="${tensor}"] .tensor-canvas canvas`).first(), { clock } = opened.page;
    await canvas.focus();
    await clock.install();
    await clock.pauseAt(Date.now() + 1000); // from here on the page's time goes on only when it is told to
    for (let i = 0; i < 4; i += 1) { await canvas.press('ArrowRight'); await canvas.press('Enter'); await clock.runFor(50); }
    assert.equal(requests('origin'), 1, 'while the selection moves on');
    await clock.resume();
    await opened.page.waitForFunction((old) => !(document.querySelector('.fold .variable-name')?.textContent ?? '').endsWith(old), `[${index.join(', ')}]`);
    await opened.page.waitForFunction(() => document.querySelector('.origin-parts.stale') === null);
    assert.equal(requests('origin'), 2, 'once it stands');
  });

  it('frames the field on the example of the element, with the numbers of the engine', async () => {
    const host = await runs.of('lenet5');
    const tensor = await open('lenet5', 'conv_2');
    const index = await selectMiddle(tensor);
    await showAll();
    const { element, fields } = await new Insight(host.controller, () => undefined).origin({ question: 'test', iteration: host.controller.trace.iteration, tensor, index });
    assert.equal(Number((await opened.page.locator('.origin-value b').innerText()).replaceAll('−', '-')), Number(element.value.toPrecision(7)));
    const field = opened.page.locator('[aria-label="What it can see of image"]');
    assert.match(await field.locator('.statistics').innerText(), new RegExp(`^example 1 · ${fields[0]?.words ?? ''}$`));
    const [canvas, frame] = await Promise.all([field.locator('canvas').boundingBox(), field.locator('.outline.window').boundingBox()]);
    assert.ok(canvas !== null && frame !== null);
    const cell = canvas.width / 28, { start, extent } = fields[0]?.window ?? assert.fail();
    for (const [shown, wanted] of [[(frame.x - canvas.x) / cell, start[2]], [(frame.y - canvas.y) / cell, start[1]], [frame.width / cell, extent[2]], [frame.height / cell, extent[1]]] as const) assert.ok(Math.abs(shown - (wanted ?? NaN)) < 0.7, `${shown}, wanted ${wanted}`);
  });

  it('names the receptive field of every layer in the graph, and in the details of a layer', async () => {
    const sentence = 'sees 14×14 of image; the first element begins 2 before its edge, each next one 2 further';
    await open('lenet5', 'conv_1', { state: {} });
    assert.ok((await opened.page.locator('[data-node=conv_2]').getAttribute('title'))?.includes(sentence));
    await opened.close();
    const file = await openFile('media/examples/lenet5.keras');
    opened = await openWebview(file);
    await opened.page.locator('[data-node=conv_2]').click();
    await opened.page.locator('.layer-details .explanation', { hasText: `one element ${sentence}` }).waitFor();
    await file.close();
  });

  it('follows the value on to an op that it feeds, and stays open there', async () => {
    const host = await runs.of('lenet5');
    await open('lenet5', 'conv_1');
    await showAll();
    await opened.page.locator(`${section} [aria-label="What it feeds"] button`, { hasText: /^conv_2$/ }).click();
    await opened.page.waitForFunction(() => /^conv_2\[/.test(document.querySelector('.fold .variable-name')?.textContent ?? ''));
    await showAll();
    assert.equal(host.controller.trace.ops[host.controller.cursor.op]?.layer, 'conv_2');
    assert.match(await opened.page.locator('.origin-value').innerText(), /^conv_2\[0, 0, 0, 7\] = /);
  });

  it('says in a sentence why a gradient has no field, and shows its terms', async () => {
    const host = await runs.of('lenet5'), { controller } = host;
    const gradient = controller.trace.weights.find(({ layer, weight }) => layer === 'conv_2' && weight === 'kernel')?.gradient ?? -1;
    await open('lenet5', 'conv_2');
    await controller.jumpTo({ kind: 'op', op: controller.trace.tensors.get(gradient)?.writer ?? -1 });
    await opened.page.locator(`[data-card="${gradient}"]`).waitFor();
    await opened.page.locator('[aria-label="What it can see"] .statistics', { hasText: 'This is a gradient' }).waitFor();
    await opened.page.locator('[aria-label="What made it"]', { hasText: 'Conv2DBackpropFilter' }).waitFor();
    await opened.page.locator(section).evaluate((element) => { element.scrollIntoView({ block: 'start' }); });
    await opened.screenshot('origin-gradient');
  });
});
