// Set Value: in Variables by name, in Watch by expression; another history from there on, or one sentence.
import assert from 'node:assert/strict';
import { engine } from '@tensorflow/tfjs-core';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { Client } from './client';
import { students } from './fixture';

const sgd = { ...students, optimizer: { type: 'sgd', learningRate: 0.5 } };

describe('Set Value', () => {
  const clients: Client[] = [];
  const start = async (config: object = sgd): Promise<Client> => {
    const client = new Client();
    clients.push(client);
    await client.start(config);
    return client;
  };
  afterEach(async () => { for (const client of clients.splice(0)) await client.end(); });
  const set = async (client: Client, expression: string, value: string): Promise<string> => {
    const { success, message, body } = (await client.raw('setExpression', { expression, value })) as DebugProtocol.SetExpressionResponse;
    return success ? body.value : `! ${message ?? ''}`;
  };
  const number = async (client: Client, expression: string): Promise<number> => Number(await client.evaluate(expression));

  it('gives an element of Variables another value, and the run goes on from it', async () => {
    const client = await start();
    const weights = await client.variables((await client.scopes()).get('Weights')?.variablesReference ?? 0);
    const kernel = weights.find(({ name }) => name === 'kernel'), [row] = await client.variables(kernel?.variablesReference ?? 0);
    const { value } = await client.request<DebugProtocol.SetVariableResponse['body']>('setVariable', { variablesReference: row?.variablesReference, name: '1', value: '0.25' });
    assert.equal(value, '0.25');
    assert.equal((await client.event<DebugProtocol.StoppedEvent['body']>('stopped')).description, 'Paused with a value set');
    assert.equal(await client.evaluate('hidden.kernel[0, 1]'), '0.25');
    // hidden = sigmoid(x · kernel + bias), with the kernel as it is now.
    const parts = await Promise.all(['x[0, 0] * 0.25 + x[0, 1] * hidden.kernel[1, 1] + hidden.bias[1]', 'hidden.output[0, 1]'].map((expression) => number(client, expression)));
    assert.ok(Math.abs(1 / (1 + Math.exp(-(parts[0] ?? NaN))) - (parts[1] ?? NaN)) < 1e-6, parts.join());
  });

  it('takes slices, whole tensors and expressions', async () => {
    const client = await start();
    assert.match(await set(client, 'hidden.kernel', '0'), /^float32 2×3 · all zeros/);
    assert.match(await set(client, 'hidden.bias', 'hidden.bias * 0 + 2'), /^float32 3 \[2, 2, 2\]$/);
    assert.match(await set(client, 'hidden.kernel[:, 1]', '-1'), /\[-1, -1\]/);
    assert.equal(await set(client, 'x[0, 0]', '1 / 4'), '0.25');
    assert.equal(await number(client, 'sum(abs(hidden.kernel))'), 2);
  });

  it('changes a gradient and with it the weight that it updates', async () => {
    const client = await start();
    await client.jump(client.layerLine('will_pass', 'backward'));
    const where = await client.where(), loss = await client.evaluate('loss');
    assert.equal(await set(client, 'grad(will_pass.kernel)[0, 0]', '8'), '8');
    assert.equal(await client.where(), where);
    assert.equal(await client.evaluate('loss'), loss);
    const before = await number(client, 'will_pass.kernel[0, 0]');
    await client.jump(client.layerLine('will_pass', 'update', 'kernel'));
    assert.ok(Math.abs(await number(client, 'will_pass.kernel[0, 0]') - (before - 4)) < 1e-5);
  });

  it('makes a history that stepping back and forth repeats, until it is taken back', async () => {
    const client = await start(), { controller } = client.session;
    const lossOf = async (iteration: number): Promise<number> => {
      await controller?.jumpTo({ kind: 'iteration', iteration });
      return controller?.trace.loss ?? NaN;
    };
    const before = [await lossOf(0), await lossOf(1), await lossOf(2)];
    await controller?.jumpTo({ kind: 'iteration', iteration: 1 });
    await set(client, 'before(will_pass.bias)', '3');
    const after = [await lossOf(0), await lossOf(1), await lossOf(2)];
    assert.equal(after[0], before[0]);
    assert.ok(after[1] !== before[1] && after[2] !== before[2]);
    assert.deepEqual([await lossOf(2), await lossOf(1)], [after[2], after[1]]);
    assert.deepEqual([...controller?.changes.keys() ?? []], [1]);
    await controller?.restore();
    assert.equal(controller?.trace.iteration, 1);
    assert.deepEqual([await lossOf(0), await lossOf(1), await lossOf(2)], before);
  });

  for (const [place, value, sentence] of [
    ['hidden.kernel', '[1, 2]', /does not fit here/], ['hidden.kernel', 'x', /'hidden\.kernel' has the shape \[2, 3\], the value \[8, 2\]: give one number, or one for each of its 6 elements/],
    ['iteration', '4', /'iteration' cannot be set: only a tensor of the network can/], ['hidden.kernel + 1', '4', /cannot be set: only a tensor of the network can/], ['norm(x)', '4', /cannot be set/],
    ['hidden.kernel[7, 0]', '1', /Index 7 lies outside axis 0/], ['loss', '1', /has no value yet/], ['hidden.bias', '"two"', /takes numbers, not text/], ['nothing', '1', /is not a tensor, layer or weight/],
  ] as const) {
    it(`refuses ${place} = ${value} in a sentence, and nothing moves`, async () => {
      const client = await start(), loss = client.session.controller?.trace.loss;
      assert.match(await set(client, place, value), sentence);
      assert.equal(client.session.controller?.changes.size, 0);
      assert.equal(client.session.controller?.trace.loss, loss);
    });
  }

  it('refuses lines of Variables that are no tensors, and marks them', async () => {
    const client = await start(), gradients = (await client.scopes()).get('Gradients')?.variablesReference ?? 0;
    const [line] = await client.variables(gradients);
    assert.deepEqual(line?.presentationHint, { attributes: ['readOnly'] });
    const { success, message } = await client.raw('setVariable', { variablesReference: gradients, name: line?.name, value: '1' });
    assert.ok(!success && /cannot be set/.test(message ?? ''), message);
  });

  it('leaves no tensor behind', async () => {
    const before = engine().state.numTensors;
    const client = await start();
    for (const value of ['1', '2', '3']) await set(client, 'hidden.kernel', value);
    await client.go('next');
    await client.end();
    clients.length = 0;
    assert.equal(engine().state.numTensors, before);
  });
});
