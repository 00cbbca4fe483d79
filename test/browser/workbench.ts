// VS Code as a person sees it: what is on the screen, and what keyboard and mouse can do. Waits for things, never for time.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Frame, Locator, Page } from 'playwright-core';

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`The suite "browser" is started by test/browser/run.mjs, which sets ${name}.`);
  return value;
};
const out = path.resolve('test/out');
/** How long to wait for anything, in milliseconds. */
const patience = 30_000;

export const themes = {
  dark: 'Default Dark Modern', light: 'Default Light Modern', contrast: 'Default High Contrast', 'contrast-light': 'Default High Contrast Light',
} as const;
export type ThemeName = keyof typeof themes;
const themeTitles: Readonly<Record<ThemeName, string>> = { dark: 'Dark Modern', light: 'Light Modern', contrast: 'Dark High Contrast', 'contrast-light': 'Light High Contrast' };
const themeClasses: Readonly<Record<ThemeName, string>> = { dark: 'vs-dark', light: 'vs', contrast: 'hc-black', 'contrast-light': 'hc-light' };
const webviewThemes: Readonly<Record<ThemeName, string>> = { dark: 'vscode-dark', light: 'vscode-light', contrast: 'vscode-high-contrast', 'contrast-light': 'vscode-high-contrast-light' };

/** A mocha hook that takes a picture of a test that failed, before the next one goes on from there. */
export function pictureOfFailure(workbench: () => Workbench): (this: Mocha.Context) => Promise<void> {
  return async function () {
    if (this.currentTest?.state === 'failed') await workbench().picture(`failed-${this.currentTest.title.replace(/\W+/g, '-').slice(0, 60)}`);
  };
}

export class Workbench {
  private constructor(private readonly browser: Browser, readonly page: Page) {}

