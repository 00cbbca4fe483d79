/** Generates large model files: networks of ten thousand layers as Keras archives, and half a gigabyte of weights in several formats. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { zipSync } from 'fflate';
import { openKerasConfig } from '../../src/formats/keras/config-file';
import { stateShapes } from '../../src/formats/keras/state-shapes';
import type { JsonObject } from '../../src/network/network';
import { Sketch } from '../../src/network/architectures/sketch';
import { flattenLayers } from '../../src/network/layer-path';

/** Dense layers and activations in a row. */
export function chainNetwork(count: number): JsonObject {
  const s = new Sketch('chain');
  let x = s.input([8], 'features');
  for (let index = 1; index < count; index += 1) x = index % 2 === 1 ? s.dense(x, 8) : s.layer('Activation', x, { activation: 'relu' });
  return s.finish(x);
}

/** Encoder layers written out, each of which adds the one mask to its scores. */
export function maskedTransformer(count: number): JsonObject {
  const s = new Sketch('masked_transformer');
  const mask = s.input([16, 16], 'mask');
  let x = s.input([16, 8], 'tokens');
  const norm = (from: Parameters<Sketch['layer']>[1], name: string): ReturnType<Sketch['layer']> => s.layer('LayerNormalization', from, { axis: -1, epsilon: 1e-6, center: true, scale: true }, name);
  for (let block = 0; block < Math.floor((count - 2) / 14); block += 1) {
    const name = (part: string): string => `encoder/layer_${block}/${part}`;
    const [q, k, v] = (['query', 'key', 'value'] as const).map((part) => s.dense(x, 8, 'linear', name(part)));
    if (q === undefined || k === undefined || v === undefined) break;
    const scores = s.layer('Dot', [q, k], { axes: [2, 2], normalize: false }, name('scores'));
    const weights = s.layer('Softmax', s.layer('Add', [scores, mask], {}, name('masked')), { axis: -1 }, name('softmax'));
    const context = s.layer('Dot', [weights, v], { axes: [2, 1], normalize: false }, name('context'));
    const one = norm(s.layer('Add', [x, s.dense(context, 8, 'linear', name('project'))], {}, name('add_1')), name('norm_1'));
    x = norm(s.layer('Add', [one, s.dense(s.dense(one, 32, 'relu', name('up')), 8, 'linear', name('down'))], {}, name('add_2')), name('norm_2'));
  }
  return s.finish(x);
}

/** Writes a network with weights of zero as Keras 3 does: a stored zip archive of its configuration and an HDF5 file. */
export async function writeKerasArchive(file: string, config: JsonObject): Promise<void> {
  const { network } = await openKerasConfig('config.json', config);
  const { h5wasm } = await import('h5wasm');
  const { FS } = await h5wasm.ready;
  const weights = new h5wasm.File('weights.h5', 'w');
  const root = weights.create_group('layers');
  const counts = new Map<string, number>();
  for (const { layer } of flattenLayers(network)) {
    const snake = layer.type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
    const number = counts.get(snake) ?? 0;
    counts.set(snake, number + 1);
    const vars = root.create_group(number === 0 ? snake : `${snake}_${number}`).create_group('vars');
    layer.weights.forEach(({ shape }, index) => { vars.create_dataset({ name: String(index), data: new Float32Array(shape.reduce((all, extent) => all * extent, 1)), shape: [...shape] }); });
  }
  weights.close();
  const bytes = FS.readFile('weights.h5');
  FS.unlink('weights.h5');
  const text = new TextEncoder();
  writeFileSync(file, zipSync({
    'metadata.json': text.encode(JSON.stringify({ keras_version: '3.15.1', date_saved: '2026-01-01@00:00:00' })),
    'config.json': text.encode(JSON.stringify(stateShapes(config, network))), 'model.weights.h5': bytes,
  }, { level: 0 }));
}

const matrix = { rows: 1024, columns: 1280 };
/** Matrices in a file of 500 MiB. */
const many = 100;
const bytesEach = 4 * matrix.rows * matrix.columns;

/** Writes matrices of 5 MiB each, a hundred when not said otherwise, as safetensors. */
export function writeSafetensors(file: string, count = many): void {
  const header = Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [
    `model.layers.${index}.mlp.weight`, { dtype: 'F32', shape: [matrix.rows, matrix.columns], data_offsets: [index * bytesEach, (index + 1) * bytesEach] },
  ]))));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const out = openSync(file, 'w');
  const block = Buffer.alloc(bytesEach, 0x3c);
  writeSync(out, length);
  writeSync(out, header);
  for (let index = 0; index < count; index += 1) writeSync(out, block);
  closeSync(out);
}

/** The same as a file of Keras weights: one dense layer after another in HDF5. */
export async function writeWeightsH5(file: string, count = many): Promise<void> {
  const { h5wasm } = await import('h5wasm');
  const { FS } = await h5wasm.ready;
  const weights = new h5wasm.File('large.h5', 'w');
  const layers = weights.create_group('layers');
  const data = new Float32Array(matrix.rows * matrix.columns).fill(0.01);
  for (let index = 0; index < count; index += 1) layers.create_group(index === 0 ? 'dense' : `dense_${index}`).create_group('vars').create_dataset({ name: '0', data, shape: [matrix.rows, matrix.columns] });
  weights.close();
  const [from, to, block] = [FS.open('large.h5', 'r'), openSync(file, 'w'), new Uint8Array(2 ** 24)];
  for (let read = FS.read(from, block, 0, block.length); read > 0; read = FS.read(from, block, 0, block.length)) writeSync(to, block, 0, read);
  closeSync(to);
  FS.close(from);
  FS.unlink('large.h5');
}

/** The same as a stored `.npz` archive. */
export function writeNpz(file: string, count = many): void {
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${matrix.rows}, ${matrix.columns}), }`;
  const padded = `${head}${' '.repeat(63 - ((10 + head.length) % 64))}\n`;
  const start = Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]), Buffer.from(padded)]);
  const member = new Uint8Array(start.length + bytesEach);
  member.set(start);
  const checksum = crc32(member);
  const out = openSync(file, 'w');
  const entries: Buffer[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const name = Buffer.from(`layer_${index}.kernel.npy`);
    const record = Buffer.alloc(30);
    record.writeUInt32LE(0x04034b50, 0);
    record.writeUInt16LE(20, 4);
    record.writeUInt32LE(checksum, 14);
    record.writeUInt32LE(member.length, 18);
    record.writeUInt32LE(member.length, 22);
    record.writeUInt16LE(name.length, 26);
    writeSync(out, record);
    writeSync(out, name);
    writeSync(out, member);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    entry.writeUInt16LE(20, 6);
    entry.writeUInt32LE(checksum, 16);
    entry.writeUInt32LE(member.length, 20);
    entry.writeUInt32LE(member.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    entries.push(entry, name);
    at += 30 + name.length + member.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  writeSync(out, directory);
  writeSync(out, end);
  closeSync(out);
}

