/** Origin, Look and Check in the panel on models of other formats: pictures with their channels first, recurrent layers of ONNX, TFLite. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closeAll, openWebview } from './browser';
import type { OpenPage, PageOptions } from './browser';
import { openRun } from './fixtures/real';
import type { RunHost } from './fixtures/real';

const section = '[aria-label="Origin of the selected element"]';

describe('the deeper views on models of other formats', () => {
  let opened: OpenPage;
  const hosts = new Map<string, RunHost>();
  const folder = mkdtempSync(path.join(tmpdir(), 'backstep-webview-'));
  after(async () => {
    for (const host of hosts.values()) await host.close();
    rmSync(folder, { recursive: true });
    await closeAll();
  });
  afterEach(async () => {
    assert.deepEqual(opened.complaints, []);
    await opened.close();
  });
  const hostOf = async (model: string): Promise<RunHost> => {
    let host = hosts.get(model);
    if (host === undefined) {
      const file = path.join(folder, `${hosts.size}.run.json`);
      writeFileSync(file, JSON.stringify({ model: path.resolve('test/fixtures/models', model), data: { generator: 'patterns', examples: 24 }, loss: 'mean_squared_error', optimizer: 'sgd', batchSize: 4, backend: 'wasm', seed: 3 }));
      hosts.set(model, host = await openRun(file));
    }
    return host;
  };
  const open = async (model: string, layer: RegExp, options: PageOptions): Promise<{ host: RunHost; tensor: number }> => {
    const host = await hostOf(model), { controller } = host;
    const group = controller.trace.groups.find((each) => each.phase === 'forward' && each.layer !== null && layer.test(each.layer)) ?? assert.fail(`${layer}`);
    await controller.jumpTo({ kind: 'op', iteration: controller.trace.iteration, op: group.last });
    opened = await openWebview(host, { width: 980, height: 1000, ...options });
    const mine = opened;
    host.report = (event) => { void mine.send(event).catch(() => undefined); };
    return { host, tensor: controller.trace.ops[group.last]?.outputs[0] ?? -1 };
  };

  for (const [model, layer, theme, words, note] of [
    ['torch/torch_cnn.onnx', /conv2/, 'dark', / × .* of 14 × 14: rows \d+ to \d+, columns/, null], ['torch/torch_cnn.onnx', /fc/, 'hcLight', /all of it: 1 × 14 × 14/, /All of it, because fc\/Gemm \(Gemm\) has a weight for every position/],
    ['torch/torch_lstm.onnx', /LSTM/, 'light', /example \d+ · (all of it|.*steps? \d+)[^]*each step sees its own place and all that lies before it/, null], ['tflite/lite_cnn.float.tflite', /depthwise/, 'hcDark', / × .* of /, null],
  ] as const) {
    it(`shows the origin of a value of ${model}, ${layer.source}, in ${theme}`, async () => {
      const { tensor } = await open(model, layer, { theme, state: { originOpen: true, graphHidden: true } });
      const canvas = opened.page.locator(`[data-card="${tensor}"] canvas`).first();
      if (await canvas.count() > 0) { const box = await canvas.boundingBox(); await canvas.click({ position: { x: (box?.width ?? 0) / 2 + 3, y: (box?.height ?? 0) / 2 + 3 } }); }
      const seen = opened.page.locator(`${section} [aria-label^="What it can see of"]`).first();
      await seen.waitFor();
      await opened.page.locator(`${section} [aria-label^="What mattered of"]`).first().waitFor();
      await opened.page.waitForFunction(() => document.querySelector('.origin-parts.stale') === null);
      assert.match(await seen.innerText(), words);
      if (note !== null) assert.match(await seen.innerText(), note);
      await opened.page.locator(section).evaluate((element) => { element.scrollIntoView({ block: 'start' }); });
      await opened.screenshot(`origin-${path.basename(model)}-${layer.source.replace(/\W/g, '')}-${theme}`);
    });
  }

  for (const [model, method, theme] of [['torch/torch_cnn.onnx', 'gradCam', 'light'], ['torch/torch_cnn.onnx', 'occlusion', 'hcDark'], ['tflite/lite_cnn.float.tflite', 'gradCam', 'dark'], ['tfjs/tfjs_graph_cnn/model.json', 'occlusion', 'hcLight']] as const) {
    it(`shows ${method} of ${model} in ${theme}`, async () => {
      await open(model, /./, { theme, state: { tab: 'look', graphHidden: true } });
      const choice = opened.page.locator('.attribution-settings label', { hasText: 'method' }).locator('select');
      await choice.waitFor();
      await choice.selectOption(method);
      if (method === 'occlusion') await opened.page.locator('vscode-button', { hasText: 'Compute' }).click();
      await opened.page.locator('.attribution [aria-label="Map over the input"]').waitFor();
      await opened.page.waitForFunction(() => document.querySelector('.attribution .stale') === null);
      await opened.screenshot(`look-${path.basename(path.dirname(model))}-${method}-${theme}`);
    });
  }
});