  /** Opens VS Code in a fresh browser, in a theme that becomes the user's setting. */
  static async open(theme: ThemeName = 'dark'): Promise<Workbench> {
    const file = path.join(required('BACKSTEP_USER'), 'settings.json');
    const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...settings, 'workbench.colorTheme': themes[theme] }, null, 2));
    const browser = await chromium.launch({ executablePath: required('BACKSTEP_CHROMIUM'), args: JSON.parse(required('BACKSTEP_CHROMIUM_ARGUMENTS')) as string[] });
    const page = await browser.newPage({ viewport: { width: 1600, height: 960 } });
    page.setDefaultTimeout(patience);
    await page.goto(required('BACKSTEP_ADDRESS'));
    const workbench = new Workbench(browser, page);
    await workbench.row('lenet5.keras').waitFor();
    await page.locator(`.monaco-workbench.${themeClasses[theme]}`).waitFor();
    // The icon of model files comes from the extension: once it is there, so are the extension's editors and commands.
    await page.locator('.explorer-folders-view .backstep-model-lang-file-icon').first().waitFor();
    return workbench;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  async picture(name: string): Promise<void> {
    mkdirSync(out, { recursive: true });
    await this.page.screenshot({ path: path.join(out, `${name}.png`) });
  }

  /**
   * Changes the theme while all stays open, and takes `<theme>-<name>` in each one; back in dark at the end.
   * @param check what must hold in each theme
   */
  async pictures(name: string, panel: Frame, check: (theme: ThemeName) => Promise<void> = () => Promise.resolve()): Promise<void> {
    for (const theme of Object.keys(themes) as ThemeName[]) {
      await this.wear(theme, panel);
      await this.picture(`${theme}-${name}`);
      await check(theme);
    }
    await this.wear('dark', panel);
  }

  private async wear(theme: ThemeName, panel: Frame): Promise<void> {
    const worn = this.page.locator(`.monaco-workbench.${themeClasses[theme]}`);
    if (!await worn.isVisible()) {
      await this.command('Preferences: Color Theme');
      await this.page.locator('.quick-input-widget input.input').fill(themeTitles[theme]);
      await this.page.locator('.quick-input-list .monaco-list-row').filter({ has: this.page.getByText(themeTitles[theme], { exact: true }) }).first().click();
      await worn.waitFor();
      await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    }
    await panel.waitForFunction((kind) => document.body.dataset['vscodeThemeKind'] === kind, webviewThemes[theme]);
    await panel.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => { requestAnimationFrame(resolve); }); })); // canvases are painted in the frame after
  }

  // The explorer and the editors

  row(name: string): Locator {
    return this.page.locator('.explorer-folders-view .monaco-list-row').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Opens a model file by a double click and gives the frame of its editor. */
  async openModel(name: string): Promise<Frame> {
    // VS Code takes up an extension's icons before its editors: a very early click meets the editor for text, which may give way meanwhile.
    const refusal = this.page.getByText('The file is not displayed in the text editor').first();
    await this.until(async () => {
      if (await refusal.isVisible()) await this.tab(name).first().locator('.codicon-close').click({ timeout: 2000 }).catch(() => undefined);
      await this.row(name).dblclick({ timeout: 5000 }).catch(() => undefined);
      return this.happens(async () => await this.frameWith('.model') !== null || refusal.isVisible(), 10_000).then(async () => await this.frameWith('.model') !== null);
    }, `the editor of ${name}`);
    return this.webview('.model');
  }

  tab(name: string): Locator {
    return this.page.locator('.tabs-container .tab').filter({ hasText: name });
  }

  async explorer(): Promise<void> {
    await this.page.keyboard.press('Control+Shift+KeyE');
    await this.row('lenet5.keras').waitFor();
  }

  /**
   * Runs a command by its title from the command palette. The palette does not take up what is registered while it is open, and closes when
   * something else takes the focus: then it is opened again.
   */
  async command(title: string): Promise<void> {
    const field = this.page.locator('.quick-input-widget input.input');
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
    await this.until(async () => {
      await this.page.keyboard.press('F1');
      const isRun = await field.fill(`>${title}`, { timeout: 2000 }).then(() => row.click({ timeout: 2000 })).then(() => true, () => false);
      if (!isRun) await this.page.keyboard.press('Escape');
      return isRun;
    }, `the command ${title}`);
  }

  /** Runs a command that asks which one, and takes the entry that holds the text. The question goes when something else takes the focus: then it is asked again. */
  async commandWith(title: string, entry: string): Promise<void> {
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: entry }).first();
    await this.until(async () => {
      await this.command(title);
      return row.click({ timeout: 3000 }).then(() => true, () => false);
    }, `${entry} of ${title}`);
  }

  /** Answers a quick pick by taking the entry that holds the text. */
  async pick(text: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first().click();
  }

  /** Opens a context menu and chooses from it. A menu takes no click in the moment after it has opened, and closes when its row is drawn anew: then it is opened again. */
  async menu(title: string, open: () => Promise<void>): Promise<void> {
    const item = this.page.locator('.monaco-menu').getByText(title, { exact: true });
    await this.until(async () => {
      if (!await item.isVisible()) await open().catch(() => undefined);
      const isClicked = await item.click({ timeout: 2000 }).then(() => true, () => false);
      return isClicked && this.happens(async () => !await item.isVisible(), 500);
    }, `${title} in the menu`);
  }

  // Webviews: each is a frame within a frame

  /** The frame of the webview in which the selector matches something visible. */
  async webview(selector: string): Promise<Frame> {
    let found: Frame | null = null;
    await this.until(async () => {
      found = await this.frameWith(selector);
      return found !== null;
    }, `a webview with ${selector}`);
    if (found === null) throw new Error(`No webview shows ${selector}.`);
    return found;
  }

  /** Whether some webview shows the words there, within a moment. */
  shows(selector: string, words: RegExp): Promise<boolean> {
    return this.happens(async () => {
      const frame = await this.frameWith(selector);
      return frame !== null && words.test(await frame.locator(selector).first().textContent({ timeout: 1000 }).catch(() => null) ?? '');
    }, 10_000);
  }

  private async frameWith(selector: string): Promise<Frame | null> {
    const frames = this.page.frames().filter((frame) => frame.url().includes('fake.html'));
    // A frame that is being put away answers late or never.
    const isShown = (frame: Frame): Promise<boolean> => Promise.race([frame.locator(selector).first().isVisible().catch(() => false), new Promise<boolean>((resolve) => { setTimeout(resolve, 2000, false); })]);
    const shown = await Promise.all(frames.map(isShown));
    return frames[shown.indexOf(true)] ?? null;
  }

  // Debugging

  /** Presses a key and waits until the cursor has come to rest on another line. */
  async step(key: string): Promise<void> {
    await this.page.locator('.debug-toolbar .action-label[aria-label^="Step Over"]:not(.disabled)').waitFor();
    await this.moves(() => this.page.keyboard.press(key));
  }

  /** Clicks a button of the debug toolbar and waits until the cursor has come to rest on another line. */
  async toolbar(title: string): Promise<void> {
    await this.moves(() => this.page.locator(`.debug-toolbar .action-label[aria-label^="${title}"]`).click());
  }

  /** Does something that moves the cursor, and waits until our status bar and VS Code's arrow both show where it went. */
  async moves(act: () => Promise<void>): Promise<void> {
    const place = await this.place(), line = await this.page.evaluate(arrowLine);
    await act();
    await this.page.waitForFunction((old) => document.querySelector('[id="backstep.backstep.backstep.place"]')?.textContent !== old, place);
    await this.until(async () => {
      const now = await this.page.evaluate(arrowLine);
      return now !== null && now !== line;
    });
  }

  /** Waits, frame by frame of the browser, until something is so. */
  async until(check: () => Promise<boolean>, what = 'what was waited for'): Promise<void> {
    if (!await this.happens(check, patience)) throw new Error(`Waited ${patience / 1000} s, but ${what} did not happen. ${await this.words()}`);
  }

  private async happens(check: () => Promise<boolean>, limit: number): Promise<boolean> {
    const end = Date.now() + limit;
    while (!await check()) {
      if (Date.now() > end) return false;
      await this.page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => { resolve(null); }); }));
    }
    return true;
  }

  /** What is on the screen, in words, for a failure that nobody saw. */
  private async words(): Promise<string> {
    const of = async (name: string, selector: string): Promise<string> => `${name}: ${(await this.page.locator(selector).allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim().slice(0, 200)).join(' | ') || 'none'}.`;
    return (await Promise.all([
      of('Tabs', '.tabs-container .tab'), of('Editors', '.editor-pane-placeholder, .editor-instance .editor-placeholder-label'), of('Notifications', '.notification-list-item-message'),
      of('Quick input', '.quick-input-widget:not([style*="display: none"])'), of('Status', '.statusbar-item[id^="backstep"]'),
    ])).join(' ');
  }

  /** The status bar's words on where the run stands: `iteration 1 · forward · conv_1`. */
  async place(): Promise<string> {
    return (await this.placeItem.textContent()) ?? '';
  }

  get placeItem(): Locator {
    return this.page.locator('[id="backstep.backstep.backstep.place"]');
  }

  /** The line number of the yellow arrow in the listing. */
  async currentLine(): Promise<number> {
    const handle = await this.page.waitForFunction(arrowLine);
    return Number(await handle.jsonValue());
  }

  async debugView(): Promise<void> {
    await this.page.keyboard.press('Control+Shift+KeyD');
    await this.page.locator('.debug-variables .monaco-list').waitFor();
  }

  async callStack(): Promise<string[]> {
    await this.page.locator('.debug-call-stack .stack-frame').first().waitFor();
    return (await this.page.locator('.debug-call-stack .stack-frame .label').allTextContents()).map((text) => text.trim());
  }

  private variable(name: string): Locator {
    return this.page.locator('.debug-variables .monaco-list-row').filter({ has: this.page.getByText(name, { exact: true }).or(this.page.getByText(`${name} =`, { exact: true })) }).first();
  }

  async expandVariable(name: string): Promise<void> {
    const row = this.variable(name);
    await row.waitFor();
    if (await row.getAttribute('aria-expanded') !== 'true') await row.click();
  }

  async variableValue(name: string): Promise<string> {
    const value = this.variable(name).locator('.value');
    await value.waitFor();
    return (await value.getAttribute('title')) ?? (await value.textContent()) ?? '';
  }

  /** Adds an expression to Watch and gives its value. */
  async watch(expression: string): Promise<string> {
    const header = this.page.locator('.pane-header[aria-label^="Watch"]');
    await header.hover();
    await header.locator('.action-label[aria-label="Add Expression"]').click();
    await this.page.locator('.debug-watch .monaco-inputbox input').waitFor();
    await this.page.keyboard.type(expression);
    await this.page.keyboard.press('Enter');
    const value = this.page.locator('.debug-watch .monaco-list-row').filter({ hasText: expression }).locator('.value');
    await value.waitFor();
    return (await value.textContent())?.trim() ?? '';
  }

  /** Holds the mouse over a name in the listing and gives what appears. */
  async hover(name: string): Promise<string> {
    const word = this.page.locator('.monaco-editor[data-uri^="backstep-listing:"] .view-line span:not(:has(span))').filter({ hasText: name }).first();
    await word.hover();
    const value = this.page.locator('.debug-hover-widget .title.value');
    await value.waitFor();
    return (await value.textContent()) ?? '';
  }

  /** Enters an expression in the debug console and gives the answer. */
  async console(expression: string): Promise<string> {
    await this.page.keyboard.press('Control+Shift+KeyY');
    const input = this.page.locator('.repl-input-wrapper .monaco-editor');
    await input.waitFor();
    await input.click();
    await this.page.keyboard.type(expression);
    await this.page.keyboard.press('Escape'); // closes the suggestions
    await this.page.keyboard.press('Enter');
    const answer = this.page.locator('.repl .evaluation-result .value').last();
    await answer.waitFor();
    return (await answer.textContent())?.trim() ?? '';
  }

  /** Brings a line of the listing onto the screen, with the text cursor on it: Go to Line. */
  async goToLine(line: number): Promise<void> {
    const field = this.page.locator('.quick-input-widget input.input');
    // The input closes when something else takes the focus, as the editor does at a stop: then it is opened again.
    await this.until(async () => {
      await this.page.keyboard.press('Control+1');
      await this.page.keyboard.press('Control+KeyG');
      const isSaid = await field.fill(`:${line}`, { timeout: 2000 }).then(() => field.press('Enter', { timeout: 2000 })).then(() => true, () => false);
      if (!isSaid) return false;
      return this.happens(async () => (await this.visibleLines()).some(({ number }) => number === line), 3000);
    }, `line ${line} on the screen`);
  }

  /** Lines of the listing that are on the screen. */
  async visibleLines(): Promise<{ number: number; text: string; y: number }[]> {
    return this.page.evaluate(() => {
      const editor = document.querySelector('.editor-group-container .monaco-editor[data-uri^="backstep-listing:"]');
      if (editor === null) return [];
      const numbers = [...editor.querySelectorAll('.line-numbers')].map((element) => ({ number: Number(element.textContent), y: Math.round(element.getBoundingClientRect().top) }));
      return [...editor.querySelectorAll('.view-line')].flatMap((element) => {
        const y = Math.round(element.getBoundingClientRect().top);
        const number = numbers.find((candidate) => Math.abs(candidate.y - y) < 3)?.number;
        return number === undefined ? [] : [{ number, y, text: (element.textContent ?? '').replaceAll('\u00a0', ' ') }];
      }).sort((a, b) => a.number - b.number);
    });
  }

  /** Sets or removes a breakpoint by a click in the gutter. */
  async clickGutter(line: number): Promise<void> {
    const shown = (await this.visibleLines()).find(({ number }) => number === line);
    const margin = await this.page.locator('.monaco-editor[data-uri^="backstep-listing:"] .margin').first().boundingBox();
    if (shown === undefined || margin === null) throw new Error(`Line ${line} is not on the screen.`);
    const before = await this.page.locator('.codicon-debug-breakpoint').count();
    await this.page.mouse.click(margin.x + 8, shown.y + 9);
    await this.page.waitForFunction((count) => document.querySelectorAll('.codicon-debug-breakpoint').length !== count, before);
  }

  /** Chooses from the context menu of the gutter at a line. */
  async gutterMenu(line: number, item: string): Promise<void> {
    await this.goToLine(line);
    const shown = (await this.visibleLines()).find(({ number }) => number === line);
    const margin = await this.page.locator('.monaco-editor[data-uri^="backstep-listing:"] .margin').first().boundingBox();
    if (shown === undefined || margin === null) throw new Error(`Line ${line} is not on the screen.`);
    await this.menu(item, () => this.page.mouse.click(margin.x + 8, shown.y + 9, { button: 'right' }));
  }

  /** Adds a breakpoint by the gutter's context menu, with what is typed into its field. */
  async breakpointWith(line: number, item: string, text: string): Promise<void> {
    await this.gutterMenu(line, item);
    await this.page.locator('.breakpoint-widget .monaco-editor').click();
    await this.page.keyboard.insertText(text);
    await this.page.locator('.breakpoint-widget .view-line').filter({ hasText: text.replaceAll(' ', '\u00a0') }).waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator('.breakpoint-widget').waitFor({ state: 'detached' });
  }
}

/** Runs in the page: the number of the line that VS Code's arrow stands on. */
function arrowLine(): number | null {
  const arrow = document.querySelector('.editor-group-container .codicon-debug-stackframe, .editor-group-container [class*="debug-breakpoint-stackframe"]');
  const editor = arrow?.closest('.monaco-editor');
  if (arrow === null || editor === null || editor === undefined) return null;
  const top = arrow.getBoundingClientRect().top;
  const number = [...editor.querySelectorAll('.line-numbers')].find((element) => Math.abs(element.getBoundingClientRect().top - top) < 4);
  return number === undefined ? null : Number(number.textContent);
}
