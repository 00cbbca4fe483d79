/** The model editor on real files: the table of layers, filters, paths, the walk by keyboard. */
import assert from 'node:assert/strict';
import { closeAll, openWebview, themeNames } from './browser';
import type { OpenPage } from './browser';
import { architecture, openFile } from './fixtures/real';
import type { FileHost } from './fixtures/real';
import { until } from './until';

const models = 'test/fixtures/models';

describe('the table of layers', () => {
  let host: FileHost, opened: OpenPage;
  const chosen = (): Promise<string | null> => opened.page.locator('.layer-row.chosen').first().getAttribute('data-row');
  const rows = (): Promise<(string | null)[]> => opened.page.locator('.layer-rows .layer-row').evaluateAll((list) => list.map((row) => row.getAttribute('data-row')));
  const cells = (id: string): Promise<string[]> => opened.page.locator(`[data-row="${id}"] > span`).allInnerTexts();
  before(async () => {
    host = await openFile(`${models}/keras/lenet5.keras`);
    opened = await openWebview(host, { width: 1240, height: 860 });
    await opened.page.waitForSelector('.layer-rows .layer-row');
  });
  after(async () => {
    await opened.close();
    await host.close();
    await closeAll();
  });

  it('says of each layer what it gives out, costs and sees, and sums it up', async () => {
    assert.deepEqual((await cells('c3')).map((text) => text.trim()), ['c3', 'Conv2D', '(None, 10, 10, 16)', '2,416', '240 k', '6.3 KB', '9.4 KB', '14×14']);
    assert.deepEqual((await opened.page.locator('.layer-total > span').allInnerTexts()).map((text) => text.trim()), ['all', '9 layers', '', '61,706', '417 k', '36.2 KB', '241 KB', '']);
    assert.equal(await opened.page.locator('[data-row="c3"] > span').nth(4).getAttribute('title'), '240,000');
    assert.match(await opened.page.locator('[data-row="c3"] > span').last().getAttribute('title') ?? '', /sees 14×14 of image; the first element begins 2 before its edge, each next one 2 further/);
    await opened.screenshot('layers-dark');
  });

  it('cuts no name, class, shape or number, whichever groups are open', async () => {
    const cut = (page: OpenPage['page']): Promise<string[]> => page.locator('.layer-row > span').evaluateAll((cells) => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent ?? ''));
    assert.deepEqual(await cut(opened.page), []);
    for (const file of ['applications/ResNet50.config.json', 'applications/MobileNetV2.config.json', 'keras/transformer_block.keras']) {
      const other = await openFile(`${models}/${file}`);
      const view = await openWebview(other, { width: 1240, height: 860 });
      await view.page.waitForSelector('.layer-rows .layer-row');
      await view.page.locator('.layer-table').focus();
      await view.page.keyboard.press('*');
      await view.frames(2);
      assert.deepEqual(await cut(view.page), [], file);
      await view.page.locator('.layer-head button', { hasText: 'parameters' }).click();
      await view.frames(2);
      assert.deepEqual(await cut(view.page), [], `${file}, sorted`);
      await view.close();
      await other.close();
    }
  });

  it('gives what a short table does not need to the layer that is selected, and says at first what a click does', async () => {
    assert.match(await opened.page.locator('.layers-part + .empty').innerText(), /Click a layer/);
    const table = await opened.page.locator('.layer-table').boundingBox();
    assert.ok(table !== null && table.height < 14 * 22, `9 rows take ${table?.height} px`);
  });

  it('selects in the graph, and follows the graph', async () => {
    await opened.page.locator('[data-row="c3"]').click();
    await opened.page.waitForSelector('[data-node=c3].selected');
    await opened.page.waitForSelector('.layer-details');
    await opened.screenshot('layers-selected');
    await opened.page.locator('[data-node=f6]').click();
    await opened.page.waitForSelector('[data-row="f6"].chosen');
    await opened.page.keyboard.press('Escape');
    await opened.page.waitForSelector('.layer-row.chosen', { state: 'detached' });
  });

  it('sorts by a column, the largest first, and back', async () => {
    const head = opened.page.locator('.layer-head button', { hasText: 'multiply-adds' });
    await head.click();
    assert.deepEqual((await rows()).slice(0, 3), ['c3', 'c1', 'c5']);
    assert.equal(await opened.page.locator('.layer-head [aria-sort="descending"]').count(), 1);
    await head.click();
    await head.click();
    assert.equal((await rows())[0], 'image');
  });

  it('is walked and opened by keyboard', async () => {
    await opened.page.locator('.layer-table').focus();
    await opened.page.keyboard.press('Home');
    for (let step = 0; step < 3; step += 1) await opened.page.keyboard.press('ArrowDown');
    const active = await opened.page.locator('.layer-table').getAttribute('aria-activedescendant');
    assert.equal(await opened.page.locator(`#${active ?? 'none'}`).getAttribute('data-row'), 'c3');
    await opened.page.keyboard.press('Enter');
    assert.equal(await chosen(), 'c3');
    await opened.page.waitForSelector('.layer-details');
    await opened.page.keyboard.press('Escape');
  });

  it('filters by class here and in the graph, where edges lead on', async () => {
    await opened.page.locator('.layer-filter select').selectOption('class=Conv2D');
    await opened.page.waitForSelector('[data-node=s2]', { state: 'detached' });
    assert.deepEqual(await rows(), ['c1', 'c3']);
    assert.equal(await opened.page.locator('.node').count(), 2);
    assert.match(await opened.page.locator('.layer-total').innerText(), /2 of them listed/);
    await opened.screenshot('layers-filtered');
    await opened.page.locator('.layer-filter input').uncheck();
    await opened.page.waitForSelector('[data-node=s2].dimmed');
    await opened.page.locator('.layer-filter select').selectOption('');
    await opened.page.waitForSelector('.node.dimmed', { state: 'detached' });
    assert.equal((await rows()).length, 9);
  });
});

