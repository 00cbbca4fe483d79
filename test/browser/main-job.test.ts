// The main job as a person does it: open a model, see its graph, step through a training run and back, go on.
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { openNetwork } from '../../src/formats/registry';
import { graphView } from '../../src/network/graph-view';
import type { Run } from '../../src/engine/run';
import { makeListing } from '../../src/listing/listing';
import { statisticsOf } from '../../src/tensor/statistics';
import { agree, gradientOf, numbersIn, openRun, outputOf, statistics } from './reference';
import { Workbench, pictureOfFailure } from './workbench';

const workspace = process.env.BACKSTEP_WORKSPACE ?? '';
const launchName = 'LeNet-5: handwritten digits';

describe('LeNet-5, from the file to its gradients', () => {
  let workbench: Workbench;
  let run: Run;
  let panel: Frame;

  before(async () => {
    [workbench, run] = await Promise.all([Workbench.open(), openRun(workspace, launchName)]);
  });
  after(async () => {
    run.dispose();
    await workbench.close();
  });
  afterEach(pictureOfFailure(() => workbench));

  it('opens from the explorer as a graph with the file\'s layers and totals', async () => {
    const editor = await workbench.openModel('lenet5.keras');
    const { network, weights } = await openNetwork(path.join(workspace, 'lenet5.keras'));
    await weights.close();
    const graph = graphView(network);
    for (const { id, name, batchShape } of graph.nodes) {
      await editor.locator(`[data-node="${id}"]`).waitFor();
      assert.match(await editor.locator(`[data-node="${id}"]`).textContent() ?? '', new RegExp(name));
      assert.ok(batchShape !== undefined && (await editor.locator('.layer-row').filter({ hasText: name }).first().textContent())?.includes(batchShape), `${name} ${batchShape}`);
    }
    const facts = await editor.locator('.facts-line').textContent() ?? '';
    assert.ok(facts.includes(`${graph.totals.parameters.toLocaleString('en-US')} parameters`), facts);
    await workbench.picture('model');
  });

  it('shows a layer\'s settings and its weights with the file\'s numbers when it is clicked', async () => {
    const editor = await workbench.webview('.model');
    await editor.locator('[data-node="conv_1"]').click();
    const card = editor.locator('[data-card="conv_1/kernel"]');
    await card.locator('.tensor-canvas canvas').waitFor();
    const { network, weights } = await openNetwork(path.join(workspace, 'lenet5.keras'));
    const key = network.layers.find(({ name }) => name === 'conv_1')?.weights.find(({ name }) => name === 'kernel')?.key ?? '';
    const { min, max, mean, norm } = statisticsOf((await weights.read(key)).data);
    await weights.close();
    const shown = numbersIn(await card.locator('.statistics').getAttribute('title') ?? '');
    [min, max, mean, norm].forEach((wanted, index) => { assert.ok(agree(shown[index] ?? NaN, wanted, 5), `${shown[index]} for ${wanted}`); });
    assert.match(await editor.locator('.settings').textContent() ?? '', /kernel_size|strides/);
    await workbench.picture('layer');
  });

  it('starts stepping from the editor: stops at the first layer, listing and panel side by side', async () => {
    const editor = await workbench.webview('.model');
    await editor.getByRole('button', { name: /step through/i }).click();
    await workbench.placeItem.waitFor();
    panel = await workbench.webview('.run');
    assert.match(await workbench.place(), /iteration 1 · forward · conv_1$/);
    const trace = await run.iteration(0);
    assert.equal(await workbench.currentLine(), makeListing(trace, run.info.network).lineOfGroup(0));
    assert.ok(agree(numbersIn(await panel.locator('.facts .now b').textContent() ?? '')[0] ?? NaN, trace.loss, 4));
    await panel.locator('[data-node="conv_1"].current.forward').waitFor();
    await workbench.picture('entry');
  });

  it('steps over layers with F10, and the panel shows the numbers of the engine', async () => {
    await workbench.step('F10');
    assert.match(await workbench.place(), /forward · pool_1$/);
    await workbench.step('F10');
    assert.match(await workbench.place(), /forward · conv_2$/);
    await panel.locator('[data-node="conv_2"].current.forward').waitFor();
    await panel.locator('[data-node="conv_1"].done-forward').waitFor();
    const trace = await run.iteration(0);
    const { min, max, mean, norm } = statistics(outputOf(trace, 'conv_2'));
    const card = panel.locator(`[data-card="${outputOf(trace, 'conv_2').id}"]`);
    await card.locator('.tensor-canvas canvas').waitFor();
    const shown = numbersIn(await card.locator('.statistics').getAttribute('title') ?? '');
    [min, max, mean, norm].forEach((wanted, index) => { assert.ok(agree(shown[index] ?? NaN, wanted, 5), `${shown[index]} for ${wanted}`); });
  });

  it('steps into the operations with F11 and out again with Shift+F11', async () => {
    await workbench.step('F11');
    assert.match(await workbench.place(), /forward · conv_2 · Conv2D$/);
    await workbench.step('F10');
    assert.match(await workbench.place(), /forward · conv_2 · Add/);
    await workbench.step('Shift+F11');
    assert.match(await workbench.place(), /forward · pool_2$/);
  });

  it('steps back over the same layers', async () => {
    await workbench.toolbar('Step Back');
    assert.match(await workbench.place(), /forward · conv_2$/);
    await workbench.toolbar('Step Back');
    assert.match(await workbench.place(), /forward · pool_1$/);
  });

  it('shows call stack and variables with the engine\'s numbers', async () => {
    await workbench.debugView();
    assert.deepEqual(await workbench.callStack(), ['pool_1', 'forward', 'iteration 1']);
    const { norm } = statistics(outputOf(await run.iteration(0), 'pool_1'));
    await workbench.expandVariable('Output');
    const value = await workbench.variableValue('pool_1');
    const shown = numbersIn(/norm ([^ ]+)/.exec(value)?.[1] ?? '')[0] ?? NaN;
    assert.ok(agree(shown, norm, 4), value);
    await workbench.picture('variables');
  });

  it('goes to the first gradient by a breakpoint in the gutter and Continue', async () => {
    const trace = await run.iteration(0);
    const gradient = gradientOf(trace, 'digit', 'kernel');
    const line = makeListing(trace, run.info.network).lineOfOp(gradient.writer);
    await workbench.goToLine(line);
    await workbench.clickGutter(line);
    await workbench.step('F5');
    assert.equal(await workbench.currentLine(), line);
    assert.match(await workbench.place(), /iteration 1 · backward · digit · /);
    const card = panel.locator(`[data-card="${gradient.id}"]`);
    await card.locator('.tensor-canvas canvas').waitFor();
    const shown = numbersIn(await card.locator('.statistics').getAttribute('title') ?? '');
    const { min, max, mean, norm } = statistics(gradient);
    [min, max, mean, norm].forEach((wanted, index) => { assert.ok(agree(shown[index] ?? NaN, wanted, 5), `${shown[index]} for ${wanted}`); });
    await workbench.picture('backward');
  });

  it('evaluates expressions over tensors in Watch, in the hover and in the debug console', async () => {
    const trace = await run.iteration(0);
    const { norm } = statistics(gradientOf(trace, 'digit', 'kernel'));
    const watched = await workbench.watch('norm(grad(digit.kernel))');
    assert.ok(agree(Number(watched), norm, 5), watched);
    const hover = await workbench.hover('d_digit_kernel');
    assert.ok(agree(numbersIn(/norm ([^ ]+)/.exec(hover)?.[1] ?? '')[0] ?? NaN, norm, 4), hover);
    const answer = await workbench.console('loss * 2');
    assert.ok(agree(Number(answer), 2 * trace.loss, 5), answer);
    await workbench.picture('console');
    await workbench.page.keyboard.press('Control+KeyJ'); // closes the panel area
  });

  it('jumps to a layer by a click in the panel\'s graph, and sets a breakpoint by a double click', async () => {
    await workbench.moves(() => panel.locator('[data-node="dense_1"]').click());
    assert.match(await workbench.place(), /iteration 1 · backward · dense_1$/);
    await panel.locator('[data-node="dense_2"]').dblclick();
    await workbench.page.locator('.debug-breakpoints .monaco-list-row').filter({ hasText: 'dense_2' }).waitFor();
    await panel.locator('[data-node="dense_2"]').dblclick();
    await workbench.page.locator('.debug-breakpoints .monaco-list-row').filter({ hasText: 'dense_2' }).waitFor({ state: 'detached' });
  });

  it('goes on iteration after iteration while the loss curve grows, until Pause', async () => {
    const trace = await run.iteration(0);
    const line = makeListing(trace, run.info.network).lineOfOp(gradientOf(trace, 'digit', 'kernel').writer);
    await workbench.goToLine(line);
    await workbench.clickGutter(line);
    await panel.getByRole('tab', { name: 'Training' }).click();
    await workbench.page.keyboard.press('F5');
    const count = async (): Promise<number> => numbersIn(/of (\d+)/.exec(await panel.locator('.facts .now').textContent() ?? '')?.[1] ?? '0')[0] ?? 0;
    await workbench.until(async () => await count() >= 5, 'five iterations');
    await workbench.page.locator('.debug-toolbar .action-label[aria-label^="Pause"]').click();
    await workbench.page.locator('.debug-toolbar .action-label[aria-label^="Step Over"]:not(.disabled)').waitFor();
    await workbench.picture('training');
    const iteration = numbersIn(await workbench.place())[0] ?? 0;
    assert.ok(iteration >= 5, String(iteration));
    const { loss } = await run.iteration(iteration - 1);
    await workbench.until(async () => agree(numbersIn(await panel.locator('.facts .now b').textContent() ?? '')[0] ?? NaN, loss, 4), `loss ${loss} of iteration ${iteration} in the panel`);
    await panel.getByRole('tab', { name: 'Tensors' }).click();
  });

  it('steps back from an iteration into the one before', async () => {
    const iteration = numbersIn(await workbench.place())[0] ?? 0;
    await workbench.moves(() => panel.locator('[data-node="conv_1"]').click());
    await workbench.moves(() => panel.locator('.phase[data-phase="forward"]').click());
    await workbench.step('F11');
    assert.match(await workbench.place(), new RegExp(`iteration ${iteration} · forward · conv_1$`));
    await workbench.toolbar('Step Back');
    assert.match(await workbench.place(), new RegExp(`iteration ${iteration - 1} · update · `));
    const { loss } = await run.iteration(iteration - 2);
    await workbench.until(async () => agree(numbersIn(await panel.locator('.facts .now b').textContent() ?? '')[0] ?? NaN, loss, 4), `loss ${loss} in the panel`);
    await workbench.picture('step-back');
  });

  it('ends with Stop: the panel says so, and nothing of the session stays in the status bar', async () => {
    await workbench.page.keyboard.press('Shift+F5');
    await workbench.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    await panel.getByText('The run has ended').waitFor();
    await workbench.placeItem.waitFor({ state: 'hidden' });
  });
});
