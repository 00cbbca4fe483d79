// The panel "Tensor" beside a program that VS Code's own debugger has paused: choosing expressions, and reading what is shown.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame, Locator } from 'playwright-core';
import type { Workbench } from './workbench';

const launchFile = path.join(process.env.BACKSTEP_WORKSPACE ?? '', '.vscode/launch.json');
const kinds = { 'View Tensor': 'tensor', 'View as Feature Maps': 'maps', 'View as Heat Map': 'heat', 'View as Histogram': 'histogram' } as const;
export type ViewCommand = keyof typeof kinds;

/** Makes F5 start a program of `test/fixtures/programs`; returns the way back. */
export function launches(program: string): () => void {
  const before = readFileSync(launchFile, 'utf8');
  mkdirSync(path.dirname(launchFile), { recursive: true });
  const configuration = { type: 'node', request: 'launch', name: 'Program', program: path.resolve('test/fixtures/programs', program), console: 'internalConsole', internalConsoleOptions: 'neverOpen' };
  writeFileSync(launchFile, JSON.stringify({ version: '0.2.0', configurations: [configuration] }));
  return () => { writeFileSync(launchFile, before); };
}

export class TensorPanel {
  constructor(private readonly workbench: Workbench) {}

  /** Presses F5 until the program is paused, and brings its variables into sight. A very early key goes to nobody. */
  async start(): Promise<void> {
    const { page } = this.workbench, paused = page.locator('.debug-toolbar .action-label[aria-label^="Continue"]');
    await this.workbench.until(async () => {
      if (!await page.locator('.debug-toolbar').isVisible()) await page.keyboard.press('F5');
      return paused.waitFor({ timeout: 12_000 }).then(() => true, () => false);
    }, 'the program paused');
    await this.workbench.until(async () => {
      await page.keyboard.press('Control+Shift+KeyD');
      return this.unfold().then(() => this.row('variables', 'maps').waitFor({ timeout: 5000 })).then(() => true, () => false);
    }, 'the variables');
  }

  /** Opens the innermost scope: VS Code does by itself, unless its tree is drawn anew at that moment. */
  private async unfold(): Promise<void> {
    const scope = this.workbench.page.locator('.debug-variables .monaco-list-row[aria-level="1"]').first();
    await scope.waitFor({ timeout: 5000 });
    if (await scope.getAttribute('aria-expanded', { timeout: 2000 }) === 'false') await scope.click({ timeout: 5000 });
  }

  row(view: 'variables' | 'watch', name: string): Locator {
    return this.workbench.page.locator(`.debug-${view} .monaco-list-row`).filter({ hasText: new RegExp(`^${name}`) }).first();
  }

  /** A word of the program's text, at its n-th place. */
  word(text: string, nth = 0): Locator {
    return this.workbench.page.locator('.editor-instance .view-line span:not(:has(span))').filter({ hasText: new RegExp(`^\\W*${text}\\W*$`) }).nth(nth);
  }

  /** What stands on top of the panel: `maps as heat`; empty while the panel is not there. */
  private async onTop(): Promise<string> {
    for (const frame of this.workbench.page.frames().filter((candidate) => candidate.url().includes('fake.html'))) {
      const said = await frame.evaluate(() => { const top = document.querySelector<HTMLElement>('.look'); return top === null ? '' : `${top.dataset['look']} as ${top.dataset['as']}`; }).catch(() => '');
      if (said !== '') return said;
    }
    return '';
  }

  /** Acts, and again until the expression is on top of the panel. */
  private async reach(act: () => Promise<void>, command: ViewCommand, expression: string): Promise<void> {
    const expected = `${expression} as ${kinds[command]}`;
    await this.workbench.until(async () => {
      await act();
      for (const end = Date.now() + 8000; Date.now() < end;) if (await this.onTop() === expected) return true;
      return false;
    }, expected);
  }

  /** Chooses a command from the context menu that `open` opens. */
  chooseIn(open: () => Promise<void>, command: ViewCommand, expression: string): Promise<void> {
    return this.reach(() => this.workbench.menu(command, open), command, expression);
  }

  /** Runs a command from the palette for a name of the program's text. */
  command(name: string, command: ViewCommand): Promise<void> {
    return this.reach(async () => {
      await this.word(name).click({ timeout: 5000 }).catch(() => undefined);
      await this.workbench.command(`Backstep: ${command}`);
    }, command, name);
  }

  /** Chooses it from the context menu of a row. */
  choose(view: 'variables' | 'watch', name: string, command: ViewCommand): Promise<void> {
    return this.chooseIn(async () => {
      if (view === 'variables') await this.unfold();
      await this.row(view, name).click({ button: 'right', timeout: 5000 });
    }, command, name);
  }

  /** Waits until the panel says this of an expression; gives its frame. */
  async shown(expression: string, words: RegExp): Promise<Frame> {
    const look = `.look[data-look="${expression}"]`;
    let panel = await this.workbench.webview(look);
    await this.workbench.until(async () => {
      const text = await panel.locator(look).textContent({ timeout: 1000 }).catch(() => null);
      if (text === null) panel = await this.workbench.webview(look);
      return words.test(text ?? '');
    }, `${expression}: ${words.source}`);
    return panel;
  }

  /** The table of numbers of what stands on top. */
  async numbers(panel: Frame): Promise<string[][]> {
    return panel.locator('.look').first().locator('.numbers tbody tr').evaluateAll((rows) => rows.map((line) => [...line.querySelectorAll('td')].map((cell) => cell.title.replace(/^.* = /, ''))));
  }
}
