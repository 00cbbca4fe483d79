/** TFLite models: the graph of operators with shapes, settings and weights; quantised weights are shown as the numbers they stand for. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { OpenedNetwork } from '../../network/network';
import { openRanges } from '../containers/range-file';
import type { RangeFile } from '../containers/range-file';
import { withSignatures } from '../graphs/signatures';
import type { Signature } from '../graphs/signatures';
import { FlatTable, PagedBytes } from './flat-table';
import { LiteModel } from './graphs';
import { isQuantised, read } from './tensors';

/** True for FlatBuffers with TFLite's identifier. */
export function looksLikeTflite(head: Uint8Array): boolean {
  return [0x54, 0x46, 0x4c, 0x33].every((byte, index) => head[4 + index] === byte);
}

/** @throws Failure with one sentence */
export async function openTflite(file: string): Promise<OpenedNetwork> {
  const handle = await open(file, 'r');
  const ranges = await openRanges(file);
  try {
    const bytes = new PagedBytes(handle.fd, ranges.size, path.basename(file));
    return networkFrom(new FlatTable(bytes, bytes.uint32(0)), ranges, bytes);
  } catch (error) {
    await ranges.close();
    throw error;
  } finally {
    await handle.close();
  }
}

function networkFrom(table: FlatTable, file: RangeFile, bytes: PagedBytes): OpenedNetwork {
  const { label } = file;
  const model = new LiteModel(table, bytes);
  const { operators, tensors } = model.graph(0);
  const quantised = operators.some(({ outputs }) => outputs.some((index) => { const tensor = tensors[index]; return tensor !== undefined && tensor.data === null && isQuantised(tensor); }));
  const whole = model.network(0, label, `version ${table.uint32(0)}${quantised ? ', quantised' : ''}`, quantised ? [`${label} is quantised: Backstep computes in float32 and rounds each result to the grid of its tensor, where an interpreter computes with integers; now and then the last digit differs.`] : []);
  const others: Signature[] = [];
  // Graphs that one of them runs inside are used once it is read.
  for (let [number] = model.unused; number !== undefined; [number] = model.unused) others.push({ title: model.titleOf(number), network: model.network(number, model.titleOf(number)) });
  const network = withSignatures({ title: model.titleOf(0), network: whole }, others, label);
  return { network, weights: { read: (key) => read(model.tensor(key), file), close: () => file.close() } };
}
