/** Every view of a tensor in a real browser: switching, slices, colours, NaN, going closer, copying, saving, pinning, comparing. */
import assert from 'node:assert/strict';
import type { HostEvent, RequestName } from '../../src/protocol/messages';
import type { CursorView, RunView, TensorCard } from '../../src/protocol/run';
import type { TensorValue } from '../../src/tensor/value';
import { closeAll, openWebview, themeNames } from './browser';
import type { Host, OpenPage, PageOptions } from './browser';
import { deskOver, found } from './fixtures/desk';
import type { Desk } from './fixtures/desk';
import { forwardCursor, run } from './fixtures/lenet';
import { maps, noise, random, statistics } from './fixtures/values';
import { until } from './until';

/** A picture with a disc, a bar and noise, as values 0 … 1. */
function photo([batch, height, width, channels]: readonly [number, number, number, number]): TensorValue {
  const next = random(5);
  const data = Float32Array.from({ length: batch * height * width * channels }, (_, i) => {
    const channel = i % channels, x = Math.floor(i / channels) % width, y = Math.floor(i / channels / width) % height;
    const disc = Math.hypot(x / width - 0.4, y / height - 0.45) < 0.28, bar = y / height > 0.72 && y / height < 0.86;
    const color = disc ? [0.95, 0.55, 0.2] : bar ? [0.2, 0.65, 0.4] : [0.12, 0.3 + (0.4 * y) / height, 0.75];
    return Math.max(0, Math.min(1, (color[channel] ?? 1) + 0.06 * (next() - 0.5)));
  });
  return { dtype: 'float32', shape: [batch, height, width, channels], data };
}
function sequence(batch: number, time: number, features: number): TensorValue {
  return { dtype: 'float32', shape: [batch, time, features], data: Float32Array.from({ length: batch * time * features }, (_, i) => Math.sin((Math.floor(i / features) % time) / (4 + 3 * (i % features)) + i % features)) };
}
function odd(): TensorValue {
  const value = noise([12, 16], 1, 77);
  for (const [at, what] of [[3, NaN], [40, NaN], [41, Infinity], [99, -Infinity], [150, NaN]] as const) value.data[at] = what;
  value.data[0] = 900;
  return value;
}
const values = new Map<number, TensorValue>([
  [1, photo([8, 24, 24, 3])], [2, sequence(8, 60, 3)], [3, noise([5, 5, 6, 16], 0.09, 4)], [4, odd()], [5, noise([500], 1, 6)], [6, maps([8, 112, 112, 64], -1, 1, 9)], [7, noise([2000, 1500], 1, 8)],
  [8, { dtype: 'float32', shape: [4, 6], data: Float32Array.from({ length: 24 }, (_, i) => (i - 11) / 8) }],
]);
const weightTensors = new Set([3, 7]);
const card = (tensor: number, title: string, variable: string, diverging: boolean): TensorCard => {
  const value = values.get(tensor) ?? assert.fail();
  return { tensor, title, variable, use: 'input', shape: value.shape, dtype: value.dtype, statistics: statistics(value), diverging, gradientOf: null, checkable: false, cellOp: null, layout: weightTensors.has(tensor) ? 'weight' : 'activation', role: weightTensors.has(tensor) ? 'weight' : 'value', image: tensor === 1 };
};
const all = [card(1, 'x', 'image', false), card(2, 'sequence', 'series', true), card(3, 'kernel', 'conv_kernel', true), card(4, 'z', 'odd', true), card(5, 'vector', 'vector', true), card(6, 'y', 'conv1', true), card(7, 'kernel', 'dense_kernel', true), card(8, 'logits', 'small', true)];
const cursorWith = (cards: readonly TensorCard[], change: Partial<CursorView> = {}): CursorView => ({ ...forwardCursor, cards, ...change });