describe('a network with branches', () => {
  let host: FileHost, opened: OpenPage;
  before(async () => {
    host = await openFile(`${models}/keras/resnet_mini.keras`);
    opened = await openWebview(host, { width: 1240, height: 900 });
    await opened.page.waitForSelector('.node');
  });
  after(async () => {
    await opened.close();
    await host.close();
    await closeAll();
  });

  it('shows all that lies between two layers, chosen with Shift, and says how many paths there are', async () => {
    const [first, last] = [host.graph.nodes[0]?.id ?? '', host.graph.nodes.at(-1)?.id ?? ''];
    await opened.page.locator(`[data-node="${first}"]`).click({ modifiers: ['Shift'] });
    assert.match(await opened.page.locator('.graph-path').innerText(), /choose its other end/);
    await opened.page.locator(`[data-node="${last}"]`).focus();
    await opened.page.keyboard.press('Shift+Enter');
    await opened.page.waitForFunction(() => /layers on/.test(document.querySelector('.graph-path')?.textContent ?? ''));
    assert.match(await opened.page.locator('.graph-path').innerText(), new RegExp(`${host.graph.nodes.length} layers on \\d+ paths, the shortest over \\d+ edges`));
    await opened.screenshot('path');
    await opened.page.locator('.graph-path vscode-button').click();
    await opened.page.waitForSelector('.graph-path', { state: 'detached' });
  });

  it('says when no path leads from one layer to another', async () => {
    const { nodes, edges } = host.graph;
    const fork = nodes.map(({ id }) => [...new Set(edges.filter(({ source }) => source === id).map(({ target }) => target))]).find((targets) => targets.length > 1 && !edges.some(({ source, target }) => source === targets[0] && target === targets[1]));
    const convolutions = nodes.filter(({ type }) => type === 'Conv2D').map(({ id }) => id);
    const reach = (from: string): Set<string> => { const seen = new Set([from]); for (const { id } of nodes) if (seen.has(id)) for (const { source, target } of edges) if (source === id) seen.add(target); return seen; };
    const pair = convolutions.flatMap((a) => convolutions.flatMap((b) => (a !== b && !reach(a).has(b) && !reach(b).has(a) ? [[a, b] as const] : [])))[0];
    assert.ok(fork !== undefined && pair !== undefined);
    await opened.page.locator(`[data-node="${pair[0]}"]`).focus();
    await opened.page.keyboard.press('p');
    await opened.page.locator(`[data-node="${pair[1]}"]`).focus();
    await opened.page.keyboard.press('p');
    await opened.page.waitForFunction(() => /No path leads/.test(document.querySelector('.graph-path')?.textContent ?? ''));
    await opened.page.keyboard.press('Escape');
    await opened.page.waitForSelector('.graph-path', { state: 'detached' });
  });

  it('finds layers by the value of a setting', async () => {
    await opened.page.keyboard.press('Control+f');
    await opened.page.keyboard.type('strides=2');
    await opened.page.waitForSelector('.node.found');
    const expected = host.graph.nodes.filter(({ settings }) => settings.some(([name, value]) => name === 'strides' && value === '2 × 2')).length;
    assert.ok(expected > 0);
    assert.equal(await opened.page.locator('vscode-text-field').evaluate((field) => (field as HTMLInputElement).value), 'strides=2', 'keys that mean something to the graph are text here');
    assert.equal(await opened.page.locator('.search-count').innerText(), `${expected} found`);
    await opened.page.locator('vscode-button[aria-label="Hide what is not found"]').click();
    await opened.page.waitForFunction((count) => document.querySelectorAll('.node').length === count, expected);
    await opened.page.keyboard.press('Escape');
  });
});

