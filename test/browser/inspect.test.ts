// Tensors of a TensorFlow.js program that the built-in JavaScript debugger has paused, as a person looks at them.
import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { TensorPanel, launches } from './tensor-panel';
import type { ViewCommand } from './tensor-panel';
import { Workbench, pictureOfFailure } from './workbench';

describe('the tensors of a paused program', () => {
  let workbench: Workbench;
  let panelOf: TensorPanel;
  let putBack: () => void;

  before(async () => {
    putBack = launches('feature-maps.js');
    workbench = await Workbench.open();
    panelOf = new TensorPanel(workbench);
  });
  after(async () => {
    await workbench.page.keyboard.press('Shift+F5');
    putBack();
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));

  it('shows a variable as feature maps from its context menu, with the program\'s numbers', async () => {
    await panelOf.start();
    await panelOf.choose('variables', 'maps', 'View as Feature Maps');
    const panel = await panelOf.shown('maps', /Tensor · float32 · 2×4×5×3 · 120 elements · min 0 · max 119 · mean 59\.5/);
    await workbench.until(async () => (await panelOf.numbers(panel)).length === 4, 'four rows of numbers');
    assert.deepEqual(await panelOf.numbers(panel), [0, 1, 2, 3].map((line) => [0, 1, 2, 3, 4].map((column) => String(line * 15 + column * 3))));
    await workbench.picture('inspect-feature-maps');
  });

  it('shows another part when an axis is given another index', async () => {
    const panel = await panelOf.shown('maps', /axis 0/);
    const index = panel.getByLabel('Index of axis 0');
    await index.fill('1');
    await index.press('Enter');
    await workbench.until(async () => (await panelOf.numbers(panel))[0]?.[0] === '60', 'the second example');
  });

  it('shows a nested array as a heat map, and keeps what is pinned', async () => {
    await panelOf.choose('variables', 'weights', 'View as Heat Map');
    const panel = await panelOf.shown('weights', /Variable · float32/);
    await panel.locator('.look[data-look="weights"] vscode-button').filter({ hasText: 'Pin' }).click();
    await panel.locator('.look[data-look="weights"] vscode-button').filter({ hasText: 'Pinned' }).waitFor();
    await panelOf.choose('variables', 'nested', 'View as Histogram');
    await panelOf.shown('nested', /Array · float64 · 2×3/);
    assert.equal(await panel.locator('.look').count(), 2);
    await workbench.picture('inspect-pinned');
  });

  it('has the commands in Watch too', async () => {
    await workbench.watch('gone');
    await panelOf.choose('watch', 'gone', 'View Tensor');
    await panelOf.shown('gone', /a tensor that the program has already disposed/);
  });

  it('takes the name under the mouse from the context menu of the editor', async () => {
    await panelOf.chooseIn(() => panelOf.word('nested').click({ button: 'right', timeout: 5000 }), 'View as Heat Map', 'nested');
    const panel = await panelOf.shown('nested', /Array · float64 · 2×3 .* max 6\.5/);
    assert.equal(await panel.locator('.look').first().locator('.card').first().getAttribute('data-kind'), 'heat');
    await workbench.picture('inspect-editor-menu');
  });

  it('takes what is selected in the editor, by mouse and by keyboard', async () => {
    // A click on the selection keeps it.
    await panelOf.chooseIn(async () => { await panelOf.word('flat').dblclick({ timeout: 5000 }); await panelOf.word('flat').click({ button: 'right', timeout: 5000 }); }, 'View as Histogram', 'flat');
    await panelOf.shown('flat', /Buffer · uint8 · 6 .* max 6/);
    await panelOf.chooseIn(async () => {
      await panelOf.word('maps', 1).dblclick({ timeout: 5000 });
      await workbench.page.keyboard.press('Control+Shift+ArrowRight');
      await workbench.page.keyboard.press('Shift+F10');
    }, 'View as Feature Maps', 'maps.shape');
    await panelOf.shown('maps.shape', /Array · float64 · 4 · 4 elements · min 2 · max 5/);
  });

  it('draws the graph of a model', async () => {
    await panelOf.choose('variables', 'model', 'View Tensor');
    const panel = await panelOf.shown('model', /Sequential · 3? ?.*13 parameters/);
    await panel.locator('.node[data-node="hidden"]').waitFor();
    await workbench.picture('inspect-model');
  });

  it('reads what is pinned again at the next stop and marks what changed', async () => {
    await workbench.page.keyboard.press('F5');
    const panel = await panelOf.shown('weights', /changed: 1 of the shown values; most at \[1, 0\], 3 → 3\.5, max \|difference\| 0\.5/);
    await panel.locator('.look[data-look="weights"]').scrollIntoViewIfNeeded();
    await workbench.picture('inspect-changed');
  });

  it('has the commands in the palette, for the name under the cursor', async () => {
    await panelOf.command('flat', 'View Tensor');
    await panelOf.shown('flat', /Buffer · uint8 · 6 · 6 elements · min 1 · max 6/);
  });

  it('says that no program is paused', async () => {
    const panel = await panelOf.shown('flat', /Buffer/);
    await workbench.page.keyboard.press('Shift+F5');
    await workbench.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    await panel.locator('.look').first().getByRole('button', { name: 'Read it again' }).click();
    await panelOf.shown('flat', /No program is paused: stop a JavaScript or Python program at a breakpoint/);
    await workbench.picture('inspect-not-paused');
  });
});

