import assert from 'node:assert/strict';
import { memory } from '@tensorflow/tfjs-core';
import type { Controller } from '../../../src/debug/controller';
import { checkableGradients, gradientNamed } from '../../../src/debug/insight/gradients';
import { Insight } from '../../../src/debug/insight/insight';
import { scopesOf } from '../../../src/debug/scopes/scopes';
import { framesOf } from '../../../src/debug/scopes/stack';
import type { Entry } from '../../../src/debug/scopes/variables';
import { cursorView } from '../../../src/debug/view/cursor-view';
import type { CheckView } from '../../../src/protocol/insight';
import { Failure } from '../../../src/tensor/failure';
import { launch, lenet, turn } from './launch';
import { withWrongTanh } from './wrong-gradient';

const gradientOf = ({ trace }: Controller, wantedLayer: string, wantedWeight: string): number =>
  trace.weights.find(({ layer, weight }) => layer === wantedLayer && weight === wantedWeight)?.gradient ?? assert.fail(`${wantedLayer}/${wantedWeight}`);
const code = (wanted: string) => (error: unknown): boolean => error instanceof Failure && error.code === wanted;

describe('Checking a gradient of the panel', () => {
  let controller: Controller;
  let insight: Insight;
  const progress: number[] = [];
  const check = (gradient: number, sample: number | null = 8, seed = 0): Promise<CheckView> => insight.check({ question: 'q', iteration: controller.trace.iteration, gradient, sample, seed });
  before(async () => {
    controller = await launch(lenet);
    insight = new Insight(controller, (_, done) => { progress.push(done); });
  });
  after(() => controller.end());

  it('finds a kernel\'s gradient right, and lists elements with their numbers, worst first', async () => {
    const gradient = gradientOf(controller, 'conv_2', 'kernel');
    const view = await check(gradient, 12);
    assert.equal(view.verdict, 'agrees');
    assert.deepEqual([view.checked, view.elements, view.by], [12, 5 * 5 * 6 * 16, controller.listing.names.get(controller.trace.weights.find((each) => each.gradient === gradient)?.before ?? -1)]);
    const tensor = controller.trace.tensors.get(gradient);
    const { data, shape } = tensor?.read() ?? assert.fail();
    for (const { index, recorded, numeric, noise } of view.worst) {
      assert.equal(recorded, data[index.reduce((place, at, axis) => place * (shape[axis] ?? 0) + at, 0)]);
      assert.ok(Math.abs(recorded - numeric) <= noise + 0.02 * Math.max(Math.abs(recorded), Math.abs(numeric)) + 1e-4, JSON.stringify({ recorded, numeric, noise }));
    }
    const beyond = view.worst.map(({ recorded, numeric, noise }) => Math.abs(recorded - numeric) - noise);
    assert.deepEqual(beyond, [...beyond].sort((a, b) => b - a));
    assert.match(view.tolerance, /^wasm computes in float32: .* less than 2 % /);
  });

  it('takes the same elements for the same seed, others for another, and all of them when asked', async () => {
    const gradient = gradientOf(controller, 'digit', 'kernel');
    const places = async (seed: number): Promise<string[]> => (await check(gradient, 6, seed)).worst.map(({ index }) => index.join()).sort();
    assert.deepEqual(await places(3), await places(3));
    assert.notDeepEqual(await places(3), await places(4));
    const bias = await check(gradientOf(controller, 'conv_1', 'bias'), null);
    assert.deepEqual([bias.checked, bias.verdict], [6, 'agrees']);
  });

  it('offers itself on whole gradients of weights, activations and inputs alone', async () => {
    const { trace } = controller;
    await controller.jumpTo({ kind: 'op', op: trace.ops.findIndex(({ kernel }) => kernel === 'Conv2DBackpropFilter') });
    const { cards } = cursorView(controller.view);
    const offered = cards.filter(({ checkable }) => checkable);
    assert.ok(offered.length > 0);
    for (const { tensor } of offered) assert.equal(trace.tensors.get(tensor)?.gradientOf?.partial, false);
    for (const { tensor, checkable } of cards) if (trace.tensors.get(tensor)?.gradientOf === null) assert.equal(checkable, false);
    const pool = trace.layers.find(({ layer }) => layer === 'pool_1')?.outputGradients[0] ?? -1;
    assert.equal((await check(pool, 4)).verdict, 'agrees');
    assert.equal((await check(trace.inputs['image']?.gradient ?? -1, 4)).verdict, 'agrees');
    await assert.rejects(check(trace.inputs['image']?.value ?? -1), code('check.gradient'));
  });

  it('is found by name: weights first, in the network\'s order, and by the expressions that Variables uses', () => {
    const { view } = controller, found = checkableGradients(view);
    assert.deepEqual(found.slice(0, 4).map(({ by }) => by), ['conv_1/kernel', 'conv_1/bias', 'conv_2/kernel', 'conv_2/bias']);
    assert.ok(found.filter(({ weight }) => !weight).every(({ op }, i, all) => op >= (all[i - 1]?.op ?? 0)));
    assert.ok(found.every(({ gradient, op, name }) => view.trace.tensors.get(gradient)?.writer === op && view.listing.names.get(gradient) === name));
  });

  it('is taken from an expression of the debugger once that has a value', async () => {
    await assert.rejects(async () => { await controller.jumpTo({ kind: 'op', op: 0 }); gradientNamed(controller.view, 'grad(conv_2.kernel)'); }, code('expression.later'));
    await controller.jumpTo({ kind: 'phase', phase: 'update' });
    assert.equal(gradientNamed(controller.view, 'grad(conv_2.kernel)'), gradientOf(controller, 'conv_2', 'kernel'));
    assert.throws(() => gradientNamed(controller.view, 'conv_2.kernel'), code('check.gradient'));
    assert.throws(() => gradientNamed(controller.view, '1 + 1'), code('check.gradient'));
    const gradients = scopesOf(controller.view, framesOf(controller.view)[0] ?? assert.fail()).find(({ name }) => name === 'Gradients')?.children;
    const marked = (entries: readonly Entry[]): readonly Entry[] => entries.flatMap((entry) => [...(entry.isGradient === true ? [entry] : []), ...(entry.isTensor ? [] : marked(entry.children?.entries(0, 100) ?? []))]);
    assert.ok(marked(gradients?.entries(0, 100) ?? []).length > 0);
  });

  it('tells how far it has come, leaves the event loop its turns, and ends when it is withdrawn', async () => {
    progress.length = 0;
    const tensors = memory().numTensors;
    const asked = check(gradientOf(controller, 'dense_1', 'kernel'), null);
    let turns = 0;
    while (progress.length < 3) { await turn(); turns += 1; }
    assert.ok(turns > 10 && progress.every((done, i) => done > 0 && done < 1 && done >= (progress[i - 1] ?? 0)));
    insight.withdraw('q');
    await assert.rejects(asked, code('insight.withdrawn'));
    assert.equal(memory().numTensors, tensors, 'the tensors of the trial runs are given back');
  });

  it('goes on with its own iteration when the cursor steps to another one meanwhile', async () => {
    const asked = check(gradientOf(controller, 'conv_1', 'kernel'), 16);
    await controller.jumpTo({ kind: 'iteration', iteration: 1 });
    assert.equal((await asked).verdict, 'agrees');
    await assert.rejects(insight.check({ question: 'late', iteration: 0, gradient: 3, sample: 4, seed: 0 }), code('insight.gone'));
  });

  it('finds a wrong gradient that was planted, where it does harm and not behind it', async () => {
    await withWrongTanh(async () => {
      const wrong = await launch({ ...lenet, backend: 'cpu' });
      try {
        const asking = new Insight(wrong, () => undefined);
        const ask = (gradient: number): Promise<CheckView> => asking.check({ question: 'q', iteration: 0, gradient, sample: 6, seed: 1 });
        const found = await ask(gradientOf(wrong, 'dense_2', 'kernel'));
        assert.equal(found.verdict, 'differs');
        assert.ok((found.largestError ?? 0) > 0.1, String(found.largestError));
        assert.equal((await ask(gradientOf(wrong, 'digit', 'kernel'))).verdict, 'agrees', 'the last layer has no tanh behind it');
      } finally {
        await wrong.end();
      }
    });
  });
});
