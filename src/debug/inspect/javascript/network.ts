/**
 * Runs inside a paused JavaScript program: the layers of a tf.LayersModel applied to an input, in inference mode, in a scope of
 * TensorFlow.js's engine that is put back as it was: no tensor stays, nothing is taped or profiled, and counters stand where they stood.
 */
import { isObject, Problem } from './values';
import type { Fields } from './values';

/** An output of a call of a layer; nested models have their layers' outputs too. */
export interface LayerOutput { readonly layer: readonly string[]; readonly call: number; readonly output: number; readonly tensor: Fields }
/** The elements of an input given as numbers. */
export interface GivenNumbers { readonly shape: readonly number[]; readonly data: Float32Array }

/** Of a larger batch only so many examples are computed. */
const mostExamples = 16;

type Method = (...given: readonly unknown[]) => unknown;
const method = (holder: Fields, name: string): Method => {
  const found = holder[name];
  if (typeof found !== 'function') throw new Problem('unreadable', `this version of TensorFlow.js has no ${name}`);
  return (found as Method).bind(holder);
};
const every = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value as unknown[] : [value]);
const list = (value: unknown): readonly Fields[] => every(value).filter(isObject);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A Sequential keeps the graph of its layers in an inner model, once it was called; before, its layers stand in a row. */
function graphOf(model: Fields): Fields {
  const { model: inner, nodesByDepth } = model;
  if (isObject(inner) && isObject(inner['nodesByDepth'])) return inner;
  if (!isObject(nodesByDepth) || Object.keys(nodesByDepth).length > 0) return model;
  const sources = list(model['inputs']).map(({ sourceLayer }) => sourceLayer);
  const row = [...sources.filter(isObject), ...list(model['layers'])];
  return { inputs: model['inputs'], outputs: model['outputs'], nodesByDepth: Object.fromEntries(row.map((layer, i) => [row.length - i, every(layer['inboundNodes']).slice(0, 1)])) };
}

interface Wanted { readonly numbers: (value: unknown) => GivenNumbers; readonly see: (output: LayerOutput) => void }

/** Computes all outputs and shows each to `see`; it must not keep the tensors. @throws Problem with a sentence's detail */
export function computeOutputs(value: Fields, input: unknown, wanted: Wanted): void {
  const { _tfengine: engine } = globalThis as { readonly _tfengine?: unknown };
  if (!isObject(engine) || !isObject(engine['state'])) throw new Problem('unreadable', 'the engine of TensorFlow.js is not there');
  const model = graphOf(value);
  if (!isObject(model['nodesByDepth']) || Object.keys(model['nodesByDepth']).length === 0) throw new Problem('unreadable', 'the model has not been built yet');
  const state = engine['state'] as Record<string, unknown>;
  const counters = engine['constructor'] as Record<string, unknown>;
  const saved = { ...state };
  const { nextTensorId } = counters;
  const hooks: [Record<string, unknown>, unknown][] = [];
  state['gradientDepth'] = 0;
  state['profiling'] = false;
  try {
    method(engine, 'tidy')(() => {
      const inputs = inputsOf(model, input, engine, wanted.numbers);
      run(model, inputs, [], hooks, wanted.see);
    });
  } finally {
    for (const [layer, hook] of hooks) layer['_callHook'] = hook;
    state['gradientDepth'] = saved['gradientDepth'];
    state['profiling'] = saved['profiling'];
    if (state['numTensors'] === saved['numTensors']) {
      counters['nextTensorId'] = nextTensorId;
      state['nextScopeId'] = saved['nextScopeId'];
    }
  }
  if (state['numTensors'] !== saved['numTensors']) throw new Problem('unreadable', `a layer of the model keeps tensors: the program has ${String(state['numTensors'])} of them now, ${String(saved['numTensors'])} before`);
}

