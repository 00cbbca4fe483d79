/** The graphs of a TFLite model: the first is the network, loops and branches name others as their bodies. */
import { graphsSideBySide } from '../../network/branches';
import type { JsonObject, Network, Weight } from '../../network/network';
import { displayName } from '../../network/order';
import { Failure } from '../../tensor/failure';
import { networkOfOps } from '../graphs/op-graph';
import type { OpInput, OpNode } from '../graphs/op-graph';
import type { FlatTable, PagedBytes } from './flat-table';
import { inputName, isRunnable, operatorName, operatorSettings, trains } from './operators';
import { isQuantised, nameOf, smallIntegers, tensorFrom, weightOf } from './tensors';
import type { LiteTensor } from './tensors';
import { variablesOf } from './variables';

const maximalDepth = 32;
/** Of all graphs, each counted as often as it is used. */
const maximalOperators = 200_000;

export interface Operator { readonly type: string; readonly inputs: readonly number[]; readonly outputs: readonly number[]; readonly options: FlatTable | null; readonly custom: Uint8Array }
export interface LiteGraph { readonly number: number; readonly tensors: readonly LiteTensor[]; readonly inputs: readonly number[]; readonly outputs: readonly number[]; readonly operators: readonly Operator[] }

/** Fields of an operator's options that name its graphs, in the order of `names`. */
const bodies: Readonly<Record<string, { readonly names: readonly string[]; readonly results: readonly string[] }>> = {
  IF: { names: ['then_branch', 'else_branch'], results: ['then_branch', 'else_branch'] }, WHILE: { names: ['cond', 'body'], results: ['body'] },
};

/** Reads graphs as they are needed. */
export class LiteModel {
  readonly buffers: readonly FlatTable[];
  private readonly codes: readonly string[];
  private readonly tables: readonly FlatTable[];
  private readonly signatures: readonly FlatTable[];
  private readonly read = new Map<number, LiteGraph>();
  private work = 0;

  /** @throws Failure `tflite.graph` when there is no graph */
  constructor(model: FlatTable, readonly bytes: PagedBytes) {
    this.tables = model.tables(2);
    this.signatures = model.tables(7);
    this.buffers = model.tables(4);
    this.codes = model.tables(1).map((code) => { const builtin = Math.max(code.int8(0), code.int32(3)); return builtin === 32 && code.text(1) !== '' ? code.text(1) : operatorName(builtin); });
    if (this.tables.length === 0) throw new Failure('tflite.graph', `${bytes.label} is a TFLite model without a graph.`);
  }

  /** Numbers of the graphs that nothing has used. */
  get unused(): readonly number[] { return this.tables.flatMap((_, number) => (this.read.has(number) ? [] : [number])); }

  /** What the file calls a graph: the key of its signature, else its own name. */
  titleOf(number: number): string {
    const signature = this.signatures.find((table) => table.uint32(4) === number)?.text(2) ?? '';
    const own = signature !== '' ? signature : this.tables[number]?.text(4) ?? '';
    return own !== '' ? own : `graph ${number + 1}`;
  }

  /** @throws Failure `tflite.graph` */
  graph(number: number): LiteGraph {
    const known = this.read.get(number);
    if (known !== undefined) return known;
    const table = this.tables[number];
    if (table === undefined) throw new Failure('tflite.graph', `${this.bytes.label} is not a sound TFLite model: an operator uses its graph number ${number}, but it has ${this.tables.length}.`);
    const graph: LiteGraph = {
      number, tensors: table.tables(0).map((tensor) => tensorFrom(tensor, this.buffers)), inputs: table.int32s(1), outputs: table.int32s(2),
      operators: table.tables(3).map((operator) => ({ type: this.codes[operator.uint32(0)] ?? 'UNKNOWN', inputs: operator.int32s(1), outputs: operator.int32s(2), options: operator.table(4), custom: operator.bytes8(5) })),
    };
    const plain = withoutUnpacking(graph);
    this.read.set(number, plain);
    return plain;
  }

  /** The constant that a weight's key names: `3` in the first graph, `1:3` in the second. */
  tensor(key: string): LiteTensor | undefined {
    const [first = '', second] = key.split(':');
    return second === undefined ? this.graph(0).tensors[Number(first)] : this.graph(Number(first)).tensors[Number(second)];
  }

