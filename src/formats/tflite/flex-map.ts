/** FlexBuffers maps of numbers, in which custom operators of TFLite keep their settings. https://flatbuffers.dev/internals/ */
import type { Json, JsonObject } from '../../network/network';

const maximalEntries = 256;

/** The numbers and truth values of a map by their keys; an empty record for bytes that are no such map. */
export function flexMap(bytes: Uint8Array): JsonObject {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = (at: number, width: number): number => (width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at, true) : width === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true)));
  const signed = (at: number, width: number): number => (width === 1 ? view.getInt8(at) : width === 2 ? view.getInt16(at, true) : width === 4 ? view.getInt32(at, true) : Number(view.getBigInt64(at, true)));
  const real = (at: number, width: number): number => (width === 4 ? Number(view.getFloat32(at, true).toPrecision(7)) : width === 8 ? view.getFloat64(at, true) : NaN);
  const text = (at: number): string => { const end = bytes.indexOf(0, at); return new TextDecoder().decode(bytes.subarray(at, end < 0 ? at : Math.min(end, at + 256))); };
  const scalar = (packed: number, at: number, width: number): Json => {
    const [type, own] = [packed >> 2, 1 << (packed & 3)];
    const target = (): number => at - whole(at, width);
    switch (type) {
      case 1: return signed(at, width);
      case 2: return whole(at, width);
      case 3: return real(at, width);
      case 6: return signed(target(), own);
      case 7: return whole(target(), own);
      case 8: return real(target(), own);
      case 26: return whole(at, width) !== 0;
      default: return null;
    }
  };
  try {
    const rootWidth = view.getUint8(bytes.length - 1);
    const packed = view.getUint8(bytes.length - 2);
    const at = bytes.length - 2 - rootWidth;
    if (packed >> 2 !== 9) return {};
    const width = 1 << (packed & 3);
    const map = at - whole(at, rootWidth);
    const count = Math.min(whole(map - width, width), maximalEntries);
    const keys = map - 3 * width - whole(map - 3 * width, width);
    const keyWidth = whole(map - 2 * width, width);
    return Object.fromEntries(Array.from({ length: count }, (_, index): [string, Json] => {
      const key = keys + index * keyWidth;
      return [text(key - whole(key, keyWidth)), scalar(view.getUint8(map + whole(map - width, width) * width + index), map + index * width, width)];
    }).filter(([key, value]) => value !== null && key !== '__proto__'));
  } catch (error) {
    // Offsets that lead out of the bytes.
    if (error instanceof RangeError) return {};
    throw error;
  }
}
