/** Graphs of ops that pass named tensors (ONNX, TFLite, TensorFlow) -> a network: a layer for each op, in topological order. */
import type { FormatId } from '../../network/format-titles';
import type { LayerDraft } from '../../network/draft';
import type { Argument, Convention, JsonObject, Layer, Network, SymbolicShape, TensorRef, Weight } from '../../network/network';
import { orderCalls } from '../../network/order';

export interface OpNode {
  readonly name: string;
  readonly type: string;
  readonly config: JsonObject;
  /** Names of tensors; '' for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly weights: readonly Weight[];
  readonly macs: number | null;
  readonly detail: string;
}

export interface OpGraph {
  readonly name: string;
  readonly format: FormatId;
  readonly formatDetail: string;
  readonly convention: Convention;
  readonly inputs: readonly string[];
  readonly nodes: readonly OpNode[];
  /** Names of tensors. */
  readonly outputs: readonly string[];
  readonly shapeOf: (tensor: string) => SymbolicShape | undefined;
  /** What an input is called, when its tensor's name is only a key. */
  readonly nameOf?: (tensor: string) => string;
  readonly viewOnly: string;
  readonly problems: readonly string[];
}

/** @throws Failure `network.cycle` when ops feed back into themselves */
export function networkOfOps(graph: OpGraph): Network {
  const names = new Set<string>();
  const unique = (wanted: string): string => {
    let name = wanted;
    for (let number = 1; names.has(name); number += 1) name = `${wanted}_${number}`;
    names.add(name);
    return name;
  };
  const makers = new Map<string, TensorRef>();
  const inputs: OpNode[] = graph.inputs.map((name) => ({ name: graph.nameOf?.(name) ?? name, type: 'Input', config: {}, inputs: [], outputs: [name], weights: [], macs: 0, detail: '' }));
  const named = [...inputs, ...graph.nodes].map((node, index) => {
    const name = unique(node.name.replace(/^\/+/, '') || `${node.type}_${index - inputs.length}`);
    // Of tensors made twice, which no sound file has, the first counts.
    for (const [output, tensor] of node.outputs.entries()) if (tensor !== '' && !makers.has(tensor)) makers.set(tensor, { layer: name, call: 0, output });
    return { ...node, name };
  });
  const drafts = named.map((node): LayerDraft => ({
    name: node.name, type: node.type, originalType: node.type, config: node.config, trainable: true, operation: true, network: null, stated: new Map(),
    calls: [{ kwargs: {}, args: node.inputs.map((tensor): Argument => { const ref = makers.get(tensor); return ref === undefined ? { kind: 'value', value: tensor === '' ? null : tensor } : { kind: 'tensor', ref }; }) }],
  }));
  const layers = orderCalls(drafts).flatMap(({ layer: index }): Layer[] => {
    const node = named[index];
    const draft = drafts[index];
    if (node === undefined || draft === undefined) return [];
    const shapes = node.outputs.map((tensor) => graph.shapeOf(tensor));
    // Shapes are told up to the first that is not known, so that positions stay right.
    const unknown = shapes.indexOf(undefined);
    const outputShapes = shapes.slice(0, unknown < 0 ? shapes.length : unknown).map((shape) => shape ?? []);
    return [{
      name: node.name, type: node.type, config: node.config, trainable: true, network: null, weights: node.weights, problem: null,
      calls: draft.calls.map((call) => ({ ...call, outputShapes })), foreign: { macs: node.macs, detail: node.detail },
    }];
  });
  const refs = (tensors: readonly string[]): readonly TensorRef[] => tensors.flatMap((tensor) => { const ref = makers.get(tensor); return ref === undefined ? [] : [ref]; });
  return {
    name: graph.name, format: graph.format, formatDetail: graph.formatDetail, convention: graph.convention, layers, inputs: refs(graph.inputs), outputs: refs(graph.outputs),
    compile: null, viewOnly: graph.viewOnly, problems: [graph.viewOnly, ...graph.problems],
  };
}
