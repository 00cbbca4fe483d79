/** The check of a gradient on its card, with a real run behind it. */
import assert from 'node:assert/strict';
import { withWrongTanh } from '../unit/insight/wrong-gradient';
import { closeAll, openWebview } from './browser';
import type { OpenPage, ThemeName } from './browser';
import { openRun } from './fixtures/real';
import type { RunHost } from './fixtures/real';

const few = { data: { generator: 'digits', examples: 16 }, batchSize: 4, backend: 'wasm' } as const;

describe('the check of a gradient in the panel', () => {
  let host: RunHost;
  let opened: OpenPage;
  before(async () => { host = await openRun('media/examples/lenet5.run.json', few); });
  after(async () => {
    await host.close();
    await closeAll();
  });
  afterEach(async () => {
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });

  /** Stopped where the gradient of a kernel is made, its card in sight. */
  const open = async (of: RunHost, layer: string, theme: ThemeName = 'dark', width = 900): Promise<number> => {
    const { controller } = of;
    const gradient = controller.trace.weights.find((weight) => weight.layer === layer && weight.weight === 'kernel')?.gradient ?? assert.fail(layer);
    await controller.jumpTo({ kind: 'op', op: controller.trace.tensors.get(gradient)?.writer ?? -1 });
    opened = await openWebview(of, { theme, width });
    of.report = (event) => { void opened.send(event).catch(() => undefined); };
    await opened.page.locator(`[data-card="${gradient}"] .check`).scrollIntoViewIfNeeded();
    return gradient;
  };
  const check = (gradient: number): string => `[data-card="${gradient}"] .check`;

  for (const [theme, width] of [['dark', 900], ['light', 900], ['hcDark', 620], ['hcLight', 900]] as const) {
    it(`says that a gradient is right, and shows the worst elements, in ${theme}`, async () => {
      const gradient = await open(host, 'conv_2', theme, width);
      await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Check' }).click();
      await opened.page.locator(`${check(gradient)} .verdict.good`).waitFor();
      assert.match(await opened.page.locator(`${check(gradient)} .verdict`).innerText(), /The gradient is right in 24 of 2,400 elements, relative error up to/);
      const rows = opened.page.locator(`${check(gradient)} tbody tr`);
      assert.equal(await rows.count(), 6);
      await rows.nth(2).locator('button').click();
      const index = (await rows.nth(2).locator('button').innerText()).slice(1, -1);
      await opened.page.locator('[aria-label="Numbers of the selection"] .statistics', { hasText: `[${index}] =` }).waitFor();
      assert.equal(await rows.nth(2).getAttribute('class'), 'chosen');
      await opened.page.locator(check(gradient)).scrollIntoViewIfNeeded();
      await opened.screenshot(`check-${theme}`);
    });
  }

  it('checks other elements with another seed, and all when there are few', async () => {
    const gradient = await open(host, 'conv_1');
    await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Check' }).click();
    await opened.page.locator(`${check(gradient)} .verdict`).waitFor();
    const worst = (): Promise<string> => opened.page.locator(`${check(gradient)} tbody`).innerText();
    const before = await worst();
    await opened.page.locator(`${check(gradient)} input[type=number]`).fill('7');
    await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Check again' }).click();
    await opened.page.waitForFunction(([selector, old]) => { const body = document.querySelector(`${selector} tbody`); return body !== null && (body as HTMLElement).innerText !== old; }, [check(gradient), before] as const);
    await opened.page.locator(`${check(gradient)} select`).selectOption('all');
    await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Check again' }).click();
    await opened.page.locator(`${check(gradient)} .verdict`, { hasText: 'in all 150 elements' }).waitFor();
  });

  it('shows progress, and stops when it is told to', async () => {
    const gradient = await open(host, 'conv_2');
    await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Check' }).click();
    await opened.page.locator(`${check(gradient)} .verdict`).waitFor();
    await opened.page.locator(`${check(gradient)} select`).selectOption('all');
    await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Check again' }).click();
    await opened.page.waitForFunction((selector) => Number(document.querySelector(`${selector} .asking-bar`)?.getAttribute('aria-valuenow')) >= 1, check(gradient));
    await opened.screenshot('check-progress');
    await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Cancel' }).click();
    await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Check' }).waitFor();
    assert.equal(await opened.page.locator(`${check(gradient)} .verdict`).count(), 0);
    assert.ok(opened.sent.some((message) => message.kind === 'request' && message.name === 'withdraw'));
  });

  it('starts by itself when the host asks for it', async () => {
    const gradient = await open(host, 'digit');
    await opened.send({ type: 'check', gradient });
    await opened.page.locator(`${check(gradient)} .verdict.good`).waitFor();
  });

  it('finds a wrong gradient that was planted', async () => {
    await withWrongTanh(async () => {
      const wrong = await openRun('media/examples/lenet5.run.json', { ...few, backend: 'cpu' });
      const gradient = await open(wrong, 'dense_2');
      await opened.page.locator(`${check(gradient)} vscode-button`, { hasText: 'Check' }).click();
      await opened.page.locator(`${check(gradient)} .verdict.bad`).waitFor();
      assert.match(await opened.page.locator(`${check(gradient)} .verdict`).innerText(), /✕ The gradient is wrong/);
      await opened.page.locator(check(gradient)).scrollIntoViewIfNeeded();
      await opened.screenshot('check-wrong');
      await wrong.close();
    });
  });
});
