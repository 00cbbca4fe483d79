/** Programs of `torch.export` (.pt2): the weights by name with their views, from the archive's JSON. */
import { Failure } from '../../tensor/failure';
import { isObject } from '../../network/kinds/kind';
import type { Json, JsonObject } from '../../network/network';
import { displayName } from '../../network/order';
import { parseJsonObject } from '../containers/json';
import type { RangeFile } from '../containers/range-file';
import type { Zip } from '../containers/zip';
import { storedType } from '../modules/tensor-types';
import type { StateTensor } from './state';
import type { TorchTensor } from './tensors';
import { memberNamed, storageReader } from './torch-file';
import type { TorchContent } from './torch-file';

/** torch._export.serde.schema.ScalarType */
const scalarTypes = ['', 'uint8', 'int8', 'int16', 'int32', 'int64', 'float16', 'float32', 'float64', 'complex32', 'complex64', 'complex128', 'bool', 'bfloat16'] as const;
const maximalConfig = 64 * 2 ** 20;

/** @throws Failure when the archive's list of weights is malformed */
export async function readExport(zip: Zip, ranges: RangeFile): Promise<TorchContent> {
  const name = memberNamed(zip, 'data/weights/model_weights_config.json') ?? '';
  const folder = name.slice(0, name.lastIndexOf('/') + 1);
  const { config } = parseJsonObject(new TextDecoder().decode(await zip.read(name, maximalConfig)), `${ranges.label}: ${name}`);
  if (!isObject(config)) throw new Failure('torch.export', `${ranges.label}: ${displayName(name)} lists no weights.`);
  const constants = memberNamed(zip, 'data/constants/model_constants_config.json');
  const more = constants === null ? {} : parseJsonObject(new TextDecoder().decode(await zip.read(constants, maximalConfig)), `${ranges.label}: ${constants}`).config;
  const unreadable: string[] = [];
  const places = new Map<string, string>();
  const found = new Set<string>();
  const listed = (entries: JsonObject, inside: string, isWeight: boolean): StateTensor[] => Object.entries(entries).flatMap(([weight, entry]) => {
    // A constant that is a weight too is listed twice.
    if (found.has(weight)) return [];
    const tensor = tensorFrom(entry, (key) => zip.members.get(inside + key)?.size);
    // Constants may be objects of any kind; those that are no tensors are nothing to look at.
    if (tensor === null || !isObject(entry)) { if (isWeight) unreadable.push(weight); return []; }
    if (tensor.storage !== null) places.set(tensor.storage, inside + tensor.storage);
    found.add(weight);
    return [{ name: weight, tensor, buffer: entry.is_param !== true }];
  });
  const tensors = [...listed(config, folder, true), ...(isObject(more) && constants !== null ? listed(more, constants.slice(0, constants.lastIndexOf('/') + 1), false) : [])];
  return { state: { tensors, modules: new Map(), foreign: [], unreadable }, kind: 'exported program', bigEndian: false, read: storageReader(zip, ranges, (key) => places.get(key) ?? folder + key) };
}

function tensorFrom(entry: Json, bytesOf: (key: string) => number | undefined): TorchTensor | null {
  if (!isObject(entry) || entry.use_pickle === true || typeof entry.path_name !== 'string' || !isObject(entry.tensor_meta)) return null;
  const { dtype, sizes, strides, storage_offset: offset } = entry.tensor_meta;
  const type = typeof dtype === 'number' ? storedType(scalarTypes[dtype] ?? '') : undefined;
  const shape = integers(sizes);
  const steps = integers(strides);
  const start = integers([offset ?? null]);
  if (type === undefined || shape === null || steps === null || start === null || shape.length !== steps.length) return null;
  return { storage: entry.path_name, type, storageSize: Math.floor((bytesOf(entry.path_name) ?? 0) / type.bytes), offset: start[0] ?? 0, shape, strides: steps };
}

/** `[{"as_int": 8}, …]` */
function integers(list: Json | undefined): readonly number[] | null {
  if (!Array.isArray(list)) return null;
  const found = (list as readonly Json[]).map((item) => (isObject(item) && typeof item.as_int === 'number' && Number.isSafeInteger(item.as_int) && item.as_int >= 0 ? item.as_int : null));
  return found.some((item) => item === null) ? null : found.map((item) => item ?? 0);
}
