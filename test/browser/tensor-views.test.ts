// A slice of a weight leaves the product: through VS Code's own save dialog, and to the clipboard.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Frame, Locator } from 'playwright-core';
import { openNetwork } from '../../src/formats/registry';
import { readNpy } from '../../src/tensor/npy';
import type { TensorValue } from '../../src/tensor/value';
import { Workbench, pictureOfFailure } from './workbench';

const workspace = process.env.BACKSTEP_WORKSPACE ?? '';

describe('a slice of a weight', () => {
  let workbench: Workbench;
  let editor: Frame;
  let card: Locator;
  let kernel: TensorValue;
  const file = path.join(workspace, 'conv_2_kernel_1_3.npy');

  before(async () => {
    rmSync(file, { force: true });
    workbench = await Workbench.open();
    editor = await workbench.openModel('lenet5.keras');
    await editor.locator('[data-node="conv_2"]').click();
    card = editor.locator('[data-card="conv_2/kernel"]');
    await card.locator('.tensor-canvas canvas').waitFor();
    const { network, weights } = await openNetwork(path.join(workspace, 'lenet5.keras'));
    kernel = await weights.read(network.layers.find(({ name }) => name === 'conv_2')?.weights.find(({ name }) => name === 'kernel')?.key ?? '');
    await weights.close();
  });
  after(async () => {
    rmSync(file, { force: true });
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));
  const slice = (): number[] => Array.from({ length: 25 }, (_, place) => Number(kernel.data[(place * 6 + 1) * 16 + 3]));

  it('is chosen by typing it', async () => {
    await card.locator('.card-more').click();
    const field = card.locator('vscode-text-field input');
    await field.fill('[:, :, 1, 3]');
    await field.press('Enter');
    await workbench.until(async () => await card.getAttribute('data-kind') === 'heat', 'a heat map');
    await workbench.picture('slice');
  });

  it('is saved as a NumPy file where the dialog says', async () => {
    await card.locator('vscode-button', { hasText: '.npy' }).click();
    const field = workbench.page.locator('.quick-input-widget input.input');
    await workbench.until(async () => (await field.inputValue().catch(() => '')).endsWith('conv_2_kernel_1_3.npy'), 'the save dialog');
    await field.press('Enter');
    await editor.locator('.notice', { hasText: 'Saved 25 numbers to conv_2_kernel_1_3.npy' }).waitFor();
    const saved = readNpy(readFileSync(file));
    assert.deepEqual([saved.shape, saved.dtype, [...saved.data]], [[5, 5], 'float32', slice()]);
  });

  it('is copied as numbers that paste into a table', async () => {
    await workbench.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await card.locator('vscode-button', { hasText: 'Numbers' }).click();
    await editor.locator('.notice', { hasText: 'Copied 25 numbers of conv_2/kernel[:, :, 1, 3].' }).waitFor();
    const text = await workbench.page.evaluate(() => navigator.clipboard.readText());
    assert.deepEqual(text.split('\n').map((line) => line.split('\t').map((number) => Math.fround(Number(number)))), [0, 1, 2, 3, 4].map((row) => slice().slice(5 * row, 5 * row + 5)));
  });
});
