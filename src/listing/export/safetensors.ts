/** Tensors in one file that a few lines of any language read: safetensors (a length, a JSON header, the bytes). */
import type { TensorValue } from '../../tensor/value';

const types: Partial<Record<TensorValue['dtype'], string>> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };

/** @param tensors of dtype float32, int32 or bool, by name. */
export function writeSafetensors(tensors: ReadonlyMap<string, TensorValue>): Uint8Array {
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }> = {};
  let length = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    const type = types[dtype];
    if (type === undefined) throw new TypeError(`A tensor of dtype ${dtype} has no place in an exported listing.`);
    Object.defineProperty(header, name, { enumerable: true, value: { dtype: type, shape, data_offsets: [length, length + data.byteLength] } });
    length += data.byteLength;
  }
  // Padded, so that the data starts at a multiple of eight.
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + padded + length).fill(0x20, 8, 8 + padded);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(json, 8);
  let offset = 8 + padded;
  for (const { data } of tensors.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}