interface Opened { readonly opened: OpenPage; readonly host: Host & { readonly asked: [RequestName, unknown][] }; readonly desk: Desk }
async function open(cards: readonly TensorCard[], options: PageOptions = {}): Promise<Opened> {
  const desk = deskOver((address) => (address.kind === 'trace' ? found(values.get(address.tensor), `tensor ${address.tensor}`, weightTensors.has(address.tensor) ? 'weight' : 'activation') : Promise.reject(new Error('no such tensor'))));
  const asked: [RequestName, unknown][] = [];
  const view: RunView = { ...run, batchSize: 8, cursor: cursorWith(cards) };
  const snapshot: HostEvent = { type: 'run', run: view };
  const host = { asked, snapshot: () => [snapshot], answer(name: RequestName, argument: unknown) { asked.push([name, argument]); return desk.answer(name, argument) ?? null; } };
  const opened = await openWebview(host, { width: 900, height: 860, ...options, state: { graphHidden: true, ...(options.state as object | undefined) } });
  await opened.page.waitForSelector('.card-picture:not(.stale)');
  return { opened, host, desk };
}
const at = (opened: OpenPage, id: number) => opened.page.locator(`[data-card="${id}"]`);
const choose = async (opened: OpenPage, id: number, kind: string): Promise<void> => {
  await at(opened, id).locator('.view-switch').hover();
  await at(opened, id).locator(`[data-view=${kind}]`).click();
  await until(() => at(opened, id).getAttribute('data-kind'), (shown) => shown === kind);
};
const settings = async (opened: OpenPage, id: number): Promise<void> => {
  if (await at(opened, id).locator('.tensor-settings').count() === 0) await at(opened, id).locator('.card-more').click();
  await at(opened, id).locator('.tensor-settings').waitFor();
};
const pick = async (opened: OpenPage, id: number, label: string, option: string): Promise<void> => {
  await at(opened, id).locator(`vscode-dropdown[aria-label="${label}"]`).click();
  await at(opened, id).locator(`vscode-dropdown[aria-label="${label}"] vscode-option`, { hasText: option }).click();
};
const typeSlice = async (opened: OpenPage, id: number, text: string): Promise<void> => {
  const field = at(opened, id).locator('vscode-text-field[aria-label^="Slice of"] input');
  await field.fill(text);
  await field.press('Enter');
};
const requests = ({ host }: Opened, name: RequestName): unknown[] => host.asked.filter(([asked]) => asked === name).map(([, argument]) => argument);
/** The colour of a point of a card's picture, in CSS pixels of its canvas. */
const pixel = (opened: OpenPage, id: number, x: number, y: number): Promise<number[]> => opened.page.evaluate(([key, px, py]) => {
  const canvas = document.querySelector(`[data-card="${key}"] .tensor-canvas canvas`);
  return canvas instanceof HTMLCanvasElement ? [...(canvas.getContext('2d')?.getImageData(px, py, 1, 1).data ?? [])] : [];
}, [id, x, y] as const);
const painted = (opened: OpenPage): Promise<unknown> => opened.page.waitForFunction(() => document.querySelectorAll('.card-waiting, .card-picture.stale').length === 0);

