/** Network -> the graph that the webview draws: nodes with short texts, edges with shapes, nested models as groups. */
import { Failure, printable } from '../tensor/failure';
import type { EdgeView, FieldView, GraphView, NodeView } from '../protocol/graph';
import { dataRefsOfCall, refsOfCall } from './arguments';
import { choice, innerInput, innerOutput } from './branches';
import { costs, totalCost } from './cost';
import type { Cost } from './cost';
import { formatTitle } from './format-titles';
import { activationName } from './kinds/core';
import { Settings, describeShape } from './kinds/kind';
import { kindOf } from './kinds/table';
import { callPath, flattenLayers, shapesOf } from './layer-path';
import { memories, totalMemory } from './memory';
import type { Memory } from './memory';
import type { Convention, Layer, LayerCall, Network, SymbolicShape, TensorRef } from './network';
import { leftOut } from './network';
import { displayName } from './order';
import { fieldSize, receptiveFields } from './receptive-field';
import type { ReceptiveField } from './receptive-field';
import { settingLines } from './setting-text';

/** The view of a whole network; linear in its size. */
export function graphView(network: Network): GraphView {
  const nodes: NodeView[] = [];
  const edges: EdgeView[] = [];
  const cost = costs(network);
  const each = memories(network);
  addNetwork(network, null, nodes, edges, fieldsOf(network), cost, each);
  const total = totalCost(network, cost);
  const memory = totalMemory(network, each);
  const layers = [...flattenLayers(network)].filter(({ layer }) => layer.network === null).length;
  return {
    title: displayName(network.name, 80), format: formatText(network), nodes, edges,
    totals: { layers, parameters: total.parameters, trainable: total.trainable, macs: total.macs, weightBytes: memory.weights, activationBytes: memory.activations },
    problems: network.problems.map(printable),
  };
}

/** `ONNX model, opset 20, pytorch 2.13.0`. */
export function formatText(network: Network): string {
  const { formatDetail = '' } = network;
  return displayName(formatTitle(network.format) + (formatDetail === '' ? '' : `, ${formatDetail}`), 120);
}

/** Receptive fields by path, also for inspection on the command line. */
export const fieldsOf = (network: Network): ReadonlyMap<string, ReceptiveField> => receptiveFields(network);

/** Numbers to show of a field. */
export function fieldView({ input, axes }: ReceptiveField): FieldView {
  const rounded = (value: number): number => Number(value.toPrecision(6));
  return { input: displayName(input), axes: axes.map((axis) => {
    if (axis?.width !== undefined) return { size: fieldSize(axis), jump: 0, start: 0, scattered: true };
    if (axis === null || (axis.low === -Infinity && axis.high === Infinity)) return null;
    if (axis.low === -Infinity) return { size: null, open: 'before', jump: rounded(axis.jump), start: rounded(axis.high) };
    if (axis.high === Infinity) return { size: null, open: 'behind', jump: rounded(axis.jump), start: rounded(axis.low) };
    return { size: fieldSize(axis), jump: rounded(axis.jump), start: rounded(axis.low) };
  }) };
}

function addNetwork(network: Network, parent: string | null, nodes: NodeView[], edges: EdgeView[], fields: ReadonlyMap<string, ReceptiveField>, cost = costs(network), memory = memories(network)): void {
  const prefix = parent === null ? '' : `${parent}/`;
  const shapeOf = shapesOf(network);
  const byName = new Map(network.layers.map((layer) => [layer.name, layer]));
  const drawn = new Set<string>();
  for (const layer of network.layers) {
    const id = prefix + layer.name;
    nodes.push(nodeView(layer, network.convention, id, parent, cost.get(layer.name) ?? { parameters: 0, trainable: 0, macs: null }, fields.get(callPath(id, layer, 0)) ?? null, memory.get(layer.name) ?? { weights: 0, activations: null }));
    if (layer.network !== null) addNetwork(layer.network, id, nodes, edges, fields);
    for (const call of layer.calls) {
      for (const [position, ref] of argumentsOf(layer, call)) {
        const shape = shapeOf(ref);
        const source = prefix + leaves(byName.get(ref.layer), ref);
        const target = layer.network === null ? id : `${id}/${position === null && layer.network.layers.some(({ name }) => name === choice) ? choice : entrance(layer.network, position ?? 0)}`;
        const edge = { source, target, shape: shape === undefined ? '' : textOf(byName.get(ref.layer), shape) };
        const key = `${source}\n${target}\n${edge.shape}`;
        if (!drawn.has(key)) edges.push(edge);
        drawn.add(key);
      }
    }
  }
}

