/** What is read has the contrast that WCAG 2 asks for, in every theme: text 4.5:1, lines and bars 3:1. */
import assert from 'node:assert/strict';
import { closeAll, openWebview, themeNames } from './browser';
import type { OpenPage } from './browser';
import { lenet, lenetHost, run } from './fixtures/lenet';

/** Runs in the page: texts in sight whose contrast with what is behind them is too low, and the colours of lines against the background. */
function tooFaint(): string[] {
  const parts = (color: string): number[] => {
    const mixed = /^color\(srgb ([^)]+)\)/.exec(color);
    const numbers = (mixed?.[1] ?? color).match(/[\d.e-]+/g)?.map(Number) ?? [];
    return [0, 1, 2].map((index) => (numbers[index] ?? 0) * (mixed === null ? 1 : 255)).concat(numbers[3] ?? 1);
  };
  const luminance = (color: readonly number[]): number => color.slice(0, 3).reduce((sum, part, index) => {
    const value = part / 255;
    return sum + ([0.2126, 0.7152, 0.0722][index] ?? 0) * (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
  const contrast = (a: readonly number[], b: readonly number[]): number => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);
  const over = (top: readonly number[], ground: readonly number[]): number[] => [0, 1, 2].map((index) => (top[index] ?? 0) * (top[3] ?? 1) + (ground[index] ?? 0) * (1 - (top[3] ?? 1))).concat(1);
  const faint: string[] = [];
  const look = (root: ParentNode): void => {
    for (const element of root.querySelectorAll<HTMLElement>('*')) {
      if (element.shadowRoot !== null) look(element.shadowRoot);
      const { width, height } = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent?.trim()).join('');
      // Numbers on coloured cells choose black or white by themselves.
      if (text === '' || width < 2 || height < 2 || style.visibility === 'hidden' || element.closest('.katex-mathml, .numbers td, .unseen, [disabled]') !== null) continue;
      let ground = [0, 0, 0, 1], opacity = 1;
      const behind: number[][] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement ?? ((at.getRootNode() as Partial<ShadowRoot>).host ?? null)) {
        behind.unshift(parts(getComputedStyle(at).backgroundColor));
        opacity *= Number(getComputedStyle(at).opacity);
      }
      for (const layer of behind) ground = over(layer, ground);
      const color = parts(style.color);
      const found = contrast(over([...color.slice(0, 3), (color[3] ?? 1) * opacity], ground), ground);
      if (found < 4.5) faint.push(`${found.toFixed(2)}: ${text.slice(0, 30)} (${element.className})`);
    }
  };
  look(document);
  const probe = document.body.appendChild(document.createElement('i'));
  const resolved = (name: string): number[] => {
    probe.style.color = `var(--bs-${name})`;
    return parts(getComputedStyle(probe).color);
  };
  for (const name of ['edge', 'forward', 'backward', 'accent', 'positive', 'negative', 'focus']) {
    const found = contrast(resolved(name), resolved('background'));
    if (found < 3) faint.push(`${found.toFixed(2)}: lines in ${name}`);
  }
  probe.remove();
  return faint;
}

describe('contrast', () => {
  after(closeAll);
  for (const theme of themeNames) {
    const check = async (opened: OpenPage): Promise<void> => {
      await opened.page.waitForSelector('.strip');
      await opened.settled();
      assert.deepEqual(await opened.page.evaluate(tooFaint), []);
    };
    it(`is enough in the panel of a run, in ${theme}`, async () => {
      const opened = await openWebview(lenetHost({ type: 'run', run }), { theme, height: 1400 });
      await check(opened);
      await opened.page.locator('.card-more').first().click();
      await check(opened);
      await opened.page.locator('[data-tab=training]').click();
      await check(opened);
      await opened.close();
    });
    it(`is enough in the editor of a model with a layer selected, in ${theme}`, async () => {
      const opened = await openWebview(lenetHost({ type: 'model', graph: lenet, canStep: true }), { theme, width: 1200, height: 1200 });
      await opened.page.waitForSelector('.node');
      await opened.page.click('[data-node=conv2d_2]');
      await check(opened);
      await opened.close();
    });
  }
});
