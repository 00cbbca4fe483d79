/** Names on real networks: what a variable offers to be watched by gives its value, and every layer and weight can be written. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { Client } from './client';
import { moreNetworks } from './networks';

/** Every variable of every frame, as deep as groups go. */
async function everything(client: Client): Promise<readonly DebugProtocol.Variable[]> {
  const found: DebugProtocol.Variable[] = [];
  const collect = async (reference: number): Promise<void> => {
    for (const variable of await client.variables(reference)) {
      found.push(variable);
      if (variable.namedVariables !== undefined) await collect(variable.variablesReference);
    }
  };
  const frames = await client.frames();
  for (let frame = 0; frame < frames.length; frame += 1) for (const { variablesReference } of (await client.scopes(frame)).values()) await collect(variablesReference);
  return found;
}

for (const [name, config] of Object.entries(moreNetworks)) {
  describe(`names of ${name}`, () => {
    it('evaluate to what the variables show', async () => {
      const client = new Client();
      await client.start(config);
      let count = 0;
      for (const move of ['', 'stepIn', 'stepOut', 'stepOut', 'stepIn', 'stepIn', 'stepOut', 'stepOut', 'stepBack', 'stepIn', 'stepIn']) {
        if (move !== '') await client.go(move);
        for (const { evaluateName, value } of await everything(client)) {
          if (evaluateName === undefined) continue;
          assert.equal(await client.evaluate(evaluateName), value, evaluateName);
          count += 1;
        }
      }
      assert.ok(count > 50);
      await client.end();
    });

    it('reach every layer and weight at the end of an iteration', async () => {
      const client = new Client();
      await client.start(config);
      await client.go('continue').catch(() => undefined);
      const { trace, view: { info } } = client.session.controller ?? assert.fail('no session');
      assert.equal(trace.iteration, (info.config.iterations ?? 0) - 1);
      for (const { layer, weight, after } of trace.weights) {
        const stored = trace.tensors.get(after)?.read().data ?? [];
        const sum = Array.from(stored as Float32Array).reduce((total, value) => total + value, 0);
        const path = `layer(${JSON.stringify(layer)}).${weight.split('/').join('.')}`;
        assert.ok(Math.abs(Number(await client.evaluate(`sum(${path})`)) - sum) <= 1e-9 * Math.max(1, Math.abs(sum)), path);
      }
      for (const { layer, call, outputs } of trace.layers) {
        const several = trace.layers.filter((other) => other.layer === layer).length > 1;
        const shape = `[${trace.tensors.get(outputs[0] ?? -1)?.shape.join(', ')}]`;
        const output = `layer(${JSON.stringify(several ? `${layer}#${call}` : layer)}).${outputs.length > 1 ? 'output0' : 'output'}`;
        assert.equal(await client.evaluate(`shape(${output})`, 'clipboard'), shape, output);
      }
      assert.match(await client.evaluate('loss'), /^[\d.e-]+$/);
      await client.end();
    });
  });
}