describe('a drawing that does not fit', () => {
  after(closeAll);
  const scaleOf = async (name: string): Promise<{ readonly scale: number; readonly names: readonly string[] }> => {
    const graph = await architecture(name);
    const opened = await openWebview({ snapshot: () => [{ type: 'model', graph, canStep: true }], answer: () => null }, { width: 1240, height: 760 });
    await opened.page.waitForSelector('.node');
    await opened.settled();
    const scale = await opened.page.locator('.graph-layer').evaluate((layer) => new DOMMatrix(getComputedStyle(layer).transform).a);
    const names = await opened.page.locator('.node').evaluateAll((nodes) => nodes.filter((node) => { const { left, right, top } = node.getBoundingClientRect(); const frame = document.querySelector('.graph-frame')?.getBoundingClientRect(); return frame !== undefined && left >= frame.left && right <= frame.right && top < frame.bottom; }).map((node) => node.getAttribute('data-node') ?? ''));
    await opened.screenshot(`fit-${name}`);
    await opened.close();
    return { scale, names };
  };

  it('gets more of the width when it is wide, so that its text is read', async () => {
    const { scale, names } = await scaleOf('inception');
    assert.ok(scale >= 0.75, `scale ${scale}`);
    assert.equal(names.length, 9);
  });

  it('shows its beginning in readable size when it is a long column', async () => {
    const { scale, names } = await scaleOf('vgg16');
    assert.ok(scale >= 0.8, `scale ${scale}`);
    assert.ok(names.includes('image') && !names.includes('predictions'));
  });
});

describe('a deep network', () => {
  it('folds in the table as in the graph, in every theme', async () => {
    const host = await openFile(`${models}/applications/ResNet50.config.json`);
    const opened = await openWebview(host, { width: 1240, height: 860 });
    await opened.page.waitForSelector('.node');
    assert.ok(await opened.page.locator('.layer-row.group-row').count() > 3);
    assert.ok(await opened.page.locator('.layer-rows .layer-row').count() < 60);
    const group = opened.page.locator('.layer-row.group-row[aria-expanded="false"]').first();
    const id = await group.getAttribute('data-row') ?? '';
    await group.locator('.twistie').click();
    await opened.page.waitForSelector(`.layer-row[data-row="${id}"][aria-expanded="true"]`);
    for (const theme of themeNames) {
      await opened.setTheme(theme);
      await opened.screenshot(`layers-deep-${theme}`);
    }
    await opened.page.locator('.layer-table').focus();
    await opened.page.keyboard.press('*');
    await opened.page.keyboard.press('End');
    await opened.page.waitForSelector('[data-row="predictions"].active');
    assert.ok(await opened.page.locator('.layer-rows .layer-row').count() < 80, 'rows out of sight are not made');
    assert.deepEqual(opened.complaints, []);
    await opened.close();
    await host.close();
    await closeAll();
  });
});

