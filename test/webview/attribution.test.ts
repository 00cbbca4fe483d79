/** The tab Look in the panel, with a real run behind it. */
import assert from 'node:assert/strict';
import { closeAll, openWebview } from './browser';
import type { OpenPage, PageOptions } from './browser';
import { exampleRuns } from './fixtures/real';
import type { RunHost } from './fixtures/real';
import { until } from './until';

const few = { data: { generator: 'digits', examples: 200 }, batchSize: 16, backend: 'wasm' } as const;

describe('what the network looks at, in the panel', () => {
  let opened: OpenPage;
  const runs = exampleRuns(few, (host) => host.controller.jumpTo({ kind: 'iteration', iteration: 40 }));
  after(async () => {
    await runs.close();
    await closeAll();
  });
  afterEach(async () => {
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });
  const open = async (name: string, options: PageOptions = {}): Promise<RunHost> => {
    const host = await runs.of(name);
    opened = await openWebview(host, { width: 980, height: 860, state: { tab: 'look', graphHidden: true }, ...options });
    const mine = opened;
    host.report = (event) => { void mine.send(event).catch(() => undefined); };
    await opened.page.locator('.attribution-settings select').first().waitFor();
    return host;
  };
  const choose = (label: string, value: string): Promise<unknown> => opened.page.locator('.attribution-settings label', { hasText: label }).locator('select').selectOption(value);
  const requests = (wanted: string): number => opened.sent.filter((message) => message.kind === 'request' && message.name === wanted).length;
  const compute = async (): Promise<void> => { await opened.page.locator('vscode-button', { hasText: 'Compute' }).click(); };
  const result = (label: string): Promise<void> => opened.page.locator(`.attribution [aria-label="${label}"]`).waitFor();

  it('asks nothing before the tab is opened, then shows the gradient of the predicted class by itself', async () => {
    await open('lenet5', { state: { tab: 'look', graphHidden: true }, theme: 'dark' });
    await result('Map over the input');
    assert.match(await opened.page.locator('.attribution-method').innerText(), /Deep Inside Convolutional Networks; Simonyan, Vedaldi, Zisserman, 2013/);
    assert.match(await opened.page.locator('.unit-words').innerText(), /predicted/);
    await opened.screenshot('look-saliency-dark');
    await opened.page.getByRole('tab', { name: 'Tensors' }).click();
    const before = requests('attribution') + requests('attributionChoices');
    await opened.page.locator('.step').waitFor();
    assert.equal(requests('attribution') + requests('attributionChoices'), before);
  });

  for (const [method, theme, button, label] of [
    ['gradientTimesInput', 'light', false, 'Map over the input'], ['integratedGradients', 'hcDark', true, 'Map over the input'], ['gradCam', 'dark', false, 'Map over the input'],
    ['occlusion', 'light', true, 'Map over the input'], ['maximisation', 'hcLight', true, 'The input it likes best'], ['examples', 'dark', true, 'Top examples'],
  ] as const) {
    it(`shows ${method} in ${theme}`, async () => {
      await open('lenet5', { theme });
      await choose('method', method);
      if (method === 'examples' || method === 'maximisation') await choose('unit of', 'conv_2');
      if (button) await compute();
      await result(label);
      await opened.page.waitForFunction(() => document.querySelector('.attribution .stale') === null);
      if (method === 'examples') {
        assert.equal(await opened.page.locator('.thumbnails li').count(), 9);
        assert.equal(await opened.page.locator('.thumbnails .outline.window').count(), 9);
      }
      await opened.screenshot(`look-${method}-${theme}`);
    });
  }

  it('shows the map that the engine computes, for another example and unit', async () => {
    const host = await open('lenet5');
    await choose('method', 'gradCam');
    await choose('maps of', 'conv_1');
    await opened.page.locator('.attribution-settings label', { hasText: 'number' }).locator('input').fill('3');
    await opened.page.getByRole('button', { name: 'Next example' }).or(opened.page.locator('vscode-button[aria-label^="Next example"]')).first().click();
    const asked = (): { example: number; unit: { index: number[] }; layer: string } | undefined => opened.sent.flatMap((message) => (message.kind === 'request' && message.name === 'attribution' ? [message.argument as { example: number; unit: { index: number[] }; layer: string }] : [])).at(-1);
    await opened.page.waitForFunction(() => document.querySelector('.attribution .stale') === null);
    await until(() => asked()?.example, (example) => example === 1);
    assert.deepEqual([asked()?.example, asked()?.unit.index, asked()?.layer], [1, [3], 'conv_1']);
    await result('Map over the input');
    assert.match(await opened.page.locator('[aria-label="Map over the input"] .fine').innerText(), /maps of conv_1/);
    void host;
  });

  it('computes with progress, and stops when it is told to', async () => {
    await open('lenet5');
    await choose('method', 'integratedGradients');
    await opened.page.locator('.attribution-settings label', { hasText: 'steps' }).locator('input').fill('2000');
    await compute();
    await opened.page.waitForFunction(() => Number(document.querySelector('.asking-bar')?.getAttribute('aria-valuenow')) >= 2);
    await opened.page.locator('vscode-button', { hasText: 'Cancel' }).click();
    await opened.page.locator('vscode-button', { hasText: 'Compute' }).waitFor();
    assert.equal(await opened.page.locator('[aria-label="Map over the input"]').count(), 0);
  });

  it('has bars for vectors, and a sentence where a method does not apply', async () => {
    await open('students', { theme: 'light', width: 700, height: 560 });
    await choose('method', 'gradientTimesInput');
    await result('Map alone');
    await opened.page.locator('.bars li').first().waitFor();
    assert.deepEqual(await opened.page.locator('.bars .bar-name').evaluateAll((names) => names.map((name) => name.firstChild?.textContent)), ['lectures', 'hours']);
    await opened.screenshot('look-students-light');
    await choose('method', 'gradCam');
    await opened.page.locator('.attribution-method .card-problem', { hasText: 'It needs pictures' }).waitFor();
    await choose('method', 'maximisation');
    await compute();
    await result('The input it likes best');
    await choose('method', 'examples');
    await compute();
    await result('Top examples');
    await opened.screenshot('look-students-examples');
  });
});
