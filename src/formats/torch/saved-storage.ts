/** Storages of tensors that Python's own pickle wrote: `torch.storage._load_from_bytes` of a file of its own, in the old format. */
import { Failure } from '../../tensor/failure';
import { PickleCall, PicklePersistent, itemsOf, readPickle } from './pickle';
import type { PickleValue } from './pickle';

/** The reference and the bytes of such a storage, or null for another call. @throws Failure `pickle.*` when the file within is malformed */
export function savedStorage(call: PickleCall): { readonly id: PickleValue; readonly bytes?: Uint8Array } | null {
  if (call.path !== 'torch.storage._load_from_bytes') return null;
  const bytes = bytesOf(firstOf(call.args));
  if (bytes === null) return null;
  let at = 0;
  let id: PickleValue = null;
  // Magic number, version, system, the storage, keys of storages; then the number of elements and the elements.
  for (let part = 0; part < 5; part += 1) {
    const { value, end } = readPickle(bytes, 'A storage', at);
    at = end;
    const storage = value instanceof PickleCall ? firstOf(value.args) : value;
    if (part === 3 && storage instanceof PicklePersistent) id = storage.id;
  }
  if (bytes.length < at + 8) throw new Failure('pickle.truncated', 'A storage in the pickle is incomplete.');
  return { id, bytes: bytes.subarray(at + 8) };
}

const firstOf = (value: PickleValue): PickleValue => itemsOf(value)[0] ?? null;

/** Bytes as a pickle has them: as such, or as text of Latin-1 that would be encoded (protocols 0 to 2). */
export function bytesOf(value: PickleValue | undefined): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (value instanceof PickleCall && value.path === '_codecs.encode') {
    const text = firstOf(value.args);
    return typeof text === 'string' ? Buffer.from(text, 'latin1') : null;
  }
  if (value instanceof PickleCall && /^(builtins|__builtin__)\.(bytes|bytearray)$/.test(value.path)) return bytesOf(firstOf(value.args)) ?? (firstOf(value.args) === null ? new Uint8Array(0) : null);
  return null;
}
