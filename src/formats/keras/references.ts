/** The two ways in which Keras writes who feeds whom: call records of Keras 3, and nested lists of Keras 2 and TensorFlow.js. */
import { Failure } from '../../tensor/failure';
import type { Argument, Json, JsonObject, SymbolicShape, TensorRef } from '../../network/network';
import type { CallDraft } from '../../network/draft';
import { isObject } from '../../network/kinds/kind';

/** Collects what the file says about shapes: `layer` -> `call/output` -> shape. */
export type StatedShapes = Map<string, Map<string, SymbolicShape>>;

/** `["name", 0, 0]` */
function isTriple(value: unknown): value is readonly [string, number, number, ...unknown[]] {
  return Array.isArray(value) && value.length >= 3 && typeof value[0] === 'string' && isIndex(value[1]) && isIndex(value[2]);
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A shape written in JSON, or null. */
export function shapeFrom(value: unknown): SymbolicShape | null {
  if (!Array.isArray(value)) return null;
  const items: readonly unknown[] = value;
  return items.every((extent): extent is number | null => extent === null || isIndex(extent)) ? items : null;
}

/** An argument of a Keras 3 call: `__keras_tensor__` records are tensors, lists and records are searched for them. */
function argumentFrom(value: Json, stated: StatedShapes): Argument {
  if (isObject(value)) {
    if (value.class_name === '__keras_tensor__' && isObject(value.config) && isTriple(value.config.keras_history)) {
      const [layer, call, output] = value.config.keras_history;
      const shape = shapeFrom(value.config.shape);
      if (shape !== null) remember(stated, layer, call, output, shape);
      return { kind: 'tensor', ref: { layer, call, output } };
    }
    if (value.class_name === '__tuple__' && Array.isArray(value.items)) return argumentFrom(value.items as Json, stated);
    const entries = Object.entries(value).map(([key, item]) => [key, argumentFrom(item, stated)] as const);
    return entries.some(([, argument]) => holdsTensor(argument)) ? { kind: 'record', entries: Object.fromEntries(entries) } : { kind: 'value', value };
  }
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => argumentFrom(item, stated));
    return items.some(holdsTensor) ? { kind: 'list', items } : { kind: 'value', value };
  }
  return { kind: 'value', value };
}

function holdsTensor(argument: Argument): boolean {
  switch (argument.kind) {
    case 'tensor': return true;
    case 'value': return false;
    case 'list': return argument.items.some(holdsTensor);
    case 'record': return Object.values(argument.entries).some(holdsTensor);
  }
}

function remember(stated: StatedShapes, layer: string, call: number, output: number, shape: SymbolicShape): void {
  const shapes = stated.get(layer) ?? new Map<string, SymbolicShape>();
  shapes.set(`${call}/${output}`, shape);
  stated.set(layer, shapes);
}

/** Calls of a layer from its `inbound_nodes`, whichever of the two ways they are written in. */
export function callsFrom(nodes: Json | undefined, layer: string, stated: StatedShapes): readonly CallDraft[] {
  if (nodes === undefined || nodes === null) return [];
  if (!Array.isArray(nodes)) throw wrong(layer);
  return (nodes as readonly Json[]).map((node) => (isObject(node) ? newCall(node, layer, stated) : oldCall(node, layer)));
}

function wrong(layer: string): Failure {
  return new Failure('keras.nodes', `The inputs of layer "${layer.slice(0, 60)}" are written in a way that cannot be understood.`);
}

function newCall(node: JsonObject, layer: string, stated: StatedShapes): CallDraft {
  if (!Array.isArray(node.args) || !isObject(node.kwargs ?? {})) throw wrong(layer);
  const kwargs = isObject(node.kwargs) ? node.kwargs : {};
  return {
    args: (node.args as readonly Json[]).map((value) => argumentFrom(value, stated)),
    kwargs: Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, argumentFrom(value, stated)])),
  };
}

/** `[["a", 0, 0, {}], ["b", 1, 0, {}]]`: one tensor is the input itself, several are a list; keyword arguments stand with the first. */
function oldCall(node: Json, layer: string): CallDraft {
  // A single argument stands without a list around it; it may be a plain value, as in 1 / x.
  const inputs = isTriple(node) || (Array.isArray(node) && node[0] === '_CONSTANT_VALUE') ? [node] : Array.isArray(node) ? node as readonly unknown[] : null;
  if (inputs === null || inputs.length === 0) throw wrong(layer);
  const kwargs: Record<string, Argument> = {};
  const items = inputs.map((item): Argument => {
    const constant = Array.isArray(item) && item[0] === '_CONSTANT_VALUE';
    if (!constant && !isTriple(item)) throw wrong(layer);
    const [name, call, output, keywords] = item as readonly [string, number, Json, Json?];
    if (isObject(keywords)) {
      for (const [key, value] of Object.entries(keywords)) Object.defineProperty(kwargs, key, { value: oldKeyword(value), enumerable: true, configurable: true, writable: true });
    }
    return constant ? { kind: 'value', value: output } : { kind: 'tensor', ref: { layer: name, call, output: Number(output) } };
  });
  const [first] = items;
  return { args: items.length === 1 && first !== undefined ? [first] : [{ kind: 'list', items }], kwargs };
}

/** A keyword of the old style may be a tensor (`["mask", 0, 0]`) or a list of such. */
function oldKeyword(value: Json): Argument {
  if (isTriple(value) && value.length === 3) return { kind: 'tensor', ref: { layer: value[0], call: value[1], output: value[2] } };
  if (Array.isArray(value) && value.length > 0 && value.every((item) => isTriple(item) && item.length === 3)) {
    return { kind: 'list', items: (value as readonly Json[]).map(oldKeyword) };
  }
  return { kind: 'value', value };
}

/** `input_layers` or `output_layers`: one triple, a list of them, or a record, whose entries are ordered by name. */
export function endsFrom(value: Json | undefined): readonly TensorRef[] {
  if (isTriple(value)) return [{ layer: value[0], call: value[1], output: value[2] }];
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(endsFrom);
  if (isObject(value)) return Object.keys(value).sort().flatMap((key) => endsFrom(value[key]));
  return [];
}