/** The given tensors, or tensors made of given numbers, one for each input of the model. */
function inputsOf(model: Fields, input: unknown, engine: Fields, numbers: Wanted['numbers']): readonly Fields[] {
  const wanted = list(model['inputs']);
  const isTensor = isObject(input) && typeof input['dataSync'] === 'function';
  const given: readonly unknown[] = isTensor ? [input] : wanted.length === 1 && !(Array.isArray(input) && input.length === 1 && isObject(input[0]) && 'dataSync' in input[0]) ? [input]
    : Array.isArray(input) ? input as unknown[] : isObject(input) ? wanted.map(({ name }) => input[textOf(name)]) : [];
  if (given.length !== wanted.length) throw new Problem('shape', `the model takes ${wanted.length} inputs, and ${given.length} are given`);
  return wanted.map((symbolic, i) => {
    const { shape, data } = numbers(given[i]);
    const expected = (symbolic['shape'] as readonly (number | null)[]).map((extent) => extent ?? null);
    const full = shape.length === expected.length - 1 ? [1, ...shape] : [...shape];
    const words = (extents: readonly (number | null)[]): string => `[${extents.map((extent) => extent ?? '?').join(', ')}]`;
    if (full.length !== expected.length || expected.some((extent, axis) => axis > 0 && extent !== null && extent !== full[axis])) throw new Problem('shape', `the model takes an input of shape ${words(expected)}, this one has ${words(shape)}`);
    const rest = full.slice(1).reduce((product, extent) => product * extent, 1);
    const examples = Math.min(full[0] ?? 1, mostExamples);
    const dtype = isObject(given[i]) && typeof given[i]['dtype'] === 'string' ? given[i]['dtype'] : 'float32';
    const kept = data.subarray(0, examples * rest);
    return method(engine, 'makeTensor')(dtype === 'float32' ? kept.slice() : dtype === 'bool' ? Uint8Array.from(kept) : Int32Array.from(kept), [examples, ...full.slice(1)], dtype) as Fields;
  });
}

/** What Container.runInternalGraph does, with each layer's outputs seen on the way. @returns the model's outputs */
function run(model: Fields, inputs: readonly Fields[], path: readonly string[], hooks: [Record<string, unknown>, unknown][], see: (output: LayerOutput) => void): readonly Fields[] {
  const known = new Map<unknown, readonly [tensor: Fields, mask: unknown]>();
  for (const [i, symbolic] of list(model['inputs']).entries()) known.set(symbolic['id'], [inputs[i] ?? {}, null]);
  const byDepth = model['nodesByDepth'] as Readonly<Record<string, unknown>>;
  for (const depth of Object.keys(byDepth).map(Number).sort((a, b) => b - a)) {
    for (const node of list(byDepth[depth])) {
      const layer = node['outboundLayer'];
      if (!isObject(layer)) continue;
      const symbolic = list(node['outputTensors']);
      const place = { layer: [...path, textOf(layer['name'])], call: callOf(model, layer, node) };
      const fed = symbolic.map(({ id }) => known.get(id)?.[0]);
      if (fed.every((tensor) => tensor !== undefined)) {
        for (const [output, tensor] of fed.entries()) see({ ...place, output, tensor });
        continue;
      }
      const data = list(node['inputTensors']).map(({ id }) => known.get(id));
      const ready = data.flatMap((entry) => (entry === undefined ? [] : [entry]));
      if (ready.length !== data.length || ready.length === 0) continue;
      const single = ready.length === 1;
      const tensors = single ? ready[0]?.[0] : ready.map(([tensor]) => tensor);
      const masks = single ? ready[0]?.[1] : ready.map(([, mask]) => mask);
      const inner = graphOf(layer);
      const outputs = isObject(inner['nodesByDepth'])
        ? run(inner, ready.map(([tensor]) => tensor), place.layer, hooks, see)
        : callLayer(layer, tensors, { ...(isObject(node['callArgs']) ? node['callArgs'] : {}), mask: masks }, hooks);
      const outputMasks = every(method(layer, 'computeMask')(tensors, masks));
      for (const [output, { id }] of symbolic.entries()) {
        const tensor = outputs[output];
        if (tensor === undefined) continue;
        known.set(id, [tensor, outputMasks[output] ?? null]);
        see({ ...place, output, tensor });
      }
    }
  }
  return list(model['outputs']).map(({ id }) => known.get(id)?.[0] ?? {});
}

function callLayer(layer: Fields, tensors: unknown, kwargs: object, hooks: [Record<string, unknown>, unknown][]): readonly Fields[] {
  if (layer['stateful'] === true) throw new Problem('unreadable', `its layer ${textOf(layer['name'])} keeps states from call to call, which a computation would change`);
  const { _callHook: hook } = layer;
  if (hook !== null && hook !== undefined) {
    // A hook is the program's own code; it is to hear of the program's own calls only.
    hooks.push([layer, hook]);
    (layer as Record<string, unknown>)['_callHook'] = null;
  }
  return list(method(layer, 'call')(tensors, kwargs));
}

/** A shared layer has several nodes; those of this model are numbered. */
function callOf(model: Fields, layer: Fields, node: Fields): number {
  const nodes = list(layer['inboundNodes']);
  const own = model['containerNodes'];
  const counted = own instanceof Set ? nodes.filter((_, index) => own.has(`${textOf(layer['name'])}_ib-${index}`)) : nodes;
  return Math.max(0, counted.indexOf(node));
}