/** The tensors that a call takes, with the input of the network inside that each becomes; null for the condition of a branch. */
function argumentsOf(layer: Layer, call: LayerCall): readonly (readonly [position: number | null, ref: TensorRef])[] {
  if (layer.foreign === undefined || layer.network === null) return (layer.foreign === undefined ? refsOfCall(call) : dataRefsOfCall(call)).map((ref, position) => [position, ref]);
  return call.args.flatMap((argument, position) => dataRefsOfCall({ args: [argument], kwargs: {} }).map((ref) => [innerInput(layer, position), ref] as const));
}

/** The path, within the same network, of the layer that a tensor really comes from: inside a nested model, its output layer. */
function leaves(layer: Layer | undefined, ref: TensorRef): string {
  const inner = layer?.network?.outputs[innerOutput(layer, ref.output)];
  if (layer === undefined || layer.network === null || inner === undefined) return ref.layer;
  return `${ref.layer}/${leaves(layer.network.layers.find(({ name }) => name === inner.layer), inner)}`;
}

/** The path, within a nested network, of the input layer that takes tensor number `position`. */
function entrance(network: Network, position: number): string {
  const ref = network.inputs[Math.min(position, network.inputs.length - 1)];
  return ref?.layer ?? network.layers[0]?.name ?? '';
}

function nodeView(layer: Layer, convention: Convention, id: string, parent: string | null, cost: Cost, field: ReceptiveField | null, memory: Memory): NodeView {
  const shapes = (layer.calls[0]?.outputShapes ?? []).filter((shape) => shape !== leftOut);
  const activation = layer.network === null ? activationName(layer.config) : null;
  return {
    id, parent,
    name: displayName(layer.name), type: displayName(layer.type), ...(layer.scope === undefined ? {} : { scope: displayName(layer.scope) }),
    detail: detailText(layer, activation),
    outputShape: shapes.map((shape) => textOf(layer, shape)).join(', '), batchShape: shapes.map(describeShape).join(', '),
    activation: activation === null ? null : displayName(activation),
    parameters: cost.parameters, trainable: cost.trainable, macs: cost.macs,
    weightBytes: memory.weights, activationBytes: memory.activations, receptiveField: field === null ? null : fieldView(field),
    settings: layer.network === null ? settingLines(layer.config, layer.trainable) : [],
    weights: layer.weights.map(({ name, shape, dtype, trainable }) => ({ name, shape, dtype, trainable, ...(outputsFirst(layer, convention) ? { layout: 'weight-first' as const } : {}) })),
    problem: layer.problem === null ? null : printable(layer.problem),
  };
}

/** Whether a layer's kernels are `[out, in, …]`: those of PyTorch's files and of ONNX. */
export const outputsFirst = (layer: Layer, convention: Convention): boolean => layer.foreign !== undefined && convention === 'pytorch';

/** The shape of what a layer gives: a weight that stands by itself has no batch. */
const textOf = (layer: Layer | undefined, shape: SymbolicShape): string => shapeText(layer?.type === 'Parameter' ? [null, ...shape] : shape);

/** `28×28×6`: a shape without its batch; unknown extents are `?`. */
export function shapeText(shape: SymbolicShape): string {
  return shape.length <= 1 ? 'scalar' : shape.slice(1).map((extent) => extent ?? '?').join('×');
}

function detailText(layer: Layer, activation: string | null): string {
  if (layer.network !== null) {
    const count = layer.network.layers.length;
    return `${count} layer${count === 1 ? '' : 's'}`;
  }
  const words = [kindDetail(layer), activation ?? ''];
  return displayName(words.filter((word) => word !== '').join(' '));
}

function kindDetail(layer: Layer): string {
  if (layer.foreign !== undefined) return layer.foreign.detail;
  try {
    return kindOf(layer.type)?.detail?.(new Settings(layer.config)) ?? '';
  } catch (error) {
    // Wrong settings are the layer's `problem`, shown elsewhere.
    if (error instanceof Failure) return '';
    throw error;
  }
}
