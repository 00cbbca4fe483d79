import assert from 'node:assert/strict';
import { closeAll, openWebview, themeNames } from './browser';
import { lenet, lenetHost, run } from './fixtures/lenet';

describe('screens of the webview', () => {
  after(closeAll);
  for (const theme of themeNames) {
    it(`shows a run in ${theme}`, async () => {
      const opened = await openWebview(lenetHost({ type: 'run', run }), { theme });
      await opened.page.waitForSelector('.tensor-canvas canvas');
      await opened.settled();
      await opened.screenshot(`run-${theme}`);
      assert.deepEqual(opened.complaints, []);
      await opened.close();
    });
    it(`shows a model in ${theme}`, async () => {
      const opened = await openWebview(lenetHost({ type: 'model', graph: lenet, canStep: true }), { theme, width: 1100, height: 760 });
      await opened.page.waitForSelector('.node');
      await opened.page.click('[data-node=conv2d_2]');
      await opened.settled();
      await opened.screenshot(`model-${theme}`);
      assert.deepEqual(opened.complaints, []);
      await opened.close();
    });
  }
});