describe('views of a tensor', () => {
  after(closeAll);

  it('show at first what suits the shape, and offer all that fit', async () => {
    const { opened } = await open(all.slice(0, 5));
    const kinds = await Promise.all([1, 2, 3, 4, 5].map((id) => at(opened, id).getAttribute('data-kind')));
    assert.deepEqual(kinds, ['image', 'lines', 'tiles', 'heat', 'lines']);
    const offered = (id: number) => at(opened, id).locator('[data-view]').evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label')));
    assert.deepEqual(await offered(3), ['filters', 'heat map', 'lines', 'histogram', 'numbers']);
    assert.deepEqual(await offered(1), ['feature maps', 'heat map', 'colour image', 'lines', 'histogram', 'numbers']);
    assert.deepEqual(await offered(5), ['heat map', 'lines', 'histogram', 'numbers']);
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });

  it('paint three channels as one colour image', async () => {
    const { opened } = await open([card(1, 'x', 'image', false)]);
    await painted(opened);
    const data = values.get(1)?.data ?? assert.fail();
    await until(() => pixel(opened, 1, 1, 1), (color) => [0, 1, 2].every((channel) => color[channel] === Math.round(255 * Number(data[channel]))));
    await opened.close();
  });

  it('switch by pointer and by arrow keys, and keep the choice of a variable while stepping', async () => {
    const { opened } = await open(all.slice(0, 4));
    await choose(opened, 3, 'histogram');
    await at(opened, 3).locator('[data-view=histogram]').focus();
    await opened.page.keyboard.press('ArrowRight');
    await until(() => at(opened, 3).getAttribute('data-kind'), (kind) => kind === 'numbers');
    assert.equal(await opened.page.evaluate(() => document.activeElement?.getAttribute('data-view')), 'numbers');
    await at(opened, 3).locator('.numbers table').waitFor();
    // The next step has the variable at another place, the one after that again.
    await opened.send({ type: 'cursor', cursor: cursorWith([all[0] ?? assert.fail()], { op: 4 }) });
    await until(() => opened.page.locator('[data-card]').count(), (count) => count === 1);
    await opened.send({ type: 'cursor', cursor: cursorWith([all[2] ?? assert.fail(), all[0] ?? assert.fail()], { op: 5 }) });
    await until(() => at(opened, 3).getAttribute('data-kind'), (kind) => kind === 'numbers');
    assert.equal(await at(opened, 1).getAttribute('data-kind'), 'image');
    const kept = await opened.page.evaluate(() => (window as unknown as { keptState: { views: Record<string, { kind: string }> } }).keptState.views.conv_kernel?.kind);
    assert.equal(kept, 'numbers');
    await opened.close();
  });

  it('show the slice that is typed, and refuse one that does not fit with a sentence', async () => {
    const { opened, ...rest } = await open([card(3, 'kernel', 'conv_kernel', true)]);
    await settings(opened, 3);
    await typeSlice(opened, 3, '[:, :, 2, 7]');
    await choose(opened, 3, 'numbers');
    const data = values.get(3)?.data ?? assert.fail();
    const expected = (row: number, column: number): string => `[${row}, ${column}, 2, 7] = ${data[((row * 5 + column) * 6 + 2) * 16 + 7]}`;
    await until(() => at(opened, 3).locator('td[title]').first().getAttribute('title'), (title) => title === expected(0, 0));
    assert.equal(await at(opened, 3).locator('td[title]').last().getAttribute('title'), expected(4, 4));
    await typeSlice(opened, 3, '[:, 9]');
    await until(() => at(opened, 3).locator('.slice-problem').innerText(), (text) => /Index 9 of axis 1 lies outside \[5, 5, 6, 16\]: 0 to 4/.test(text));
    await typeSlice(opened, 3, '[..., 1]');
    await until(() => at(opened, 3).locator('.slice-problem').count(), (count) => count === 0);
    assert.deepEqual((requests({ opened, ...rest }, 'tensor').at(-1) as { slice: unknown }).slice, { tileAxes: [2], rowAxis: 0, columnAxis: 1, at: { 3: 1 } });
    await opened.close();
  });

  it('choose axes by controls, and step through the batch of all cards by one axis', async () => {
    const { opened, ...rest } = await open([card(2, 'sequence', 'series', true), card(6, 'y', 'conv1', true)]);
    await settings(opened, 6);
    await pick(opened, 6, 'Axis 3 runs', 'at index');
    await at(opened, 6).getByLabel('Index of axis 3').fill('63');
    await at(opened, 6).getByLabel('Index of axis 3').press('Enter');
    await until(() => requests({ opened, ...rest }, 'tensor').at(-1) as { slice?: { at: Record<number, number> } }, (request) => request.slice?.at[3] === 63);
    await at(opened, 6).getByLabel('Slide along axis 0').focus();
    await opened.page.keyboard.press('ArrowRight');
    await until(() => opened.page.locator('.example-picker [role=spinbutton]').getAttribute('aria-valuenow'), (value) => value === '2');
    await until(() => requests({ opened, ...rest }, 'tensor').slice(-4) as { address: { tensor: number }; example: number; slice?: { at: Record<number, number> } }[],
      (last) => last.some(({ address, slice }) => address.tensor === 6 && slice?.at[0] === 1 && slice.at[3] === 63) && last.some(({ address, example }) => address.tensor === 2 && example === 1));
    await opened.close();
  });

  it('tell NaN and the infinities by colour, mark and number, and clip the colours to percentiles', async () => {
    const { opened } = await open([card(4, 'z', 'odd', true), card(8, 'logits', 'small', true)]);
    assert.match(await at(opened, 4).locator('.legend').innerText(), /3 NaN\s+2 ±∞/);
    assert.match(await at(opened, 4).locator('.legend').innerText(), /\+900/);
    await settings(opened, 4);
    await pick(opened, 4, 'Values that are told apart, as percentiles', '1–99 %');
    await until(() => at(opened, 4).locator('.legend').innerText(), (text) => text.includes('1–99 %') && !text.includes('900'));
    const high = Number((await at(opened, 4).locator('.legend-numbers span').first().innerText()).replace('+', ''));
    const finite = [...(values.get(4)?.data ?? [])].map(Number).filter(Number.isFinite).sort((a, b) => a - b);
    const place = 0.99 * (finite.length - 1), below = finite[Math.floor(place)] ?? NaN, above = finite[Math.ceil(place)] ?? NaN;
    const reach = Math.max(below + (above - below) * (place - Math.floor(place)), Math.abs(finite[Math.floor(0.01 * (finite.length - 1))] ?? 0) * 0.9);
    assert.ok(Math.abs(high - reach) < 0.35 * reach && high < 10, `${high} is not about ${reach}`);
    await opened.screenshot('views-odd');
    await choose(opened, 4, 'histogram');
    await until(() => at(opened, 4).locator('.histogram').getAttribute('aria-label'), (label) => /from −[12]\.\d+ to [12]\.\d+/.test(label ?? ''));
    const bars = at(opened, 4).locator('.histogram');
    await bars.focus();
    await opened.page.keyboard.press('Home');
    await opened.page.keyboard.press('Home');
    assert.match(await until(() => bars.locator('.lines-reading').innerText(), (text) => text.startsWith('−')), /^−[12]\.\d+ … −[12]\.\d+: \d+$/);
    await opened.screenshot('views-odd-histogram');
    await opened.close();
  });

  it('scale colours for each tile, and for all tensors of a role', async () => {
    const other = card(7, 'kernel', 'dense_kernel', true);
    const { opened } = await open([card(3, 'kernel', 'conv_kernel', true), other]);
    await settings(opened, 3);
    const before = await at(opened, 3).locator('.legend').innerText();
    await pick(opened, 3, 'Scale of the colours', 'scale: all weights');
    const reach = Math.max(Math.abs(other.statistics.min), Math.abs(other.statistics.max));
    await until(() => at(opened, 3).locator('.legend').innerText(), (text) => text !== before && Math.abs(Number(text.split('\n')[0]?.replace('+', '')) - reach) < 0.1);
    await until(() => at(opened, 7).locator('.legend').innerText(), (text) => text.includes('shared'));
    await pick(opened, 3, 'Scale of the colours', 'scale: each tile');
    await until(() => at(opened, 3).locator('.legend').innerText(), (text) => text.includes('tile'));
    await until(() => at(opened, 7).locator('.legend').innerText(), (text) => !text.includes('shared'));
    await opened.close();
  });

  it('go closer, to single elements with their values written in, which come in windows at full resolution', async () => {
    const { opened, ...rest } = await open([card(7, 'kernel', 'dense_kernel', true)]);
    await painted(opened);
    const canvas = at(opened, 7).locator('.tensor-canvas canvas');
    assert.match(await at(opened, 7).locator('.statistics').innerText(), /means of 10×10/);
    await canvas.focus();
    for (let press = 0; press < 8; press++) await opened.page.keyboard.press('+');
    await until(() => at(opened, 7).locator('.tensor-whole').evaluate((whole) => (whole as HTMLElement).style.width), (width) => width === '72000px');
    await until(() => requests({ opened, ...rest }, 'tensorPart').length, (count) => count > 0);
    await opened.page.keyboard.press('ArrowRight');
    await opened.page.keyboard.press('ArrowRight');
    const value = Number(values.get(7)?.data[1] ?? NaN);
    const text = await until(() => at(opened, 7).locator('.hover').innerText(), (reading) => reading.startsWith('[0, 1] = '));
    assert.ok(Math.abs(Number(text.split('= ')[1]?.replace('−', '-')) - value) < 1e-3 * Math.abs(value), `${text} is not ${value}`);
    await opened.page.keyboard.press('Enter');
    await until(() => canvas.getAttribute('aria-label'), (label) => label?.includes('Selected [0, 1] =') === true);
    await opened.screenshot('views-close');
    await at(opened, 7).locator('.tensor-scroll').evaluate((box) => { box.scrollTop = box.scrollHeight; box.scrollLeft = box.scrollWidth; });
    await until(() => requests({ opened, ...rest }, 'tensorPart').some((request) => (request as { part: { row: number } }).part.row === 1920), (asked) => asked);
    await canvas.focus();
    await opened.page.keyboard.press('0');
    await until(() => at(opened, 7).locator('.tensor-canvas.close').count(), (count) => count === 0);
    await opened.close();
  });

  it('read and select by pointer and keys along lines', async () => {
    const { opened } = await open([card(5, 'vector', 'vector', true), card(2, 'sequence', 'series', true)]);
    const plot = at(opened, 5).locator('.lines-plot');
    await plot.focus();
    for (let press = 0; press < 3; press++) await opened.page.keyboard.press('ArrowRight');
    const reading = await until(() => at(opened, 5).locator('.lines-reading').innerText(), (text) => text.startsWith('[3]'));
    assert.ok(Math.abs(Number(reading.split('= ')[1]?.replace('−', '-')) - Number(values.get(5)?.data[3])) < 1e-3);
    await opened.page.keyboard.press('Enter');
    await until(() => plot.getAttribute('aria-label'), (label) => label?.includes('Selected [3] =') === true);
    await at(opened, 2).locator('.lines-plot').focus();
    await opened.page.keyboard.press('ArrowDown');
    await until(() => at(opened, 2).locator('.lines-reading').innerText(), (text) => text.startsWith('[0, 0, 1]'));
    await opened.close();
  });

  it('copy a slice as numbers, NumPy and JSON, and save it whole as NumPy does', async () => {
    const { opened, desk } = await open([card(6, 'y', 'conv1', true)]);
    await settings(opened, 6);
    await typeSlice(opened, 6, '[1, :, :, 5]');
    await at(opened, 6).locator('vscode-button', { hasText: '.npy' }).click();
    await until(() => desk.exported.length, (count) => count === 1);
    const file = desk.exported[0]?.file ?? assert.fail();
    assert.equal(file.name, 'conv1_1_5.npy');
    const text = Buffer.from(file.bytes.subarray(10, 128)).toString('latin1');
    assert.equal(text, `${"{'descr': '<f4', 'fortran_order': False, 'shape': (112, 112), }".padEnd(117)}\n`);
    const saved = new Float32Array(file.bytes.slice(128).buffer), data = values.get(6)?.data ?? assert.fail();
    assert.equal(saved.length, 112 * 112);
    assert.ok(saved.every((value, place) => value === data[(112 * 112 + place) * 64 + 5]));
    await opened.page.waitForSelector('.notice:has-text("Saved 12,544 numbers of conv1_1_5.npy")');
    await typeSlice(opened, 6, '[1, 3, 0, :]');
    await at(opened, 6).locator('vscode-button', { hasText: 'Numbers' }).click();
    await until(() => desk.exported.length, (count) => count === 2);
    assert.deepEqual(desk.exported[1]?.text?.split('\t').map((number) => Math.fround(Number(number))), [...data.subarray((112 * 112 + 3 * 112) * 64, (112 * 112 + 3 * 112 + 1) * 64)]);
    await at(opened, 6).locator('vscode-button', { hasText: 'NumPy' }).click();
    await until(() => desk.exported[2]?.text?.slice(0, 10), (start) => start === 'np.array([');
    await opened.close();
  });

  it('save the picture as PNG', async () => {
    const { opened, ...rest } = await open([card(3, 'kernel', 'conv_kernel', true)]);
    await settings(opened, 3);
    await at(opened, 3).locator('vscode-button', { hasText: 'PNG' }).click();
    await until(() => requests({ opened, ...rest }, 'save').map((request) => (request as { name: string }).name), (names) => names.includes('conv_kernel.png'));
    await opened.close();
  });

  it('keep a pinned tensor while the cursor moves on, and compare it with what it has become', async () => {
    const { opened, desk } = await open([card(8, 'logits', 'small', true)]);
    await settings(opened, 8);
    await at(opened, 8).locator('vscode-button', { hasText: 'Pin' }).click();
    await until(() => opened.page.locator('.pin').count(), (count) => count === 1);
    assert.match(await opened.page.locator('.pin').innerText(), /small\s+iteration 13 · forward, op 4 of 84\s+4×6 · −1\.4 … 1\.5/);
    const before = values.get(8) ?? assert.fail();
    const after: TensorValue = { ...before, data: Float32Array.from(before.data as Float32Array, (value, place) => (place === 9 ? value + 0.75 : place === 3 ? value - 0.5 : value)) };
    values.set(8, after);
    try {
      await opened.send({ type: 'cursor', cursor: cursorWith([card(8, 'logits', 'small', true)], { iteration: 13 }) });
      await opened.page.locator('.pin vscode-button', { hasText: 'Compare' }).click();
      await until(() => opened.page.locator('.comparison-words').innerText(), (text) => text === 'max |difference| 0.75 at [1, 3]: −0.25 → 0.5 · 2 of 24 elements differ');
      await until(() => opened.page.locator('.comparison .card').count(), (count) => count === 3);
      await painted(opened);
      const legends = await opened.page.locator('.comparison .legend-numbers').allInnerTexts();
      assert.equal(legends[0], legends[1], 'one scale for both');
      assert.match(legends[2] ?? '', /\+0\.75[\s\S]*0[\s\S]*−0\.75/);
      await opened.screenshot('views-compare');
      await opened.send({ type: 'cursor', cursor: cursorWith([card(5, 'vector', 'vector', true)], { iteration: 13 }) });
      await until(() => opened.page.locator('.comparison-words').innerText(), (text) => text.startsWith('small is not among the tensors of this step'));
      await opened.page.locator('.comparison vscode-dropdown').click();
      await opened.page.locator('.comparison vscode-option', { hasText: 'vector now' }).click();
      await until(() => opened.page.locator('.comparison-words').innerText(), (text) => /cannot be compared element by element: the shapes are \[4, 6\] and \[500\]/.test(text));
      await opened.page.locator('.pin vscode-button[aria-label^=Unpin]').click();
      await until(() => opened.page.locator('.pin, .comparison').count(), (count) => count === 0);
      assert.deepEqual(opened.complaints, []);
      assert.equal(desk.exported.length, 0);
    } finally {
      values.set(8, before);
      await opened.close();
    }
  });

  it('step along an axis that stands at an index by the bracket keys', async () => {
    const { opened } = await open([card(3, 'kernel', 'conv_kernel', true)]);
    await settings(opened, 3);
    await typeSlice(opened, 3, '[:, :, 2, 7]');
    await until(() => at(opened, 3).getAttribute('data-kind'), (kind) => kind === 'heat');
    await at(opened, 3).locator('.tensor-canvas canvas').focus();
    await opened.page.keyboard.press(']');
    await until(() => at(opened, 3).locator('vscode-text-field').getAttribute('title'), (title) => title?.includes('[:, :, 3, 7]') === true);
    await opened.page.keyboard.press('[');
    await opened.page.keyboard.press('[');
    await until(() => at(opened, 3).locator('vscode-text-field').getAttribute('title'), (title) => title?.includes('[:, :, 1, 7]') === true);
    await opened.close();
  });

  it('send at most 1 MiB a step, and a large kernel never whole', async () => {
    const bytes = (message: unknown): number => (message instanceof ArrayBuffer ? message.byteLength : typeof message === 'object' && message !== null ? Object.values(message).reduce<number>((sum, part) => sum + bytes(part), 0) : 0);
    const { opened, ...rest } = await open([]).catch(() => open(all.slice(0, 1)));
    let crossed = 0;
    const answer = rest.host.answer.bind(rest.host);
    rest.host.answer = (name: RequestName, argument: unknown) => Promise.resolve(answer(name, argument)).then((reply) => { crossed += bytes(reply); return reply; });
    values.set(9, { dtype: 'float32', shape: [5000, 5000], data: new Float32Array(25_000_000).map((_, place) => (place % 997) / 100 - 5) });
    try {
      await opened.send({ type: 'cursor', cursor: cursorWith([...all.slice(1), { ...card(7, 'kernel', 'huge', true), tensor: 9, shape: [5000, 5000] }], { op: 9 }) });
      await at(opened, 9).scrollIntoViewIfNeeded();
      await at(opened, 9).locator('.card-picture:not(.stale) .tensor-canvas canvas').waitFor();
      await painted(opened);
      assert.ok(crossed > 0 && crossed <= 2 ** 20, `${crossed} bytes`);
    } finally {
      values.delete(9);
      await opened.close();
    }
  });

  for (const theme of themeNames) {
    it(`look right in ${theme}`, async () => {
      const { opened } = await open(all.slice(0, 6), { theme, width: 820, height: 980 });
      await painted(opened);
      await choose(opened, 4, 'histogram');
      await settings(opened, 3);
      await opened.page.mouse.move(2, 2);
      await opened.screenshot(`views-${theme}`);
      await choose(opened, 1, 'tiles');
      await choose(opened, 2, 'heat');
      await choose(opened, 4, 'numbers');
      await choose(opened, 5, 'heat');
      await at(opened, 3).locator('.card-more').click();
      await at(opened, 3).locator('.tensor-canvas canvas').click({ position: { x: 8, y: 8 } });
      await painted(opened);
      await opened.screenshot(`views-more-${theme}`);
      assert.deepEqual(opened.complaints, []);
      await opened.close();
    });
  }
});
