import assert from 'node:assert/strict';
import type { RunView } from '../../src/protocol/run';
import { closeAll, openWebview, themeNames } from './browser';
import type { OpenPage, PageOptions } from './browser';
import { forwardCursor, lenet, lenetHost, lossCursor, run } from './fixtures/lenet';

/** Opens a run, does something, takes a picture, and checks that the browser had nothing to complain about. */
async function withRun(view: RunView, options: PageOptions, act: (opened: OpenPage) => Promise<void>): Promise<void> {
  const opened = await openWebview(lenetHost({ type: 'run', run: view }), options);
  await opened.page.waitForSelector('.strip');
  await opened.settled();
  await act(opened);
  assert.deepEqual(opened.complaints, []);
  await opened.close();
}

describe('states of the panel', () => {
  after(closeAll);

  for (const theme of themeNames) {
    it(`running, failed, ended and not started in ${theme}`, () => withRun(run, { theme, width: 720, height: 600 }, async (opened) => {
      await opened.send({ type: 'status', status: { kind: 'running', iteration: 17 } });
      await opened.page.waitForSelector('text=Running iteration 18');
      await opened.screenshot(`running-${theme}`);
      await opened.send({ type: 'status', status: { kind: 'failed', message: 'students.csv: row 17, column "age" holds "n/a"; every feature must be a number.' } });
      await opened.page.waitForSelector('[role=alert]');
      await opened.screenshot(`stopped-${theme}`);
      await opened.send({ type: 'status', status: { kind: 'ended' } });
      await opened.page.waitForSelector('text=The run has ended');
      await opened.send({ type: 'run', run: { ...run, cursor: null, losses: [] } });
      await opened.page.waitForSelector('text=Waiting for the first step');
      await opened.send({ type: 'failed', message: 'lenet5.keras: the archive ends after 512 of 91,200 bytes; it was not saved or copied completely.' });
      await opened.page.waitForSelector('text=This cannot be shown');
      await opened.screenshot(`failed-${theme}`);
    }));
  }

  for (const width of [500, 620, 1300]) {
    it(`keeps its layout at ${width} pixels`, () => withRun(run, { width, height: width === 500 ? 500 : 800 }, async (opened) => {
      await opened.screenshot(`run-${width}`);
      const overflow = await opened.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0);
    }));
  }

  it('shows training as a curve and numbers', () => withRun(run, { state: { tab: 'training' }, height: 700 }, async (opened) => {
    await opened.page.waitForSelector('.training canvas');
    await opened.screenshot('training');
    assert.equal(await opened.page.locator('.training tbody tr').count(), 40);
  }));

  it('shows the loss and the forward pass', () => withRun({ ...run, cursor: lossCursor }, {}, async (opened) => {
    await opened.screenshot('loss');
    await opened.send({ type: 'cursor', cursor: forwardCursor });
    await opened.page.waitForSelector('text=convolution, bias, tanh');
    await opened.settled();
    await opened.screenshot('forward');
  }));

  it('shows problems and layers that cannot run', async () => {
    const nodes = lenet.nodes.map((node) => (node.id === 'pool_2' ? { ...node, type: 'FancyPool', problem: 'The layer pool_2 is of the class FancyPool, which Backstep does not know.' } : node));
    const graph = { ...lenet, nodes, problems: ['The layer pool_2 is of the class FancyPool, which Backstep does not know; the network can be looked at, but not run.'] };
    const opened = await openWebview(lenetHost({ type: 'model', graph, canStep: false }), { theme: 'light', width: 1000, height: 700 });
    await opened.page.waitForSelector('.node.problem');
    await opened.screenshot('problems');
    assert.equal(await opened.page.locator('text=Step Through').count(), 0);
    await opened.close();
  });
});
