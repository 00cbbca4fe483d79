/** Graphs of ops that pass named tensors (ONNX, TFLite, TensorFlow) -> a network: a layer for each op, in topological order. */
import type { FormatId } from '../../network/format-titles';
import type { LayerDraft } from '../../network/draft';
import type { Argument, Convention, Json, JsonObject, Layer, Network, SymbolicShape, TensorRef, Weight } from '../../network/network';
import { leftOut } from '../../network/network';
import { choice } from '../../network/branches';
import { displayName, orderCalls } from '../../network/order';

/** What an op takes at one place: a tensor by its name ('' where it is left out), a plain value (the name of a weight of the op is one), or a list or record of such. */
export type OpInput =
  | string
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'list'; readonly items: readonly OpInput[] }
  | { readonly kind: 'record'; readonly entries: Readonly<Record<string, OpInput>> };

export interface OpNode {
  readonly name: string;
  readonly type: string;
  readonly config: JsonObject;
  /** By position; a tensor that no op and no input makes counts as a plain value, its name. */
  readonly inputs: readonly OpInput[];
  /** By name: settings that are computed while the network runs. */
  readonly settings?: Readonly<Record<string, OpInput>>;
  readonly outputs: readonly string[];
  readonly weights: readonly Weight[];
  readonly detail: string;
  /** Elements of small operands by name, as `ForeignFacts` has them. */
  readonly values?: Readonly<Record<string, readonly number[]>>;
  /** The body of a loop, or the graphs that an op chooses from. */
  readonly network?: Network;
  /** Path of the module that the op was written for, where names of ops do not say it. */
  readonly scope?: string;
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
  /** Settings of an input: its dtype. */
  readonly inputConfig?: (tensor: string) => JsonObject;
  /** Whether the engine has an op of this type. A network of such ops alone can be run; without it `viewOnly` says why none can. */
  readonly knows?: (type: string) => boolean;
  readonly viewOnly?: string;
  readonly problems: readonly string[];
}

/** Types of ops inside a loop or branch, at any depth. */
function typesIn(network: Network): readonly string[] {
  const structure = new Set(['Input', 'Graph', choice]);
  return network.layers.flatMap((layer) => [...(structure.has(layer.type) ? [] : [layer.type]), ...(layer.network === null ? [] : typesIn(layer.network))]);
}

/** Why a network with unknown ops cannot be run, naming them; undefined when all are known. */
function unknownOps({ name, nodes, knows }: OpGraph): string | undefined {
  const types = nodes.flatMap(({ type, network }) => [type, ...(network === undefined ? [] : typesIn(network))]);
  const unknown = knows === undefined ? [] : [...new Set(types.filter((type) => !knows(type)))].sort();
  if (unknown.length === 0) return undefined;
  const named = unknown.slice(0, 8).map((type) => displayName(type)).join(', ') + (unknown.length > 8 ? ` and ${unknown.length - 8} more` : '');
  return `${name} can be looked at but not run: Backstep does not have the op${unknown.length === 1 ? '' : 's'} ${named}.`;
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
  const inputs: OpNode[] = graph.inputs.map((name) => ({ name: graph.nameOf?.(name) ?? name, type: 'Input', config: graph.inputConfig?.(name) ?? {}, inputs: [], outputs: [name], weights: [], detail: '' }));
  const named = [...inputs, ...graph.nodes].map((node, index) => {
    const name = unique(node.name.replace(/^\/+/, '') || `${node.type}_${index - inputs.length}`);
    // Of tensors made twice, which no sound file has, the first counts.
    for (const [output, tensor] of node.outputs.entries()) if (tensor !== '' && !makers.has(tensor)) makers.set(tensor, { layer: name, call: 0, output });
    return { ...node, name };
  });
  const argumentOf = (input: OpInput): Argument => {
    if (typeof input === 'string') { const ref = makers.get(input); return ref === undefined ? { kind: 'value', value: input === '' ? null : input } : { kind: 'tensor', ref }; }
    switch (input.kind) {
      case 'value': return input;
      case 'list': return { kind: 'list', items: input.items.map(argumentOf) };
      case 'record': return { kind: 'record', entries: argumentsOf(input.entries) };
    }
  };
  const argumentsOf = (inputs: Readonly<Record<string, OpInput>>): Record<string, Argument> => Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, argumentOf(input)]));
  const drafts = named.map((node): LayerDraft => ({
    name: node.name, type: node.type, originalType: node.type, config: node.config, trainable: true, operation: true, network: null, stated: new Map(),
    calls: [{ kwargs: argumentsOf(node.settings ?? {}), args: node.inputs.map(argumentOf) }],
  }));
  const layers = orderCalls(drafts).flatMap(({ layer: index }): Layer[] => {
    const node = named[index];
    const draft = drafts[index];
    if (node === undefined || draft === undefined) return [];
    const shapes = node.outputs.map((tensor) => (tensor === '' ? leftOut : graph.shapeOf(tensor)));
    // Shapes are told up to the first that is not known, so that positions stay right.
    const unknown = shapes.indexOf(undefined);
    const outputShapes = shapes.slice(0, unknown < 0 ? shapes.length : unknown).map((shape) => shape ?? []);
    return [{
      name: node.name, type: node.type, config: node.config, trainable: true, network: node.network ?? null, weights: node.weights,
      problem: index < inputs.length || graph.knows?.(node.type) !== false ? null : `Backstep does not have the op ${displayName(node.type)}.`,
      calls: draft.calls.map((call) => ({ ...call, outputShapes })), ...(node.scope === undefined ? {} : { scope: node.scope }), foreign: { detail: node.detail, outputs: node.outputs.map((tensor) => tensor !== '').lastIndexOf(true) + 1, ...(node.values === undefined ? {} : { values: node.values }) },
    }];
  });
  const refs = (tensors: readonly string[]): readonly TensorRef[] => tensors.flatMap((tensor) => { const ref = makers.get(tensor); return ref === undefined ? [] : [ref]; });
  const viewOnly = graph.viewOnly ?? unknownOps(graph);
  return {
    name: graph.name, format: graph.format, formatDetail: graph.formatDetail, convention: graph.convention, layers, inputs: refs(graph.inputs), outputs: refs(graph.outputs),
    compile: null, ...(viewOnly === undefined ? {} : { viewOnly }), problems: [...(viewOnly === undefined ? [] : [viewOnly]), ...graph.problems],
  };
}
