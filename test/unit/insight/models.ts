/** Runs of model files of every format on made-up data, for questions about them. */
import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Controller } from '../../../src/debug/controller';
import { readNpz } from '../../../src/formats/npz';
import { launch } from './launch';

/** A run of a file below the fixtures' models on made-up data, or of a model inside an archive on the data beside it: `onnx/networks.npz#recurrent`. */
export async function runOf(model: string, batchSize = 2, backend: 'wasm' | 'cpu' = 'wasm'): Promise<Controller> {
  const [archive = '', name] = model.split('#');
  const own = path.resolve('test/fixtures/models', model), common = { optimizer: 'sgd', batchSize, shuffle: false, backend, seed: 3, dropout: false } as const;
  if (name === undefined) return launch({ ...common, model: own, data: { generator: 'patterns', examples: 2 * batchSize }, loss: 'mean_squared_error' }, path.dirname(own));
  const folder = await mkdtemp(path.join(tmpdir(), 'backstep-insight-'));
  try {
    const file = path.join(folder, `${name}.onnx`);
    await writeFile(file, ((await readNpz(path.resolve('test/fixtures', archive))).get(`${name}/model`) ?? assert.fail(name)).data as Uint8Array);
    return await launch({ ...common, model: file, data: { x: `${path.resolve('test/fixtures', archive)}#${name}/x`, y: `${path.resolve('test/fixtures', archive)}#${name}/y` }, loss: 'cross_entropy' }, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
