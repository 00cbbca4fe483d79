/** Pictures of real networks and of a real run, in all themes, for the eye; and that nothing is refused or thrown on the way. */
import assert from 'node:assert/strict';
import { closeAll, openWebview } from './browser';
import type { ThemeName } from './browser';
import { openFile, openRun } from './fixtures/real';
import type { RunHost } from './fixtures/real';

const files = ['keras/resnet_mini.keras', 'keras/transformer_block.keras', 'keras/multi_io.keras', 'keras/autoencoder.keras', 'keras/cnn_zoo.keras', 'keras/lambda_model.keras', 'keras/gru_bidir.keras', 'keras/masked_text.keras', 'applications/InceptionV3.config.json', 'applications/ResNet50.config.json',
  'tensorflow/flow_models/lstm_v1/model.json', 'tensorflow/flow_models/branch_v2/model.json', 'tensorflow/flow_models/nested_v2/model.json'];

/** A theme each, so that all are seen. */
const themes: Readonly<Record<string, ThemeName>> = { first: 'light', conv: 'hcDark', op: 'hcLight', update: 'light' };

describe('gallery', () => {
  after(closeAll);
  for (const file of files) {
    it(`draws ${file}`, async () => {
      const host = await openFile(`test/fixtures/models/${file}`);
      const opened = await openWebview(host, { width: 1000, height: 900 });
      await opened.page.waitForSelector('.graph-layer', { state: 'attached' });
      await opened.settled();
      await opened.screenshot(`file-${file.replace(/\/model\.json$/, '').split('/').at(-1)?.split('.')[0]}`);
      assert.deepEqual(opened.complaints, []);
      await opened.close();
      await host.close();
    });
  }
  for (const [name, theme] of [['students', 'dark'], ['convnet', 'light'], ['perceptron', 'light']] as const) {
    it(`shows the example ${name} in its backward pass, with the engine's numbers`, async () => {
      const host = await openRun(`media/examples/${name}.run.json`);
      const opened = await openWebview(host, { width: 820, height: 760, theme });
      await opened.page.waitForSelector('.step');
      const { controller } = host;
      const { ops, groups } = controller.trace;
      const first = groups.find(({ phase, layer }) => phase === 'backward' && layer !== null)?.first ?? ops.length - 1;
      await controller.jumpTo({ kind: 'op', iteration: 0, op: first });
      await controller.stepOver();
      const { cursor } = host.view();
      assert.ok(cursor);
      await opened.send({ type: 'cursor', cursor });
      const card = cursor.cards.find(({ use, statistics }) => use === 'output' && statistics.count > 1) ?? cursor.cards.find(({ statistics }) => statistics.count > 1);
      assert.ok(card);
      await opened.page.waitForSelector(`[data-card="${card.tensor}"] .card-picture:not(.stale) canvas`);
      const value = Number(controller.trace.tensors.get(card.tensor)?.read().data[0]);
      const shown = await opened.page.locator('[aria-label="Numbers of the selection"] .statistics').innerText();
      const text = Number(shown.split('= ')[1]?.split(' ')[0]?.replaceAll('−', '-').replaceAll(',', ''));
      assert.ok(Math.abs(text - value) <= 1e-4 * Math.max(1e-6, Math.abs(value)), `${shown} shows ${value}`);
      await opened.settled();
      await opened.screenshot(`example-${name}`);
      assert.deepEqual(opened.complaints, []);
      await opened.close();
      await host.close();
    });
  }

  describe('a run of LeNet-5', () => {
    let host: RunHost;
    before(async () => { host = await openRun('media/examples/lenet5.run.json'); });
    after(() => host.close());
    for (const [name, move] of [
      ['first', () => Promise.resolve()],
      ['conv', async () => { await host.controller.stepOver(); }],
      ['loss', async () => { await host.controller.jumpTo({ kind: 'phase', phase: 'loss' }); }],
      ['backward', async () => { const op = host.controller.trace.ops.findIndex(({ kernel }) => kernel === 'Conv2DBackpropFilter'); await host.controller.jumpTo({ kind: 'op', iteration: 0, op }); }],
      ['op', async () => { await host.controller.stepOut(); }],
      ['update', async () => { await host.controller.jumpTo({ kind: 'phase', phase: 'update' }); }],
      ['later', async () => { await host.controller.jumpTo({ kind: 'iteration', iteration: 5 }); }],
    ] as const) {
      it(`shows ${name}`, async () => {
        await move();
        const opened = await openWebview(host, { width: 900, height: 860, theme: themes[name] ?? 'dark' });
        await opened.page.waitForSelector('.step');
        await opened.settled();
        await opened.screenshot(`lenet-${name}`);
        assert.deepEqual(opened.complaints, []);
        await opened.close();
      });
    }
  });
});
