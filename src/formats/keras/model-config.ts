/** A model's configuration (Keras 3, Keras 2, TensorFlow.js) -> draft of a network: Sequential, Functional, and models inside them. */
import { Failure } from '../../tensor/failure';
import type { CallDraft, LayerDraft, NetworkDraft } from '../../network/draft';
import { isObject } from '../../network/kinds/kind';
import type { Argument, Json, JsonObject, SymbolicShape, TensorRef } from '../../network/network';
import { displayName } from '../../network/order';
import { translate, typeOf } from './dialect';
import { mergeOf, oneLayout } from './keras1';
import type { Dialect } from './dialect';
import { isFunctionCall, translateFunction } from './tf-operations';
import { callsFrom, endsFrom, shapeFrom } from './references';
import type { StatedShapes } from './references';

const models = new Set(['Sequential', 'Functional']);

/** Reads `{class_name, config}` of a model. `what` names the place in errors. @throws Failure `keras.*` */
export function modelFrom(source: JsonObject, dialect: Dialect, what: string): NetworkDraft {
  const type = typeof source.class_name === 'string' ? typeOf(source.class_name) : null;
  if (type === null || (!isObject(source.config) && !Array.isArray(source.config))) throw new Failure('keras.config', `${what} holds no model: class_name and config are missing.`);
  // Very old files have the list of layers as the config of a Sequential.
  const config: JsonObject = isObject(source.config) ? source.config : { layers: source.config };
  if (!models.has(type) && !Array.isArray(config.layers)) {
    throw new Failure('keras.subclass', `${what} holds a model of the class ${displayName(type)}, whose graph exists only in its Python code; its layers are shown with their weights, but not how they are connected. Save it as a Functional or Sequential model to see its graph and run it.`);
  }
  if (!Array.isArray(config.layers)) throw new Failure('keras.config', `${what} holds a ${type} model without a list of layers.`);
  const listed = (config.layers as readonly Json[]).map((layer, index) => {
    if (!isObject(layer) || typeof layer.class_name !== 'string') throw new Failure('keras.config', `${what}: layer ${index} has no class_name.`);
    return layer;
  });
  const layers = oneLayout(listed);
  const name = typeof config.name === 'string' ? config.name : type.toLowerCase();
  const functional = type !== 'Sequential' && layers.some((layer) => layer.inbound_nodes !== undefined);
  return functional || type === 'Functional' ? functionalFrom(name, layers, config, dialect, what) : sequentialFrom(name, layers, config, dialect, what);
}

type RawLayer = JsonObject & { readonly class_name: string };

function layerFrom(source: JsonObject, dialect: Dialect, calls: readonly CallDraft[], stated: ReadonlyMap<string, SymbolicShape>, what: string): LayerDraft {
  const className = classOf(source);
  const type = typeOf(className);
  const config = isObject(source.config) ? source.config : {};
  const name = nameOf(source);
  if (isFunctionCall(type)) return { name, ...translateFunction(config, calls), originalType: type, trainable: true, operation: true, network: null, stated };
  const merge = type === 'Merge' ? mergeOf(config) : null;
  if (merge !== null) return { name, ...merge, originalType: type, trainable: true, operation: false, calls, stated, network: null };
  const isModel = models.has(type) && (Array.isArray(config.layers) || Array.isArray(source.config));
  // TimeDistributed around a whole model: the model is what stands inside the layer.
  const repeated = type === 'TimeDistributed' && isObject(config.layer) && isModelSource(config.layer) ? config.layer : null;
  const model = isModel ? source : repeated;
  return {
    name, type, originalType: className.replace(/^.*>/, ''),
    config: isModel ? { name } : translate(type, repeated === null ? config : { ...config, layer: { class_name: repeated.class_name ?? '', config: { name: nameOf(repeated) } } }, dialect),
    trainable: config.trainable !== false,
    operation: isOperation(source, dialect, isModel),
    calls, stated,
    network: model === null ? null : modelFrom(model, dialect, what),
  };
}

function isModelSource(source: JsonObject): boolean {
  return models.has(typeOf(classOf(source))) && (Array.isArray(source.config) || (isObject(source.config) && Array.isArray(source.config.layers)));
}

/** Keras 3 keeps bare operations among the layers. Legacy files drop the module, but only layers have the setting `trainable`. */
function isOperation(source: JsonObject, dialect: Dialect, isModel: boolean): boolean {
  if (typeof source.module === 'string') return source.module.startsWith('keras.src.ops') || source.module.startsWith('keras.ops');
  // Classes of the user's own have no module, and their package before their name.
  if (source.module === null || classOf(source).includes('>') || typeof source.registered_name === 'string') return false;
  return dialect === 'keras3' && !isModel && source.class_name !== 'InputLayer' && isObject(source.config) && source.config.trainable === undefined && source.config.dtype === undefined;
}

function nameOf(source: JsonObject): string {
  if (typeof source.name === 'string') return source.name;
  if (isObject(source.config) && typeof source.config.name === 'string') return source.config.name;
  return typeOf(classOf(source)).toLowerCase();
}

function classOf(source: JsonObject): string {
  return typeof source.class_name === 'string' ? source.class_name : '';
}

function functionalFrom(name: string, layers: readonly JsonObject[], config: JsonObject, dialect: Dialect, what: string): NetworkDraft {
  const stated: StatedShapes = new Map();
  const read = layers.map((source) => ({ source, name: nameOf(source), calls: callsFrom(source.inbound_nodes, nameOf(source), stated) }));
  const drafts = read.map(({ source, name: layerName, calls }) => {
    const isInput = source.class_name === 'InputLayer';
    return layerFrom(source, dialect, calls.length === 0 && isInput ? [{ args: [], kwargs: {} }] : calls, withBuild(source, stated.get(layerName)), what);
  });
  const inputs = endsFrom(config.input_layers);
  const outputs = endsFrom(config.output_layers);
  if (drafts.length > 0 && outputs.length === 0) throw new Failure('keras.config', `${what}: the model "${displayName(name)}" does not say which layers are its outputs.`);
  return renumberModels({ name, layers: drafts, inputs, outputs });
}