describe('a model file that is written again', () => {
  after(closeAll);
  it('shows its new weights, and keeps groups, view and selection while its layers stay', async () => {
    const host = await openFile(`${models}/applications/ResNet50.config.json`);
    const asked: string[] = [];
    const opened = await openWebview({ ...host, answer: (name, argument) => { if (name === 'tensor') asked.push(JSON.stringify(argument)); return host.answer(name, argument); } }, { width: 1240, height: 860 });
    const { page } = opened;
    const copy = (): typeof host.graph => JSON.parse(JSON.stringify(host.graph)) as typeof host.graph;
    await page.locator('.node.folded').first().click();
    await page.locator('[data-row="conv1_conv"]').click();
    await opened.settled();
    const [boxes, requests] = [await page.locator('.node').evaluateAll((list) => list.map((node) => (node as HTMLElement).dataset.node)), asked.length];
    const place = await page.locator('.graph-layer').getAttribute('style');
    assert.ok(requests > 0);
    await opened.send({ type: 'model', graph: copy(), canStep: true, version: '2' });
    await until(() => Promise.resolve(asked.length), (count) => count > requests);
    await opened.settled();
    assert.deepEqual(await page.locator('.node').evaluateAll((list) => list.map((node) => (node as HTMLElement).dataset.node)), boxes);
    assert.equal(await page.locator('.graph-layer').getAttribute('style'), place);
    assert.ok(await page.locator('.details-part[aria-label="conv1_conv"]').isVisible());
    await opened.send({ type: 'model', graph: { ...copy(), nodes: host.graph.nodes.slice(0, 20), edges: host.graph.edges.slice(0, 10) }, canStep: true, version: '3' });
    await page.locator('.facts-line').waitFor();
    await until(() => page.locator('.node').count(), (count) => count === 20);
    assert.deepEqual(opened.complaints, []);
    await opened.close();
    await host.close();
  });
});

describe('a model file that takes long, or cannot be shown', () => {
  after(closeAll);
  for (const theme of themeNames) {
    it(`can be stopped and opened again, in ${theme}`, async () => {
      const host = await openFile(`${models}/keras/lenet5.keras`);
      const opened = await openWebview({ ...host, snapshot: () => [{ type: 'opening', name: 'lenet5.keras' }] }, { width: 700, height: 400, theme });
      const { page, sent } = opened;
      const events = (): string[] => sent.flatMap((envelope) => (envelope.kind === 'event' ? [envelope.event.type] : []));
      await page.getByText('Opening lenet5.keras …').waitFor();
      await page.locator('vscode-button', { hasText: 'Cancel' }).click();
      await until(events, (types) => types.includes('stop'));
      await opened.screenshot(`opening-${theme}`);
      await opened.send({ type: 'failed', message: 'lenet5.keras is not shown: its opening was stopped.', again: true });
      await page.getByText('its opening was stopped').waitFor();
      await opened.screenshot(`stopped-opening-${theme}`);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await until(events, (types) => types.includes('reload'));
      await page.getByText('Opening …').waitFor();
      await opened.send({ type: 'model', graph: host.graph, canStep: true });
      await page.locator('.node').first().waitFor();
      // What is shown stays while its file is read again.
      await opened.send({ type: 'opening', name: 'lenet5.keras' });
      assert.ok(await page.locator('.node').count() > 3);
      assert.deepEqual(opened.complaints, []);
      await opened.close();
      await host.close();
    });
  }
});
