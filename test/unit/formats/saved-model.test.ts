import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNetwork } from '../../../src/formats/registry';
import { totalCost } from '../../../src/network/cost';
import { flattenWeights } from '../../../src/network/layer-path';
import { Failure } from '../../../src/tensor/failure';
import { fixture, readJson } from './fixture';

describe('SavedModels', () => {
  for (const kind of ['lite_cnn_saved', 'lite_cnn_export']) {
    it(`${kind} shows its variables by name, with the values of the .keras file`, async () => {
      const description = readJson<{ total_params: number; weights: { key: string; shape: number[] }[] }>('tflite/lite_cnn.json');
      for (const place of [`tflite/${kind}`, `tflite/${kind}/saved_model.pb`]) {
        const { network, weights } = await openNetwork(fixture(place));
        assert.equal(network.format, 'saved-model');
        const found = new Map([...flattenWeights(network)].map(({ path: at, weight }) => [at, weight]));
        assert.deepEqual([...found].map(([key, { shape }]) => ({ key, shape })).sort((first, second) => first.key.localeCompare(second.key)), [...description.weights].sort((first, second) => first.key.localeCompare(second.key)));
        const total = totalCost(network);
        assert.deepEqual([total.parameters, total.trainable], [description.total_params, description.total_params - 12]);
        const keras = await openNetwork(fixture('tflite/lite_cnn.keras'));
        for (const { path: at, weight } of flattenWeights(keras.network)) {
          const value = await weights.read(found.get(`lite_cnn/${at}`)?.key ?? '');
          assert.deepEqual(value, await keras.weights.read(weight.key ?? ''), at);
        }
        await keras.weights.close();
        await weights.close();
      }
    });
  }

  it('files cut off or changed at random never do more than say so', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'backstep-saved-'));
    const model = path.join(folder, 'model');
    await cp(fixture('tflite/lite_cnn_saved'), model, { recursive: true });
    let seed = 11;
    const random = (limit: number): number => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % limit; };
    for (const name of ['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001']) {
      const original = await readFile(fixture(`tflite/lite_cnn_saved/${name}`));
      for (let round = 0; round < 40; round += 1) {
        const bytes = round % 2 === 0 ? original.subarray(0, 1 + random(original.length - 1)) : Buffer.from(original);
        if (round % 2 !== 0) for (let change = 0; change < 6; change += 1) bytes[random(bytes.length)] = random(256);
        await writeFile(path.join(model, name), bytes);
        const opened = await openNetwork(model).catch((error: unknown) => { assert.ok(error instanceof Failure && error.message.includes('saved_model.pb'), error instanceof Error ? error.stack : ''); return null; });
        if (opened === null) continue;
        for (const { weight } of flattenWeights(opened.network)) await opened.weights.read(weight.key ?? '').catch((error: unknown) => { assert.ok(error instanceof Failure, String(error)); });
      }
      await writeFile(path.join(model, name), original);
    }
    await rm(path.join(model, 'variables'), { recursive: true });
    await assert.rejects(openNetwork(model), /model\/saved_model\.pb has no variables\/variables\.index beside it/);
    await rm(folder, { recursive: true });
  });
});