/** Contrast by WCAG 2 between a text and all that is painted behind it; runs in the page. */
const contrast = (selector: string): number => {
  const element = document.querySelector(selector), context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (element === null || context === null) return NaN;
  const painted = (color: string): number => {
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0] = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const chain: Element[] = [];
  for (let each: Element | null = element; each !== null; each = each.parentElement) chain.unshift(each);
  const ground = chain.map((each) => painted(getComputedStyle(each).backgroundColor)).at(-1) ?? 1;
  const text = painted(getComputedStyle(element).color);
  return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
};

describe('the panel Tensor in every theme', () => {
  let putBack: () => void, workbench: Workbench, of: TensorPanel;
  before(async () => {
    putBack = launches('gallery.js');
    workbench = await Workbench.open();
    of = new TensorPanel(workbench);
    await of.start();
  });
  after(async () => {
    putBack();
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));
  const picture = (name: string, panel: Frame, check?: () => Promise<void>): Promise<void> => workbench.pictures(`tensor-${name}`, panel, check);
  const drawn = async (panel: Frame, kind: string): Promise<void> => { await panel.locator(`.look >> nth=0 >> [data-card][data-kind="${kind}"] .card-picture:not(.stale)`).first().waitFor(); };
  const shown: readonly { readonly name: string; readonly expression: string; readonly command: ViewCommand; readonly words: RegExp; readonly kind: string; readonly view?: string }[] = [
    { name: 'heat', expression: 'gaps', command: 'View as Heat Map', words: /2 NaN · 2 infinite/, kind: 'heat' },
    { name: 'histogram', expression: 'signal', command: 'View as Histogram', words: /Float32Array · float32 · 500/, kind: 'histogram' },
    { name: 'lines', expression: 'signal', command: 'View Tensor', words: /Float32Array · float32 · 500/, kind: 'lines', view: 'lines' },
    { name: 'image', expression: 'photo', command: 'View Tensor', words: /uint8 · 1×48×64×3/, kind: 'image' },
    { name: 'numbers', expression: 'photo', command: 'View Tensor', words: /uint8 · 1×48×64×3/, kind: 'numbers', view: 'numbers' },
  ];

  it('shows feature maps with text that can be read', async () => {
    await of.choose('variables', 'maps', 'View as Feature Maps');
    const panel = await of.shown('maps', /16×24×32×8|1×24×32×8/);
    await drawn(panel, 'tiles');
    await picture('maps', panel, async () => {
      for (const selector of ['.look-facts', '.statistics', '.shape', '.setting-name', '.numbers th']) {
        const measured = await panel.evaluate(contrast, selector);
        assert.ok(measured >= 4.5, `${selector}: contrast ${measured.toFixed(2)}`);
      }
    });
  });

  for (const { name, expression, command, words, kind, view } of shown) {
    it(`shows ${expression} as ${name}`, async () => {
      await of.choose('variables', expression, command);
      const panel = await of.shown(expression, words);
      if (view !== undefined) await panel.locator('.look').first().locator(`[data-view=${view}]`).click();
      await drawn(panel, kind);
      await picture(name, panel);
    });
  }

  it('says what is no tensor', async () => {
    await of.choose('variables', 'text', 'View Tensor');
    await picture('problem', await of.shown('text', /is no tensor but a string/));
  });

  it('marks what is of the stop before, and compares what was kept', async () => {
    await of.choose('variables', 'weights', 'View as Heat Map');
    const panel = await of.shown('weights', /float32 · 12×16/);
    await panel.getByRole('button', { name: /^Keep weights/ }).click();
    await panel.locator('.pin').waitFor();
    await panel.locator('.look[data-look="weights"]').getByRole('button', { name: /^Pin:/ }).click();
    await of.choose('variables', 'maps', 'View as Feature Maps');
    await workbench.page.keyboard.press('F5');
    await of.shown('weights', /changed: 1 of the shown values; most at \[3, 4\]/);
    await of.shown('maps', /The program has moved on since this was read/);
    await picture('stale', panel);
    await panel.locator('.pin').getByRole('button', { name: /^Compare weights/ }).click();
    await panel.locator('.comparison-words', { hasText: 'max |difference| 2 at [3, 4]' }).waitFor();
    await panel.locator('.comparison [data-card^=difference] .card-picture').waitFor();
    await picture('comparison', panel);
    await workbench.page.keyboard.press('Shift+F5');
  });
});
