// Tensors of a TensorFlow.js program that the built-in JavaScript debugger has paused, as a person looks at them.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { Workbench, pictureOfFailure } from './workbench';

const workspace = process.env.BACKSTEP_WORKSPACE ?? '';
const launchFile = path.join(workspace, '.vscode/launch.json');
const program = path.resolve('test/fixtures/programs/feature-maps.js');

describe('the tensors of a paused program', () => {
  let workbench: Workbench;
  let launchText = '';
  const row = (view: 'variables' | 'watch', name: RegExp) => workbench.page.locator(`.debug-${view} .monaco-list-row`).filter({ hasText: name }).first();
  /** What stands on top of the panel: `maps as heat`; empty while the panel is not there. */
  const onTop = async (): Promise<string> => {
    for (const frame of workbench.page.frames().filter((candidate) => candidate.url().includes('fake.html'))) {
      const said = await frame.evaluate(() => { const top = document.querySelector<HTMLElement>('.look'); return top === null ? '' : `${top.dataset['look']} as ${top.dataset['as']}`; }).catch(() => '');
      if (said !== '') return said;
    }
    return '';
  };
  const kinds = { 'View Tensor': 'tensor', 'View as Feature Maps': 'maps', 'View as Heat Map': 'heat', 'View as Histogram': 'histogram' } as const;
  /** Chooses a command from the context menu that `open` opens, and again until its expression is on top of the panel. */
  const chooseIn = async (open: () => Promise<void>, title: keyof typeof kinds, expression: string): Promise<void> => {
    const expected = `${expression} as ${kinds[title]}`;
    await workbench.until(async () => {
      await workbench.menu(title, open);
      for (const end = Date.now() + 8000; Date.now() < end;) if (await onTop() === expected) return true;
      return false;
    }, expected);
  };
  const choose = (view: 'variables' | 'watch', name: string, title: keyof typeof kinds): Promise<void> =>
    chooseIn(() => row(view, new RegExp(`^${name}`)).click({ button: 'right', timeout: 5000 }), title, name);
  /** A word of the program's text, at its n-th place. */
  const word = (text: string, nth = 0) => workbench.page.locator('.editor-instance .view-line span:not(:has(span))').filter({ hasText: new RegExp(`^\\W*${text}\\W*$`) }).nth(nth);
  const shown = async (expression: string, words: RegExp): Promise<Frame> => {
    const look = `.look[data-look="${expression}"]`;
    let panel = await workbench.webview(look);
    await workbench.until(async () => {
      const text = await panel.locator(look).textContent({ timeout: 1000 }).catch(() => null);
      if (text === null) panel = await workbench.webview(look);
      return words.test(text ?? '');
    }, `${expression}: ${words.source}`);
    return panel;
  };
  const numbers = async (panel: Frame): Promise<string[][]> =>
    panel.locator('.look').first().locator('.numbers tbody tr').evaluateAll((rows) => rows.map((line) => [...line.querySelectorAll('td')].map((cell) => cell.title.replace(/^.* = /, ''))));

  before(async () => {
    launchText = readFileSync(launchFile, 'utf8');
    mkdirSync(path.dirname(launchFile), { recursive: true });
    writeFileSync(launchFile, JSON.stringify({ version: '0.2.0', configurations: [{ type: 'node', request: 'launch', name: 'Program', program, console: 'internalConsole' }] }));
    workbench = await Workbench.open();
  });
  after(async () => {
    await workbench.page.keyboard.press('Shift+F5');
    writeFileSync(launchFile, launchText);
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));

  it('says that no program is paused', async () => {
    await workbench.command('Backstep: View Tensor');
    const field = workbench.page.locator('.quick-input-widget input.input');
    await workbench.until(async () => await field.getAttribute('placeholder') === 'model.layers[0].kernel', 'the question for an expression');
    await field.fill('maps');
    await field.press('Enter');
    await shown('maps', /No program is paused/);
  });

  it('shows a variable as feature maps from its context menu, with the program\'s numbers', async () => {
    await workbench.page.keyboard.press('F5');
    await workbench.debugView();
    await row('variables', /^maps/).waitFor();
    await choose('variables', 'maps', 'View as Feature Maps');
    const panel = await shown('maps', /Tensor · float32 · 2×4×5×3 · 120 elements · min 0 · max 119 · mean 59\.5/);
    await workbench.until(async () => (await numbers(panel)).length === 4, 'four rows of numbers');
    assert.deepEqual(await numbers(panel), [0, 1, 2, 3].map((line) => [0, 1, 2, 3, 4].map((column) => String(line * 15 + column * 3))));
    await workbench.picture('inspect-feature-maps');
  });

  it('shows another part when an axis is given another index', async () => {
    const panel = await shown('maps', /axis 0/);
    const index = panel.getByLabel('Index of axis 0');
    await index.fill('1');
    await index.press('Enter');
    await workbench.until(async () => (await numbers(panel))[0]?.[0] === '60', 'the second example');
  });

  it('shows a nested array as a heat map, and keeps what is pinned', async () => {
    await choose('variables', 'weights', 'View as Heat Map');
    const panel = await shown('weights', /Variable · float32/);
    await panel.locator('.look[data-look="weights"] vscode-button').filter({ hasText: 'Pin' }).click();
    await panel.locator('.look[data-look="weights"] vscode-button').filter({ hasText: 'Pinned' }).waitFor();
    await choose('variables', 'nested', 'View as Histogram');
    await shown('nested', /Array · float64 · 2×3/);
    assert.equal(await panel.locator('.look').count(), 2);
    await workbench.picture('inspect-pinned');
  });

  it('has the commands in Watch too', async () => {
    await workbench.watch('gone');
    await choose('watch', 'gone', 'View Tensor');
    await shown('gone', /a tensor that the program has already disposed/);
  });

  it('takes the name under the mouse from the context menu of the editor', async () => {
    await chooseIn(() => word('nested').click({ button: 'right', timeout: 5000 }), 'View as Heat Map', 'nested');
    const panel = await shown('nested', /Array · float64 · 2×3 .* max 6\.5/);
    assert.equal(await panel.locator('.look').first().locator('.card').first().getAttribute('data-kind'), 'heat');
    await workbench.picture('inspect-editor-menu');
  });

  it('takes what is selected in the editor, by mouse and by keyboard', async () => {
    // A click on the selection keeps it.
    await chooseIn(async () => { await word('flat').dblclick({ timeout: 5000 }); await word('flat').click({ button: 'right', timeout: 5000 }); }, 'View as Histogram', 'flat');
    await shown('flat', /Buffer · uint8 · 6 .* max 6/);
    await chooseIn(async () => {
      await word('maps', 1).dblclick({ timeout: 5000 });
      await workbench.page.keyboard.press('Control+Shift+ArrowRight');
      await workbench.page.keyboard.press('Shift+F10');
    }, 'View as Feature Maps', 'maps.shape');
    await shown('maps.shape', /Array · float64 · 4 · 4 elements · min 2 · max 5/);
  });

  it('draws the graph of a model', async () => {
    await choose('variables', 'model', 'View Tensor');
    const panel = await shown('model', /Sequential · 3? ?.*13 parameters/);
    await panel.locator('.node[data-node="hidden"]').waitFor();
    await workbench.picture('inspect-model');
  });

  it('reads what is pinned again at the next stop and marks what changed', async () => {
    await workbench.page.keyboard.press('F5');
    const panel = await shown('weights', /changed: 1 of the shown values; most at \[1, 0\], 3 → 3\.5, max \|difference\| 0\.5/);
    await panel.locator('.look[data-look="weights"]').scrollIntoViewIfNeeded();
    await workbench.picture('inspect-changed');
  });
});
