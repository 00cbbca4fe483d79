/** TensorFlow SavedModels: the variables under their names in the model, with values from the checkpoint in `variables/`. */
import path from 'node:path';
import { Failure } from '../../tensor/failure';
import type { OpenedNetwork } from '../../network/network';
import { ProtoMessage, scanMessage } from '../containers/protobuf';
import { openRanges } from '../containers/range-file';
import { openModuleTree } from '../modules/module-tree';
import type { NamedTensor } from '../modules/module-tree';
import { shownShape } from '../modules/tensor-types';
import { openBundle } from './bundle';

const maximalObjects = 512 * 2 ** 20;
const ending = '/.ATTRIBUTES/VARIABLE_VALUE';

interface SavedObject { readonly children: ReadonlyMap<string, number>; readonly variable: { readonly name: string; readonly trainable: boolean } | null }

/** The name that a SavedModel's file always has. */
export function isSavedModel(file: string): boolean {
  return path.basename(file) === 'saved_model.pb';
}

/** Opens `saved_model.pb` with the folder around it. @throws Failure with one sentence */
export async function openSavedModel(file: string): Promise<OpenedNetwork> {
  const folder = path.dirname(path.resolve(file));
  const label = `${path.basename(folder)}/saved_model.pb`;
  const { objects, version } = await readObjects(file);
  const entries = await openBundle(path.join(folder, 'variables', 'variables')).catch((error: unknown) => {
    if (error instanceof Failure) throw new Failure(error.code, `${label}: ${error.message}`, { cause: error });
    throw new Failure('saved-model.variables', `${label} has no variables/variables.index beside it, so there are no weights to show.`, { cause: error });
  });
  const names = new Set<string>();
  // What Keras's export() saves a second time, as a list of all variables, comes last and is left out.
  const sorted = [...entries].sort((first, second) => Number(first.key.startsWith('_')) - Number(second.key.startsWith('_')));
  const tensors = sorted.flatMap((entry): readonly NamedTensor[] => {
    if (!entry.key.endsWith(ending)) return [];
    const place = entry.key.slice(0, -ending.length);
    const variable = variableAt(objects, place);
    if (variable !== null && names.has(variable.name) && place.startsWith('_all_variables/')) return [];
    const name = variable === null || names.has(variable.name) ? place : variable.name;
    names.add(name);
    return [{ name, shape: shownShape(entry.type, entry.shape), dtype: entry.type.dtype, trainable: variable?.trainable ?? true, read: () => entry.read() }];
  });
  return openModuleTree({
    name: label, format: 'saved-model', formatDetail: version === '' ? '' : `TensorFlow ${version}`, convention: 'keras', separator: '/', tensors,
    viewOnly: `${label} shows its variables only; running SavedModels is not built, so open the .keras file or an ONNX export to see how its layers connect.`,
    problems: [], close: () => Promise.resolve(),
  });
}

/** The object graph: which variable stands where below the model. */
async function readObjects(file: string): Promise<{ objects: readonly SavedObject[]; version: string }> {
  const ranges = await openRanges(file);
  try {
    const model = await scanMessage(ranges, 0, ranges.size);
    const [meta] = model.get(2) ?? [];
    if (meta?.wire !== 2) throw new Failure('saved-model.graph', `${ranges.label} is not a sound SavedModel: it holds no graph.`);
    const fields = await scanMessage(ranges, meta.start, meta.end);
    const message = async (field: number): Promise<ProtoMessage> => {
      const [range] = fields.get(field) ?? [];
      if (range?.wire !== 2 || range.end - range.start > maximalObjects) return new ProtoMessage(new Uint8Array(0), ranges.label);
      return new ProtoMessage(await ranges.read(range.start, range.end - range.start, 'its objects'), ranges.label, range.start);
    };
    const objects = (await message(7)).messages(1).map((object): SavedObject => ({
      children: new Map(object.messages(1).map((child) => [child.text(2), child.int(1)] as const)),
      variable: object.has(7) ? { name: object.message(7).text(6), trainable: object.message(7).int(3) === 1 } : null,
    }));
    return { objects, version: (await message(1)).text(5) };
  } finally {
    await ranges.close();
  }
}

/** The variable at a path of attributes below the root; null when the object graph has none there. */
function variableAt(objects: readonly SavedObject[], place: string): SavedObject['variable'] {
  let at = 0;
  for (const part of place.split('/')) {
    const next = objects[at]?.children.get(part);
    if (next === undefined) return null;
    at = next;
  }
  const variable = objects[at]?.variable ?? null;
  return variable === null || variable.name === '' ? null : variable;
}