  /** A graph as a network, with those that its operators run inside it. @throws Failure `tflite.graph` */
  network(number: number, name: string, formatDetail = '', problems: readonly string[] = [], depth = 0): Network {
    const graph = this.graph(number);
    this.work += graph.operators.length + 1;
    if (depth > maximalDepth || this.work > maximalOperators) throw new Failure('tflite.graph', `${this.bytes.label}: its loops and branches stand in each other more than ${maximalDepth} deep, or hold more than ${maximalOperators} operators.`);
    const { tensors, inputs } = graph;
    const keyOf = (index: number): string => (tensors[index] === undefined ? '' : String(index));
    const weightKey = (index: number): string => (number === 0 ? String(index) : `${number}:${index}`);
    const isComplex = ({ inputs: given }: Operator): boolean => given.some((index) => tensors[index]?.type?.parts === 2);
    const variables = variablesOf(this, graph);
    const shared = sharedConstants(graph.operators, tensors);
    const nodes = graph.operators.filter((operator) => !variables.absorbed.has(operator)).map((operator): OpNode => {
      const { type, inputs: given, outputs } = operator;
      const weights: Weight[] = [];
      // What a loop hands on from turn to turn as it is, is a weight; its first state is none.
      const loop = type === 'WHILE' ? this.graph(operator.options?.int32(1) ?? 0) : null;
      const own = (tensor: LiteTensor, key: string, position: number): OpInput => {
        const known = weights.find((weight) => weight.key === key);
        const kept = loop !== null && loop.inputs[position] === loop.outputs[position];
        const weight = known ?? weightOf(inputName(type, position), tensor, key, trained(kept ? 'IF' : type, kept ? position + 1 : position, tensor));
        if (known === undefined) weights.push(weight);
        return { kind: 'value', value: weight.name };
      };
      const stored = variables.values.get(operator);
      const taken = stored?.kind === 'initial' ? [own(stored.tensor, stored.key, 0)] : (stored === undefined ? given : [stored.index]).map((index, position): OpInput => {
        const tensor = tensors[index];
        return tensor?.data == null || tensor.type === null || shared.has(index) ? keyOf(index) : own(tensor, weightKey(index), position);
      });
      const result = tensors[outputs[0] ?? -1];
      const inside = this.inside(operator, nameOf(result), depth);
      return {
        name: nameOf(result), type, config: { ...operatorSettings(type, operator.options, operator.custom), ...(movesComplex.has(type) && isComplex(operator) ? { complex: true } : {}), ...(type === 'CAST' ? { type: result?.type?.name ?? '' } : {}), ...grids(type, given.some((index) => inputs.includes(index)) ? given.map((index) => (inputs.includes(index) ? tensors[index] : undefined)) : [], outputs.map((index) => tensors[index])) },
        inputs: taken, outputs: outputs.map(keyOf), weights, detail: '', ...(inside === undefined ? {} : { network: inside }),
        values: Object.fromEntries(weights.flatMap(({ name: weight, key }) => { const told = smallIntegers(this.tensor(key ?? ''), this.bytes); return told === null ? [] : [[weight, told] as const]; })),
      };
    });
    const sources = [...shared].flatMap((index): readonly OpNode[] => { const tensor = tensors[index]; return tensor === undefined ? [] : [{ name: nameOf(tensor), type: 'CONST', config: {}, inputs: [], outputs: [keyOf(index)], weights: [weightOf('value', tensor, weightKey(index), true)], detail: '' }]; });
    const complex = graph.operators.find((operator) => !takesComplex.has(operator.type) && !movesComplex.has(operator.type) && isComplex(operator));
    const viewOnly = complex === undefined ? {} : { viewOnly: `${this.bytes.label} can be looked at but not run: its operator ${displayName(nameOf(tensors[complex.outputs[0] ?? -1]))} (${complex.type}) computes with complex numbers, which Backstep only transforms, moves and splits.` };
    const handed = depth === 0 ? [] : this.handed(graph, weightKey);
    return networkOfOps({
      name, format: 'tflite', convention: 'keras', formatDetail, nodes: [...sources, ...handed, ...nodes], inputs: inputs.map(keyOf), outputs: graph.outputs.map(keyOf), shapeOf: (key) => tensors[Number(key)]?.symbolic,
      nameOf: (key) => nameOf(tensors[Number(key)]) || key, inputConfig: (key) => { const tensor = tensors[Number(key)]; return { dtype: tensor === undefined || isQuantised(tensor) ? 'float32' : tensor.type?.name ?? 'float32' }; },
      knows: isRunnable, ...viewOnly, problems: [...variables.problems, ...problems],
    });
  }

