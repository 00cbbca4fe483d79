/** The stream that `torch.save` wrote before version 1.6: five pickles, then each storage as its number of elements and its bytes. */
import { Failure } from '../../tensor/failure';
import { displayName } from '../../network/order';
import type { RangeFile } from '../containers/range-file';
import { readPickle, itemsOf } from './pickle';
import type { PicklePersistent, PickleValue } from './pickle';
import { stateOf } from './state';
import { storageOf } from './tensors';
import type { TorchContent } from './torch-file';

const maximalPickles = 64 * 2 ** 20;

/** @throws Failure `pickle.*`, `torch.storage` when the stream ends early */
export async function readLegacy(file: RangeFile): Promise<TorchContent> {
  const { label } = file;
  const head = await file.read(0, Math.min(file.size, maximalPickles), 'its pickles');
  const values: PickleValue[] = [];
  const named: PicklePersistent[] = [];
  let at = 0;
  // Magic number, version, system, the object, keys of its storages.
  while (values.length < 5) {
    const { value, end, references } = readPickle(head, label, at);
    for (const reference of references) named.push(reference);
    values.push(value);
    at = end;
  }
  const [, , system, object = null, keys] = values;
  const state = stateOf(object);
  const widths = new Map(named.flatMap((reference) => { const storage = storageOf(reference); return storage === null ? [] : [[storage.key, storage.width] as const]; }));
  const places = new Map<string, { readonly start: number; readonly bytes: number }>();
  for (const key of itemsOf(keys)) {
    if (typeof key !== 'string') continue;
    const width = widths.get(key);
    // What follows a storage of an unknown type cannot be found.
    if (width === undefined) break;
    const count = new DataView((await file.read(at, 8, `storage ${displayName(key)}`)).buffer).getBigInt64(0, true);
    if (count < 0n || count * BigInt(width) > BigInt(file.size - at - 8)) throw new Failure('torch.storage', `${label} is incomplete: storage ${displayName(key)} of ${count} elements reaches beyond the end of the file.`);
    places.set(key, { start: at + 8, bytes: Number(count) * width });
    at += 8 + Number(count) * width;
  }
  return {
    state, kind: 'from before version 1.6', bigEndian: system instanceof Map && system.get('little_endian') === false,
    async read(tensor, offset, length) {
      const place = places.get(tensor.storage ?? '');
      if (place === undefined || offset + length > place.bytes) throw new Failure('torch.storage', `${label} does not hold all bytes of this tensor's storage.`);
      return file.read(place.start + offset, length, `storage ${displayName(tensor.storage ?? '')}`);
    },
  };
}
