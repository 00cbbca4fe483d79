/** safetensors: a JSON header with the names, types, shapes and places of tensors, then their bytes. https://github.com/huggingface/safetensors */
import { Failure } from '../tensor/failure';
import { sizeOf } from '../tensor/value';
import { isObject } from '../network/kinds/kind';
import type { Json, JsonObject, OpenedNetwork } from '../network/network';
import { displayName } from '../network/order';
import { parseJsonObject } from './containers/json';
import { adapterModules, describedBeside, shardProblems } from './huggingface/beside';
import { openRanges } from './containers/range-file';
import type { RangeFile } from './containers/range-file';
import { openModuleTree } from './modules/module-tree';
import type { NamedTensor } from './modules/module-tree';
import { shownShape, storedType } from './modules/tensor-types';
import { describeBytes } from './containers/zip';

/** The library's own limit. */
const maximalHeader = 100_000_000;
const types: Readonly<Record<string, string>> = {
  F16: 'float16', BF16: 'bfloat16', F32: 'float32', F64: 'float64', I8: 'int8', I16: 'int16', I32: 'int32', I64: 'int64',
  U8: 'uint8', U16: 'uint16', U32: 'uint32', U64: 'uint64', BOOL: 'bool', C64: 'complex64', F8_E4M3: 'float8_e4m3fn', F8_E5M2: 'float8_e5m2', F8_E8M0: 'float8_e8m0fnu', F8_E4M3FNUZ: 'float8_e4m3fnuz', F8_E5M2FNUZ: 'float8_e5m2fnuz',
  // Two in a byte; the shape counts both.
  F4: 'float4_e2m1fn_x2',
};

/** True when the first bytes are a plausible length of a header and the `{` that it begins with. */
export function looksLikeSafetensors(head: Uint8Array): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false;
  const next = new TextDecoder().decode(head.subarray(8, 64)).replace(/\s+/g, '');
  return next === '{}' || next.startsWith('{"');
}

/** Opens a file of tensors; each is read by range when asked for. @throws Failure `safetensors.*` */
export async function openSafetensors(path: string): Promise<OpenedNetwork> {
  const file = await openRanges(path);
  const { label } = file;
  try {
    const { tensors, problems, detail } = await readSafetensors(file);
    return openModuleTree({
      name: label, format: 'safetensors', convention: 'pytorch', tensors, modules: await adapterModules(path, tensors.map(({ name }) => name)),
      viewOnly: `${label} holds weights only: it does not say how its modules are connected, so it can be looked at but not run.`,
      problems: [...await shardProblems(path), ...problems],
      formatDetail: await describedBeside(path) ?? detail,
      close: () => file.close(),
    });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The tensors that the header lists, and sentences on those that cannot be shown. @throws Failure `safetensors.*` */
export async function readSafetensors(file: RangeFile): Promise<{ readonly tensors: readonly NamedTensor[]; readonly problems: readonly string[]; readonly detail: string }> {
  const { label, size } = file;
  if (size < 8) throw new Failure('safetensors.truncated', `${label} has ${size} bytes; a safetensors file begins with 8 bytes that tell the length of its header.`);
  const first = await file.read(0, 8, 'the length of its header');
  const length = new DataView(first.buffer).getBigUint64(0, true);
  if (length > BigInt(size - 8)) throw new Failure('safetensors.header', `${label} claims a header of ${length} bytes, but the file has only ${size}; it is incomplete or damaged.`);
  if (length > BigInt(maximalHeader)) throw new Failure('safetensors.header', `${label} has a header of ${describeBytes(Number(length))}, more than the ${describeBytes(maximalHeader)} that the format allows.`);
  const start = 8 + Number(length);
  const header = parseJsonObject(new TextDecoder().decode(await file.read(8, Number(length), 'its header')), `the header of ${label}`);
  const problems: string[] = [];
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__').flatMap(([name, entry]) => {
    const tensor = tensorFrom(name, entry, file, start);
    if (typeof tensor !== 'string') return [tensor];
    problems.push(tensor);
    return [];
  });
  const end = Object.values(header).reduce<number>((most, entry) => Math.max(most, isObject(entry) ? extentsOf(entry, 'data_offsets')?.[1] ?? 0 : 0), 0);
  const cut = start + end > size ? [`${label} is incomplete: its tensors reach to byte ${start + end}, but the file has ${size}. Was the download cut off?`] : [];
  return { tensors, problems: [...cut, ...(problems.length > 3 ? [...problems.slice(0, 3), `${problems.length - 3} more tensors of ${label} cannot be shown.`] : problems)], detail: metadataText(header.__metadata__) };
}

function metadataText(metadata: Json | undefined): string {
  return isObject(metadata) && typeof metadata.format === 'string' ? `format ${metadata.format}` : '';
}

/** A tensor, or the sentence that says why it cannot be shown. */
function tensorFrom(name: string, entry: Json, file: RangeFile, start: number): NamedTensor | string {
  const where = `${file.label}: tensor ${displayName(name)}`;
  if (!isObject(entry) || typeof entry.dtype !== 'string') return `${where} has no type.`;
  const type = storedType((Object.hasOwn(types, entry.dtype) ? types[entry.dtype] : undefined) ?? '');
  if (type === undefined) return `${where} has elements of type ${displayName(entry.dtype)}, which cannot be shown.`;
  const shape = extentsOf(entry, 'shape');
  const [from, to, ...rest] = extentsOf(entry, 'data_offsets') ?? [];
  if (shape === null || from === undefined || to === undefined || rest.length > 0) return `${where} has no proper shape or place.`;
  const paired = entry.dtype === 'F4';
  const bytes = paired ? Math.ceil(sizeOf(shape) / 2) : sizeOf(shape) * type.bytes;
  const shown = paired ? shape : shownShape(type, shape);
  if (to - from !== bytes) return `${where} of shape (${shape.join(', ')}) needs ${bytes} bytes, but its place in the file has ${to - from}.`;
  return {
    name, shape: shown, dtype: type.dtype,
    async read() {
      const data = await file.read(start + from, bytes, `tensor ${displayName(name)}`);
      return { dtype: type.dtype, shape: shown, data: type.decode(data, false) };
    },
  };
}

function extentsOf(entry: JsonObject, key: string): readonly number[] | null {
  const list = entry[key];
  if (!Array.isArray(list)) return null;
  const numbers = (list as readonly Json[]).filter((extent): extent is number => typeof extent === 'number' && Number.isSafeInteger(extent) && extent >= 0);
  return numbers.length === list.length ? numbers : null;
}
