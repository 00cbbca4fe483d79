// The rest of the debugger as a person uses it: a launch configuration, breakpoints with conditions, running back, jumping, restarting.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame, Locator } from 'playwright-core';
import type { Run } from '../../src/engine/run';
import { makeListing } from '../../src/listing/listing';
import type { Listing } from '../../src/listing/listing';
import { agree, gradientOf, numbersIn, openRun } from './reference';
import { Workbench, pictureOfFailure } from './workbench';

const workspace = process.env.BACKSTEP_WORKSPACE ?? '';
const launchName = 'Students: will I pass? (2-3-1)';

describe('the debugger', () => {
  let workbench: Workbench;
  let run: Run;
  let listing: Listing;
  let gradientLine: number;
  let panel: Frame;

  before(async () => {
    [workbench, run] = await Promise.all([Workbench.open(), openRun(workspace, launchName)]);
    const trace = await run.iteration(0);
    listing = makeListing(trace, run.info.network);
    const [layer] = trace.weights;
    gradientLine = listing.lineOfOp(gradientOf(trace, layer?.layer ?? '', 'kernel').writer);
  });
  after(async () => {
    run.dispose();
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));

  it('starts with a launch configuration, and shows whose it is', async () => {
    await workbench.command('Debug: Select and Start Debugging');
    await workbench.pick(launchName);
    await workbench.placeItem.waitFor();
    panel = await workbench.webview('.run');
    assert.match(await workbench.place(), /iteration 1 · forward · /);
    assert.equal(await workbench.currentLine(), listing.lineOfGroup(0));
  });

  it('stops at a breakpoint only where its condition over tensors holds', async () => {
    await workbench.breakpointWith(gradientLine, 'Add Conditional Breakpoint...', 'iteration == 3');
    await workbench.step('F5');
    assert.match(await workbench.place(), /iteration 3 · backward · /);
    assert.equal(await workbench.currentLine(), gradientLine);
  });

  it('runs back to the start of the run with Reverse', async () => {
    await workbench.toolbar('Reverse');
    assert.match(await workbench.place(), /iteration 1 · forward · /);
  });

  it('writes what a logpoint says to the debug console, and does not stop there', async () => {
    await workbench.gutterMenu(gradientLine, 'Remove Breakpoint');
    await workbench.breakpointWith(gradientLine, 'Add Logpoint...', 'loss is {loss}');
    await workbench.breakpointWith(listing.lineOfGroup(0), 'Add Conditional Breakpoint...', 'iteration == 3');
    await workbench.step('F5');
    assert.match(await workbench.place(), /iteration 3 · forward · /);
    await workbench.page.keyboard.press('Control+Shift+KeyY');
    const { loss } = await run.iteration(1);
    await workbench.page.locator('.repl .monaco-list-row').filter({ hasText: `loss is ${loss.toPrecision(4).slice(0, 5)}` }).first().waitFor();
    await workbench.picture('logpoint');
    await workbench.page.keyboard.press('Control+KeyJ');
  });

  it('jumps to the line of the text cursor', async () => {
    await workbench.goToLine(gradientLine);
    await workbench.moves(() => workbench.command('Debug: Jump to Cursor'));
    assert.equal(await workbench.currentLine(), gradientLine);
    assert.match(await workbench.place(), /iteration 3 · backward · /);
  });

  it('follows again when its panel has been hidden meanwhile', async () => {
    await panel.locator('.step-title').waitFor();
    const tab = workbench.tab('Backstep');
    await tab.click();
    await workbench.command('New Untitled Text File');
    await workbench.tab('Untitled-1').waitFor();
    await workbench.page.locator('.monaco-editor[data-uri^="backstep-listing:"]').first().click();
    await workbench.step('F10');
    const place = await workbench.place();
    await workbench.tab('Backstep').click();
    panel = await workbench.webview('.run');
    const layer = place.split(' · ')[2] ?? '';
    await panel.locator('.step-title').filter({ hasText: layer }).waitFor();
    await workbench.picture('panel-returns');
  });

  it('writes the iteration as a program that node runs', async () => {
    await workbench.command('Export Listing');
    const field = workbench.page.locator('.quick-input-widget').filter({ has: workbench.page.locator('.quick-input-title', { hasText: 'Export Listing' }) }).locator('input.input');
    await workbench.until(async () => (await field.inputValue()).endsWith('.mjs'), 'a name in the dialog');
    const file = path.join(workspace, 'exported.mjs');
    await field.fill(file);
    await field.press('Enter');
    await workbench.page.locator('.notification-list-item-message').filter({ hasText: 'Written: exported.mjs' }).waitFor();
    assert.match(readFileSync(file, 'utf8'), /@tensorflow\/tfjs/);
    assert.ok(existsSync(path.join(workspace, 'exported.safetensors')));
  });

  it('sets a weight in Variables, goes on from it, and takes it back', async () => {
    await workbench.moves(() => panel.locator('.phase[data-phase="forward"]').click());
    await workbench.step('F11');
    const trace = await run.iteration(2), bias = trace.weights.find(({ weight }) => weight === 'bias'), before = trace.loss;
    assert.match(await workbench.place(), /iteration 3 · forward · /);
    const wanted = await run.lossWith(trace, [{ tensor: bias?.before ?? -1, element: 1, value: 0.25 }]);
    await workbench.debugView();
    const row = (name: string): Locator => workbench.page.locator('.debug-variables .monaco-list-row').filter({ has: workbench.page.getByText(name, { exact: true }).or(workbench.page.getByText(`${name} =`, { exact: true })) }).first();
    await workbench.expandVariable('Weights');
    await workbench.expandVariable('bias');
    const field = workbench.page.locator('.debug-variables .monaco-inputbox input');
    await workbench.until(async () => {
      await row('1').dblclick({ timeout: 3000 }).catch(() => undefined);
      return field.fill('0.25', { timeout: 2000 }).then(() => true, () => false);
    }, 'a field for the value');
    await field.press('Enter');
    const notice = panel.locator('.status.changed');
    await notice.waitFor();
    assert.match(await notice.textContent() ?? '', /Set by hand: \S+ in iteration 3\./);
    const lossShown = async (): Promise<number> => numbersIn(await panel.locator('.facts .now b').textContent() ?? '')[0] ?? NaN;
    await workbench.until(async () => agree(await lossShown(), wanted, 4), `the loss ${wanted}`);
    await workbench.picture('set-value');
    await notice.locator('vscode-button').click();
    await notice.waitFor({ state: 'detached' });
    await workbench.until(async () => agree(await lossShown(), before, 4), `the loss ${before}`);
  });

  it('starts anew with Restart', async () => {
    await workbench.page.locator('.debug-toolbar .action-label[aria-label^="Restart"]').click();
    await workbench.until(async () => /iteration 1 · forward · /.test(await workbench.place()), 'the first iteration');
    await workbench.until(async () => await workbench.currentLine() === listing.lineOfGroup(0), 'the arrow on the first layer');
    await workbench.page.keyboard.press('Shift+F5');
    await workbench.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
  });
});
