// Where a value comes from, what the network looks at, whether a gradient is right, and the arithmetic of one cell, asked by mouse and keyboard.
import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { methods } from '../../src/engine/attribution/methods';
import { subjectOf } from '../../src/engine/attribution/run-subject';
import type { Run } from '../../src/engine/run';
import type { TensorValue } from '../../src/tensor/value';
import { sizeOf } from '../../src/tensor/value';
import { placeAt } from '../../src/tensor/slice';
import { agree, numbersIn, openRun, outputOf } from './reference';
import { Workbench, pictureOfFailure } from './workbench';

const workspace = process.env.BACKSTEP_WORKSPACE ?? '';

/** One example of a tensor, `[1, …]`. */
function exampleOf({ dtype, shape, data }: TensorValue, example: number): TensorValue {
  const each = sizeOf(shape.slice(1));
  return { dtype, shape: [1, ...shape.slice(1)], data: data.slice(example * each, (example + 1) * each) };
}

describe('looking inside LeNet-5', () => {
  let workbench: Workbench;
  let run: Run;
  let panel: Frame;

  before(async () => {
    [workbench, run] = await Promise.all([Workbench.open(), openRun(workspace, 'LeNet-5: handwritten digits')]);
    const editor = await workbench.openModel('lenet5.keras');
    await editor.getByRole('button', { name: /step through/i }).click();
    await workbench.placeItem.waitFor();
    panel = await workbench.webview('.run');
  });
  after(async () => {
    run.dispose();
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));

  const nameOfOrigin = async (): Promise<string> => (await panel.locator('.fold .variable-name').textContent()) ?? '';

  it('shows where the value of a clicked element comes from, with the engine\'s numbers', async () => {
    await workbench.step('F10');
    await workbench.step('F10');
    assert.match(await workbench.place(), /forward · conv_2$/);
    const trace = await run.iteration(0), output = outputOf(trace, 'conv_2');
    const canvas = panel.locator(`[data-card="${output.id}"] .tensor-canvas canvas`).first();
    await canvas.waitFor();
    await canvas.click({ position: { x: 45, y: 37 } });
    await workbench.until(async () => /^conv_2\[.*[1-9]/.test(await nameOfOrigin()), 'a selected element of conv_2');
    await panel.locator('.fold').click();
    await panel.locator('[aria-label="What mattered of image"] canvas.still').waitFor();
    await panel.locator('[aria-label="What it feeds"] tbody tr').first().waitFor();
    const index = numbersIn((await nameOfOrigin()).replace('conv_2', ''));
    const value = Number(output.read().data[placeAt(output.shape, index)]);
    assert.ok(agree(numbersIn(await panel.locator('.origin-value b').textContent() ?? '')[0] ?? NaN, value, 6));
    // LeNet's second convolution sees 14 rows from 2 · row − 2 on: two 5 × 5 windows and a 2 × 2 pool between them.
    const [, row = NaN, column = NaN] = index;
    const range = (at: number): string => `${Math.max(0, 2 * at - 2)} to ${Math.min(27, 2 * at + 11)}`;
    assert.ok((await panel.locator('[aria-label="What it can see of image"] .statistics').textContent())?.endsWith(`rows ${range(row)}, columns ${range(column)}`));
    assert.match(await panel.locator('[aria-label="What made it"] .statistics').textContent() ?? '', /sum of 150 terms/);
    await panel.locator('.origin').evaluate((element) => { element.scrollIntoView({ block: 'start' }); });
    await workbench.picture('origin');
  });

  it('goes to an op that the value feeds by a click', async () => {
    await workbench.moves(() => panel.locator('[aria-label="What it feeds"] button', { hasText: /^dense_1$/ }).click());
    assert.match(await workbench.place(), /forward · dense_1/);
    await workbench.until(async () => /^dense_1\[/.test(await nameOfOrigin()), 'the origin of an element of dense_1');
    await panel.locator('.fold').click();
  });

  it('runs Grad-CAM for the class that the network predicts', async () => {
    await panel.getByRole('tab', { name: 'Look' }).click();
    await panel.locator('.attribution-settings label', { hasText: 'method' }).locator('select').selectOption('gradCam');
    const map = panel.locator('[aria-label="Map over the input"]');
    await map.locator('canvas').first().waitFor();
    const trace = await run.iteration(0), subject = await subjectOf(run, trace);
    const input = trace.tensors.get(trace.inputs['image']?.value ?? -1)?.read();
    assert.ok(input);
    const unit = Number(await panel.locator('.attribution-settings label', { hasText: 'number' }).locator('input').inputValue());
    const { score } = await methods.gradCam.run(subject, [exampleOf(input, 0)], { layer: null, index: [unit] }, { layer: 'conv_2' });
    await workbench.until(async () => agree(numbersIn(await map.locator('.shape').textContent() ?? '')[0] ?? NaN, score, 4), `the score ${score}`);
    assert.match(await panel.locator('.attribution-method').textContent() ?? '', /Selvaraju, .* 2017/);
    await workbench.picture('grad-cam');
    await panel.getByRole('tab', { name: 'Tensors' }).click();
  });

  it('checks a gradient from the command palette, on its card in the panel', async () => {
    await workbench.moves(() => workbench.commandWith('Backstep: Check Gradient', 'conv_2/kernel'));
    assert.match(await workbench.place(), /backward · conv_2/);
    const gradient = (await run.iteration(0)).weights.find(({ layer, weight }) => layer === 'conv_2' && weight === 'kernel')?.gradient ?? -1;
    const verdict = panel.locator(`[data-card="${gradient}"] .verdict`);
    await verdict.waitFor();
    assert.match(await verdict.textContent() ?? '', /The gradient is right in 24 of 2,400 elements/);
    const [line, frame] = await Promise.all([verdict.boundingBox(), panel.locator('.tab-panel').boundingBox()]);
    assert.ok(line !== null && frame !== null && line.y > frame.y && line.y + line.height < frame.y + frame.height, 'the verdict is in sight');
    await workbench.picture('check-gradient');
  });

  it('checks a gradient from its row in Variables', async () => {
    await workbench.debugView();
    await workbench.expandVariable('Output');
    const gradient = (await run.iteration(0)).weights.find(({ layer, weight }) => layer === 'conv_2' && weight === 'kernel')?.gradient ?? -1;
    const done = panel.locator(`[data-card="${gradient}"] .verdict`);
    await panel.locator(`[data-card="${gradient}"] vscode-button`, { hasText: 'Check again' }).waitFor();
    const row = workbench.page.locator('.debug-variables .monaco-list-row').filter({ hasText: 'd_conv_2_kernel' }).first();
    await workbench.menu('Check Gradient', () => row.click({ button: 'right' }));
    await panel.locator(`[data-card="${gradient}"] .asking, [data-card="${gradient}"] .verdict`).first().waitFor();
    await done.waitFor();
  });

  it('steps into an op to one element, and plays through the elements', async () => {
    await workbench.moves(() => panel.locator('[data-node="conv_1"]').click());
    await workbench.moves(() => panel.locator('.phase[data-phase="forward"]').click());
    await workbench.step('F11');
    await workbench.step('F11');
    assert.match(await workbench.place(), /forward · conv_1 · Conv2D$/);
    await workbench.page.keyboard.press('F11');
    const card = panel.locator('[aria-label="Arithmetic of one cell"]');
    await card.locator('tbody tr').first().waitFor();
    const element = async (): Promise<number> => numbersIn((await card.locator('header .shape').textContent() ?? '').replaceAll(',', ''))[0] ?? NaN;
    const start = await element();
    await card.locator('vscode-button[aria-label^="Play"]').click();
    await workbench.until(async () => await element() >= start + 3, 'three elements further');
    await card.locator('vscode-button[aria-label="Pause"]').click();
    await card.locator('vscode-button[aria-label^="Play"]').waitFor();
    await workbench.page.locator('.debug-variables .monaco-list-row').filter({ hasText: 'Terms' }).waitFor();
    await workbench.picture('cell-play');
    const [byTerms = NaN, byKernel = NaN] = await Promise.all([0, 1].map(async (row) => numbersIn(await card.locator('tfoot tr').nth(row).locator('td').last().textContent() ?? '')[0] ?? NaN));
    assert.ok(Math.abs(byTerms - byKernel) <= 1e-5 * Math.max(1, Math.abs(byKernel)), `${byTerms} and ${byKernel}`);
    const before = await element();
    await workbench.page.locator('.debug-toolbar .action-label[aria-label^="Step Back"]').click();
    await workbench.until(async () => await element() === before - 1, 'one element back');
  });
});
