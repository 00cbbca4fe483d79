import assert from 'node:assert/strict';
import type { RunView } from '../../src/protocol/run';
import { closeAll, openWebview, themeNames } from './browser';
import type { OpenPage, PageOptions } from './browser';
import { iterationTicks, tickTexts } from '../../webview/render/ticks';
import { until } from './until';
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

describe('the axes of the loss curve', () => {
  it('count round iterations from 1', () => {
    assert.deepEqual(iterationTicks(0, 55).map((tick) => tick + 1), [1, 10, 20, 30, 40, 50]);
    assert.deepEqual(iterationTicks(0, 4).map((tick) => tick + 1), [1, 2, 3, 4, 5]);
    assert.deepEqual(iterationTicks(0, 4000).map((tick) => tick + 1), [1, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000]);
  });
  it('write all numbers with the same decimals', () => {
    assert.deepEqual(tickTexts([0, 0.5, 1, 1.5, 2]), ['0.0', '0.5', '1.0', '1.5', '2.0']);
    assert.deepEqual(tickTexts([-2, 0, 2]), ['−2', '0', '2']);
  });
});

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

  for (const theme of themeNames) {
    it(`says what was set by hand, and takes it back when asked, in ${theme}`, async () => {
      const host = lenetHost({ type: 'run', run: { ...run, cursor: { ...forwardCursor, changed: ['conv2d_1.kernel in iteration 13'] } } });
      const opened = await openWebview(host, { theme, width: 720, height: 600 });
      const line = opened.page.locator('.status.changed');
      await line.waitFor();
      await opened.settled();
      assert.match(await line.textContent() ?? '', /Set by hand: conv2d_1\.kernel in iteration 13\./);
      await opened.screenshot(`changed-${theme}`);
      await line.locator('vscode-button').click();
      await until(() => host.asked.filter(([name]) => name === 'restore').length, (count) => count === 1);
      await opened.send({ type: 'cursor', cursor: forwardCursor });
      await line.waitFor({ state: 'detached' });
      assert.deepEqual(opened.complaints, []);
      await opened.close();
    });
  }

  it('moves nothing when a run begins and goes on', () => withRun(run, { width: 900, height: 600 }, async (opened) => {
    const places = (): Promise<string[]> => opened.page.locator('.phase-track, .loss-curve, .step-head, .card, .node').evaluateAll((parts) => parts.map((part) => { const { x, y, width, height } = part.getBoundingClientRect(); return [x, y, width, height].map(Math.round).join(); }));
    const before = await places();
    await opened.send({ type: 'status', status: { kind: 'running', iteration: 17 } });
    await opened.page.waitForSelector('text=Running iteration 18');
    assert.deepEqual(await places(), before);
    await opened.send({ type: 'losses', from: 40, losses: Array.from({ length: 9961 }, () => 0.123456) });
    await opened.send({ type: 'status', status: { kind: 'running', iteration: 10_000 } });
    await opened.page.waitForSelector('text=Running iteration 10001');
    assert.deepEqual(await places(), before);
  }));

  for (const width of [350, 461, 560, 622]) {
    it(`has loss, layers and gradients in sight at ${width} pixels`, () => withRun(run, { width, height: 800 }, async (opened) => {
      const box = async (selector: string): Promise<{ x: number; y: number; width: number; height: number }> => {
        const found = await opened.page.locator(selector).first().boundingBox();
        assert.ok(found !== null, selector);
        return found;
      };
      const loss = await box('.facts .now');
      assert.ok(loss.x >= 0 && loss.x + loss.width <= width, 'the loss is not cut off');
      const pair = await opened.page.locator('.card-row.pair').first().locator(':scope > .card').evaluateAll((cards) => cards.map((card) => Math.round(card.getBoundingClientRect().top)));
      assert.equal(pair.length, 2);
      assert.equal(pair[0], pair[1], 'the gradient stands beside its value');
      const pictures = await opened.page.locator('.card-row.pair').first().locator('.tensor-canvas').evaluateAll((canvases) => canvases.map((canvas) => Math.round(canvas.getBoundingClientRect().top)));
      assert.equal(pictures[0], pictures[1], 'so do the pictures');
      assert.deepEqual(await opened.page.locator('.phase .label').evaluateAll((labels) => labels.filter((label) => label.scrollWidth > (label.parentElement?.clientWidth ?? 0)).map((label) => label.textContent)), [], 'no phase is cut off');
      await opened.screenshot(`narrow-${width}`);
      if (width < 420) await opened.page.locator('[data-tab=graph]').click();
      await opened.settled();
      const frame = await box('.graph-frame');
      assert.ok(frame.y >= (await box('.tabs')).y + (width < 420 ? 30 : -1), 'the tabs stay in reach');
      for (const node of await opened.page.locator('.node').all()) {
        const { x, width: own } = await node.boundingBox() ?? { x: -1, width: 0 };
        assert.ok(x >= frame.x && x + own <= frame.x + frame.width, `${await node.getAttribute('data-node')} is not cut off`);
      }
      assert.ok(await opened.page.locator('.node.current').isVisible());
      await opened.screenshot(`narrow-${width}-graph`);
    }));
  }

  for (const width of [350, 461, 900]) {
    it(`keeps the settings of a tensor inside its card at ${width} pixels`, () => withRun(run, { width, height: 1000 }, async (opened) => {
      await opened.page.locator('.card-more').first().click();
      await opened.settled();
      const beyond = await opened.page.locator('.tensor-settings').first().evaluate((settings) => {
        const edge = settings.closest('.card')?.getBoundingClientRect().right ?? 0;
        return [...settings.querySelectorAll('*')].filter((part) => part.getBoundingClientRect().right > edge).map((part) => part.className);
      });
      assert.deepEqual(beyond, []);
      await opened.screenshot(`settings-${width}`);
    }));
  }

  it('sets the graph above the table in a narrow editor', async () => {
    const opened = await openWebview(lenetHost({ type: 'model', graph: lenet, canStep: true }), { width: 400, height: 900 });
    await opened.page.waitForSelector('.node');
    await opened.page.click('[data-node=conv2d_1]');
    await opened.settled();
    const [graph, table] = [await opened.page.locator('.graph-part').boundingBox(), await opened.page.locator('.layer-table').boundingBox()];
    assert.ok(graph !== null && table !== null && graph.width === 400 && table.y >= graph.y + graph.height);
    const beyond = await opened.page.locator('.settings dd, .layer-filter select').evaluateAll((parts) => parts.filter((part) => part.getBoundingClientRect().right > innerWidth).map((part) => part.textContent));
    assert.deepEqual(beyond, []);
    await opened.screenshot('model-400');
    await opened.close();
  });

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