/** The input shape that a layer was built for, kept for layers whose input shape is not known otherwise. */
function withBuild(source: JsonObject, stated: ReadonlyMap<string, SymbolicShape> | undefined): ReadonlyMap<string, SymbolicShape> {
  const shape = buildShape(source);
  const result = new Map(stated);
  if (shape !== null) result.set('build', shape);
  return result;
}

function buildShape(source: JsonObject | undefined): SymbolicShape | null {
  return source !== undefined && isObject(source.build_config) ? shapeFrom(source.build_config.input_shape) : null;
}

/** In Keras 2 the first call of a model inside a model is number 1, because number 0 is the model's own; here calls count from 0. */
function renumberModels(draft: NetworkDraft): NetworkDraft {
  const calls = new Map(draft.layers.filter((layer) => layer.network !== null).map((layer) => [layer.name, layer.calls.length]));
  if (calls.size === 0) return draft;
  const shifted = new Set<string>();
  const visit = (ref: TensorRef): void => { if (ref.call >= (calls.get(ref.layer) ?? Infinity)) shifted.add(ref.layer); };
  const walk = (argument: Argument, change: (ref: TensorRef) => TensorRef): Argument => {
    switch (argument.kind) {
      case 'tensor': return { kind: 'tensor', ref: change(argument.ref) };
      case 'value': return argument;
      case 'list': return { kind: 'list', items: argument.items.map((item) => walk(item, change)) };
      case 'record': return { kind: 'record', entries: Object.fromEntries(Object.entries(argument.entries).map(([key, item]) => [key, walk(item, change)])) };
    }
  };
  const all = (change: (ref: TensorRef) => TensorRef): NetworkDraft => ({
    ...draft,
    layers: draft.layers.map((layer) => ({
      ...layer,
      calls: layer.calls.map((call) => ({
        args: call.args.map((argument) => walk(argument, change)),
        kwargs: Object.fromEntries(Object.entries(call.kwargs).map(([key, argument]) => [key, walk(argument, change)])),
      })),
    })),
    outputs: draft.outputs.map(change),
  });
  all((ref) => { visit(ref); return ref; });
  if (shifted.size === 0) return draft;
  return all((ref) => (shifted.has(ref.layer) && ref.call > 0 ? { ...ref, call: ref.call - 1 } : ref));
}

/** Each layer takes the one before; without an InputLayer one is put in front, marked `implied`. */
function sequentialFrom(name: string, sources: readonly JsonObject[], config: JsonObject, dialect: Dialect, what: string): NetworkDraft {
  const [first] = sources;
  const drafts: LayerDraft[] = [];
  if (first !== undefined && first.class_name !== 'InputLayer') drafts.push(impliedInput(first as RawLayer, config));
  for (const [index, source] of sources.entries()) {
    const previous = drafts[drafts.length - 1];
    const calls: CallDraft[] = source.class_name === 'InputLayer' || previous === undefined
      ? [{ args: [], kwargs: {} }]
      : [{ args: [{ kind: 'tensor', ref: { layer: previous.name, call: 0, output: 0 } }], kwargs: {} }];
    // What the next layer was built for is what this one gives.
    const next = buildShape(sources[index + 1]);
    drafts.push(layerFrom(source, dialect, calls, withBuild(source, next === null ? undefined : new Map([['0/0', next]])), what));
  }
  const input = drafts[0];
  const output = drafts[drafts.length - 1];
  return {
    name, layers: drafts,
    inputs: input === undefined ? [] : [{ layer: input.name, call: 0, output: 0 }],
    outputs: output === undefined ? [] : [{ layer: output.name, call: 0, output: 0 }],
  };
}

/** Keras's own name for the input that it makes up: the first layer's with `_input`. */
function impliedInput(first: RawLayer, model: JsonObject): LayerDraft {
  const config = isObject(first.config) ? first.config : {};
  const inner = isObject(config.layer) && isObject(config.layer.config) ? config.layer.config : {};
  const shape = shapeFrom(config.batch_input_shape) ?? shapeFrom(config.batch_shape) ?? shapeFrom(inner.batch_input_shape)
    ?? shapeFrom(model.build_input_shape) ?? buildShape(first) ?? firstShapeOfModel(first);
  const dtype = typeof config.dtype === 'string' ? config.dtype : 'float32';
  return {
    name: `${nameOf(first)}_input`, type: 'InputLayer', originalType: 'InputLayer', trainable: true, operation: false, network: null, stated: new Map(),
    config: { name: `${nameOf(first)}_input`, batch_shape: shape, dtype: typeOf(first.class_name) === 'Embedding' ? 'int32' : dtype, implied: true },
    calls: [{ args: [], kwargs: {} }],
  };
}

/** The input shape of a model that stands first in a Sequential. */
function firstShapeOfModel(source: JsonObject): SymbolicShape | null {
  const config = isObject(source.config) ? source.config : null;
  const first: unknown = Array.isArray(config?.layers) ? config.layers[0] : undefined;
  if (!isObject(first) || !isObject(first.config)) return null;
  return shapeFrom(first.config.batch_shape) ?? shapeFrom(first.config.batch_input_shape) ?? firstShapeOfModel(first);
}