  /** Constants that a body gives as they are. */
  private handed({ tensors, outputs, operators }: LiteGraph, weightKey: (index: number) => string): readonly OpNode[] {
    const made = new Set(operators.flatMap((operator) => operator.outputs));
    return [...new Set(outputs)].flatMap((index): readonly OpNode[] => {
      const tensor = tensors[index];
      return tensor?.data == null || made.has(index) ? [] : [{ name: nameOf(tensor), type: 'CONST', config: {}, inputs: [], outputs: [String(index)], weights: [weightOf('value', tensor, weightKey(index), false)], detail: '' }];
    });
  }

  private inside({ type, options }: Operator, name: string, depth: number): Network | undefined {
    const form = Object.hasOwn(bodies, type) ? bodies[type] : undefined;
    if (form === undefined) return undefined;
    const networks = form.names.map((key, field) => [key, this.network(options?.int32(field) ?? 0, key, '', [], depth + 1)] as const);
    return graphsSideBySide(name, Object.fromEntries(networks), form.results);
  }
}

/** Operators that take complex numbers, and those that only move elements, which run on real and imaginary parts alike. */
const takesComplex = new Set(['REAL', 'IMAG', 'COMPLEX_ABS']), movesComplex = new Set(['RESHAPE', 'SQUEEZE', 'EXPAND_DIMS', 'TRANSPOSE', 'SLICE', 'STRIDED_SLICE']);

/** Operators that only write a constant in another form: its numbers are shown as they are meant where they are used. */
const unpacking = new Set(['DEQUANTIZE', 'DENSIFY']);

/** The graph with the results of such operators as constants. Constants that it gives as they are, keep their operator. */
function withoutUnpacking(graph: LiteGraph): LiteGraph {
  const tensors = [...graph.tensors];
  const operators = graph.operators.filter(({ type, inputs: [given = -1], outputs: [result = -1] }) => {
    const [source, made] = [tensors[given], tensors[result]];
    if (!unpacking.has(type) || source?.data == null || source.type === null || made === undefined || graph.outputs.includes(result)) return true;
    tensors[result] = { ...source, symbolic: source.shape };
    return false;
  });
  return operators.length === graph.operators.length ? graph : { ...graph, tensors, operators };
}

const trained = (type: string, position: number, tensor: LiteTensor): boolean => (isQuantised(tensor) || /float/.test(tensor.type?.dtype ?? '')) && trains(type, position, tensor.shape);

/** Constants that several operators train together: each is a layer of its own, so that there is one weight. */
function sharedConstants(operators: readonly Operator[], tensors: readonly LiteTensor[]): ReadonlySet<number> {
  const users = new Map<number, number>();
  for (const { type, inputs } of operators) {
    const own = new Set(inputs.filter((index, position) => { const tensor = tensors[index]; return tensor?.data != null && trained(type, position, tensor); }));
    for (const index of own) users.set(index, (users.get(index) ?? 0) + 1);
  }
  return new Set([...users].filter(([, count]) => count > 1).map(([index]) => index));
}

/** Operators whose results are elements of their input, on its grid. */
const moving = new Set(['MAX_POOL_2D', 'RESHAPE', 'SQUEEZE', 'EXPAND_DIMS', 'TRANSPOSE', 'SLICE', 'STRIDED_SLICE', 'SPLIT', 'SPLIT_V', 'GATHER', 'GATHER_ND', 'TILE', 'REVERSE_V2', 'UNPACK', 'REDUCE_MAX', 'REDUCE_MIN', 'RESIZE_NEAREST_NEIGHBOR', 'DEPTH_TO_SPACE', 'SPACE_TO_DEPTH', 'PAD', 'MIRROR_PAD']);

/** The grids of quantised results, and of the network's own inputs where an operator takes one. */
function grids(type: string, inputs: readonly (LiteTensor | undefined)[], outputs: readonly (LiteTensor | undefined)[]): JsonObject {
  const grid = (tensor: LiteTensor | undefined): JsonObject | null => (tensor === undefined || !isQuantised(tensor) || tensor.scales.length > 1 ? null : { type: tensor.type?.name ?? '', scale: tensor.scales[0] ?? 1, zero_point: tensor.zeros[0] ?? 0 });
  const [stored, given] = [moving.has(type) ? [] : outputs.map(grid), inputs.map(grid)];
  return {
    ...(stored.some((found) => found !== null) ? { quantization: stored.length === 1 ? stored[0] ?? null : stored } : {}),
    ...(given.some((found) => found !== null) ? { input_quantization: Object.fromEntries(given.flatMap((found, position) => (found === null ? [] : [[String(position), found]]))) } : {}),
  };
}
