// The panel in each kind of theme: pictures to look at, and text that keeps its contrast.
import assert from 'node:assert/strict';
import { pictureOfFailure, Workbench } from './workbench';

/** Contrast by WCAG 2 between the panel's text and its background, computed in the page. */
const contrast = (): number => {
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const text = luminance(getComputedStyle(document.querySelector('.explanation') ?? document.body).color);
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
};

describe('in every theme', () => {
  let workbench: Workbench;
  before(async () => { workbench = await Workbench.open(); });
  after(async () => { await workbench.close(); });
  afterEach(pictureOfFailure(() => workbench));

  it('shows the model, when the theme changes too', async () => {
    const editor = await workbench.openModel('lenet5.keras');
    await editor.locator('[data-node="conv_2"]').click();
    await editor.locator('[data-card="conv_2/kernel"] .tensor-canvas canvas').waitFor();
    await workbench.pictures('model', editor);
  });

  it('shows the backward pass with text that can be read', async () => {
    const editor = await workbench.webview('.model');
    await editor.getByRole('button', { name: /step through/i }).click();
    const panel = await workbench.webview('.run');
    await workbench.currentLine();
    await panel.locator('.phase[data-phase="backward"]').click();
    await workbench.until(async () => (await workbench.place()).endsWith('backward'), 'the backward phase');
    await panel.locator('[data-node="conv_2"]').click();
    await workbench.until(async () => (await workbench.place()).endsWith('conv_2'), 'conv_2');
    await panel.locator('[data-node="conv_2"].current').waitFor();
    await panel.locator('.tensor-canvas canvas').first().waitFor();
    await workbench.pictures('backward', panel, async (theme) => {
      const measured = await panel.evaluate(contrast);
      assert.ok(measured >= 4.5, `${theme}: contrast ${measured.toFixed(2)}`);
    });
    await workbench.page.keyboard.press('Shift+F5');
    await workbench.placeItem.waitFor({ state: 'hidden' });
  });
});
