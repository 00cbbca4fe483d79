/** A weight of a real run, pinned before it is trained and compared with what it has become. */
import assert from 'node:assert/strict';
import { compareTensors } from '../../src/tensor/compare';
import { exactNumber } from '../../webview/render/numbers';
import { closeAll, openWebview, themeNames } from './browser';
import type { OpenPage } from './browser';
import { openRun } from './fixtures/real';
import type { RunHost } from './fixtures/real';
import { until } from './until';

describe('a pinned weight of a run', () => {
  let host: RunHost;
  before(async () => { host = await openRun('media/examples/lenet5.run.json', { batchSize: 8 }); });
  after(async () => {
    await host.close();
    await closeAll();
  });
  /** Goes to the convolution of conv_2 in an iteration; the number of its kernel's tensor. */
  const goTo = async (iteration: number): Promise<number> => {
    const { controller } = host;
    await controller.jumpTo({ kind: 'iteration', iteration });
    const op = controller.trace.ops.find(({ kernel, layer, phase }) => layer === 'conv_2' && phase === 'forward' && kernel.includes('Conv2D')) ?? assert.fail();
    await controller.jumpTo({ kind: 'op', iteration, op: op.index });
    return controller.trace.weights.find(({ layer, weight }) => layer === 'conv_2' && weight === 'kernel')?.before ?? assert.fail();
  };
  const follow = async (opened: OpenPage): Promise<void> => {
    const { cursor } = host.view();
    assert.ok(cursor);
    await opened.send({ type: 'cursor', cursor });
  };

  for (const theme of themeNames) {
    it(`stays in the strip and is compared element by element, in ${theme}`, async () => {
      const first = await goTo(0), { controller } = host;
      const before = controller.trace.tensors.get(first)?.read() ?? assert.fail();
      const opened = await openWebview(host, { width: 1100, height: 860, theme });
      await opened.settled();
      const card = opened.page.locator(`[data-card="${first}"]`);
      await card.locator('.card-more').click();
      await card.locator('vscode-button', { hasText: 'Pin' }).click();
      await until(() => opened.page.locator('.pin').count(), (count) => count >= 1);
      const second = await goTo(2);
      await follow(opened);
      const after = controller.trace.tensors.get(second)?.read() ?? assert.fail();
      const { largest, index, different } = compareTensors(before, after);
      assert.ok(different > 1000 && index !== null);
      await opened.page.locator('.pin').last().locator('vscode-button', { hasText: 'Compare' }).click();
      const words = await until(() => opened.page.locator('.comparison-words').innerText(), (text) => text.startsWith('max |difference|'));
      assert.ok(words.startsWith(`max |difference| ${exactNumber(largest)} at [${index.join(', ')}]: `), words);
      assert.ok(words.endsWith(`${different.toLocaleString('en-US')} of 2,400 elements differ`), words);
      await until(() => opened.page.locator('.comparison .card').count(), (count) => count === 3);
      await opened.settled();
      await opened.page.mouse.move(2, 2);
      await opened.screenshot(`pins-${theme}`);
      // The view is rebuilt when it was hidden: what is pinned is still there.
      const again = await openWebview(host, { width: 900, height: 700 });
      await until(() => again.page.locator('.pin').count(), (count) => count >= 1);
      assert.match(await again.page.locator('.pin').last().innerText(), /conv_2_kernel\s+iteration 1 · forward, op \d+ of \d+/);
      await again.close();
      for (let left = await opened.page.locator('.pin').count(); left > 0; left -= 1) {
        await opened.page.locator('.pin vscode-button[aria-label^=Unpin]').first().click();
        await until(() => opened.page.locator('.pin').count(), (count) => count === left - 1);
      }
      assert.deepEqual(opened.complaints, []);
      await opened.close();
    });
  }
});
