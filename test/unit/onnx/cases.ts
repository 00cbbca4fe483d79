/** Models of one op with their inputs and outputs, from the archives of fixtures. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readNpz } from '../../../src/formats/npz';
import { openNetwork } from '../../../src/formats/registry';
import type { Network } from '../../../src/network/network';
import type { TensorValue } from '../../../src/tensor/value';
import { valuesOf } from '../layers/passes';

export interface Case { readonly name: string; readonly network: Network; readonly weights: ReadonlyMap<string, TensorValue>; readonly inputs: readonly TensorValue[]; readonly outputs: readonly TensorValue[] }

let arrays: Promise<ReadonlyMap<string, TensorValue>> | null = null;
const archives = ['ops.npz', 'ops_2.npz', 'runtime_ops.npz'];
const read = (): Promise<ReadonlyMap<string, TensorValue>> => (arrays ??= Promise.all(archives.map((file) => readNpz(path.resolve('test/fixtures/onnx', file)))).then((parts) => new Map(parts.flatMap((part) => [...part]))));

/** Names of all cases. */
export async function caseNames(): Promise<readonly string[]> {
  return [...(await read()).keys()].filter((key) => key.endsWith('/model')).map((key) => key.slice(0, -'/model'.length));
}

export async function openCase(name: string): Promise<Case> {
  const all = await read();
  const folder = await mkdtemp(path.join(tmpdir(), 'backstep-onnx-op-'));
  try {
    const file = path.join(folder, `${name}.onnx`);
    await writeFile(file, (all.get(`${name}/model`) ?? assert.fail(`there is no case ${name}`)).data as Uint8Array);
    const { network, weights } = await openNetwork(file);
    const values = await valuesOf(network, weights);
    await weights.close();
    const listed = (kind: string): TensorValue[] => { const found: TensorValue[] = []; for (let next = all.get(`${name}/${kind}_0`); next !== undefined; next = all.get(`${name}/${kind}_${found.length}`)) found.push(next); return found; };
    return { name, network, weights: values, inputs: listed('input'), outputs: listed('output') };
  } finally {
    await rm(folder, { recursive: true });
  }
}
