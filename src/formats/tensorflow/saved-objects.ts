/** The object graph of a SavedModel: which variable stands where below the model, and what each function has captured. tensorflow/core/protobuf/saved_object_graph.proto */
import type { ProtoMessage } from '../containers/protobuf';
import type { BundleEntry } from './bundle';

export interface SavedVariable { readonly name: string; readonly trainable: boolean }

interface SavedObject { readonly children: ReadonlyMap<string, number>; readonly variable: SavedVariable | null; /** Names of its traces, when it is a function. */ readonly traces: readonly string[] }

export interface SavedObjects {
  /** What stands at a path of attributes below the model. */
  at(path: string): { readonly id: number; readonly variable: SavedVariable | null } | null;
  /** The ids of the objects that a function takes after its arguments. */
  captured(name: string): readonly number[];
  /** Functions that are attributes of the model, by name; the first trace of each. */
  readonly functions: ReadonlyMap<string, string>;
}

/** Reads `SavedObjectGraph`. */
export function savedObjects(graph: ProtoMessage): SavedObjects {
  const objects = graph.messages(1).map((object): SavedObject => ({
    children: new Map(object.messages(1).map((child) => [child.text(2), child.int(1)] as const)),
    variable: object.has(7) ? { name: object.message(7).text(6), trainable: object.message(7).int(3) === 1 } : null,
    traces: object.has(6) ? object.message(6).texts(1) : [],
  }));
  const captured = new Map(graph.entries(2).map(([name, body]) => [name, body.ints(2)] as const));
  const [root] = objects;
  return {
    at(path) {
      let id = 0;
      for (const part of path.split('/')) {
        const next = objects[id]?.children.get(part);
        if (next === undefined) return null;
        id = next;
      }
      const variable = objects[id]?.variable ?? null;
      return { id, variable: variable === null || variable.name === '' ? null : variable };
    },
    captured: (name) => captured.get(name) ?? [],
    functions: new Map([...root?.children ?? []].flatMap(([name, id]) => { const [first] = objects[id]?.traces ?? []; return first === undefined ? [] : [[name, first] as const]; })),
  };
}

/** A variable of the model with its values in the checkpoint. */
export interface StoredVariable { readonly name: string; readonly trainable: boolean; readonly entry: BundleEntry; /** Object ids, or none in models of TensorFlow 1. */ readonly ids: readonly number[] }

const ending = '/.ATTRIBUTES/VARIABLE_VALUE';

/** Joins the object graph and the checkpoint. `trainable` names the trainable variables of a model of TensorFlow 1, whose checkpoint goes by their names. */
export function storedVariables(objects: SavedObjects, entries: readonly BundleEntry[], trainable: ReadonlySet<string>): readonly StoredVariable[] {
  const found = new Map<string, StoredVariable & { readonly ids: number[] }>();
  // What Keras's export() saves a second time, as a list of all variables, comes last and is one with the first.
  const sorted = [...entries].sort((first, second) => Number(first.key.startsWith('_')) - Number(second.key.startsWith('_')));
  for (const entry of sorted) {
    if (!entry.key.endsWith(ending)) {
      if (!entry.key.includes('.ATTRIBUTES') && !entry.key.startsWith('_')) found.set(entry.key, { name: entry.key, trainable: trainable.has(entry.key), entry, ids: [] });
      continue;
    }
    const place = entry.key.slice(0, -ending.length);
    const object = objects.at(place);
    const variable = object?.variable ?? null;
    const twin = variable === null ? undefined : found.get(variable.name);
    if (twin !== undefined && place.startsWith('_all_variables/')) { if (object !== null) twin.ids.push(object.id); continue; }
    const name = variable === null || twin !== undefined ? place : variable.name;
    found.set(name, { name, trainable: variable?.trainable ?? true, entry, ids: object === null ? [] : [object.id] });
  }
  return [...found.values()];
}
