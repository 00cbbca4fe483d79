/** `backstep inspect FILE`: the layers of a model file with shapes, parameters and multiply-adds, as a table or as JSON. */
import { parseArgs } from 'node:util';
import { openNetwork } from '../formats/registry';
import { costs, totalCost } from '../network/cost';
import { fieldView, fieldsOf, formatText } from '../network/graph-view';
import { describeShape } from '../network/kinds/kind';
import { callPath } from '../network/layer-path';
import { memories, totalMemory } from '../network/memory';
import type { Network, SymbolicShape } from '../network/network';
import { leftOut } from '../network/network';
import { displayName } from '../network/order';
import type { FieldView } from '../protocol/graph';
import { Failure, sentenceOf } from '../tensor/failure';

export const inspectUsage = 'backstep inspect FILE [--json]';

/** One layer; those of models inside the model follow it with their path as name. */
export interface InspectedLayer {
  readonly name: string;
  readonly type: string;
  /** Batch first, unknown extents null; a list of such shapes for a layer with several outputs; null when it could not be inferred. */
  readonly outputShape: SymbolicShape | readonly SymbolicShape[] | null;
  readonly parameters: number;
  /** How many of the parameters training changes. */
  readonly trainable: number;
  readonly macs: number | null;
  readonly weightBytes: number;
  /** For one example; null when an extent is unknown. */
  readonly activationBytes: number | null;
  readonly receptiveField: FieldView | null;
}

export interface Inspection {
  readonly format: string;
  readonly layers: readonly InspectedLayer[];
  readonly parameters: { readonly total: number; readonly trainable: number };
  readonly macs: number | null;
  readonly memory: { readonly weightBytes: number; readonly activationBytes: number | null };
}

export interface Streams { out(text: string): void; error(text: string): void }

/** What `--json` prints. Inputs that only the library makes up (a Sequential without InputLayer) are left out, as in Keras's summary. */
export function inspectNetwork(network: Network): Inspection {
  const total = totalCost(network);
  const { weights, activations } = totalMemory(network);
  const layers: InspectedLayer[] = [];
  eachLayer(network, (layer) => { layers.push(layer); });
  return {
    format: network.format, layers, parameters: { total: total.parameters, trainable: total.trainable },
    macs: total.macs, memory: { weightBytes: weights, activationBytes: activations },
  };
}

/** Goes through the layers in order, those of models inside the model behind it; `depth` is how many models a layer is inside. */
function eachLayer(network: Network, visit: (layer: InspectedLayer, depth: number) => void, prefix = '', depth = 0, fields = fieldsOf(network)): void {
  const cost = costs(network), each = memories(network);
  for (const layer of network.layers) {
    if (layer.config.implied === true) continue;
    const own = cost.get(layer.name);
    const shapes = (layer.calls[0]?.outputShapes ?? []).filter((shape) => shape !== leftOut);
    const [first = null] = shapes;
    const memory = each.get(layer.name) ?? { weights: 0, activations: null };
    const field = fields.get(callPath(prefix + layer.name, layer, 0));
    visit({
      name: prefix + layer.name, type: layer.type, outputShape: shapes.length > 1 ? shapes : first, parameters: own?.parameters ?? 0, trainable: own?.trainable ?? 0, macs: own?.macs ?? null,
      weightBytes: memory.weights, activationBytes: memory.activations, receptiveField: field === undefined ? null : fieldView(field),
    }, depth);
    if (layer.network !== null) eachLayer(layer.network, visit, `${prefix}${layer.name}/`, depth + 1, fields);
  }
}

/** Runs the command. Errors are one sentence on `error`. @returns the exit status */
export async function inspect(args: readonly string[], streams: Streams): Promise<number> {
  try {
    const { file, json } = optionsOf(args);
    const { network, weights } = await openNetwork(file);
    await weights.close();
    streams.out(json ? `${JSON.stringify(inspectNetwork(network), null, 1)}\n` : table(network));
    // The table ends with them; JSON has no place for them.
    if (json) for (const problem of network.problems) streams.error(`${problem}\n`);
    return 0;
  } catch (error) {
    streams.error(`${sentenceOf(error)}\n`);
    return 1;
  }
}

function optionsOf(args: readonly string[]): { file: string; json: boolean } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: 'boolean' } } });
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) throw new Error('One model file is needed.');
    return { file, json: values.json ?? false };
  } catch (error) {
    throw new Failure('inspect.usage', `${sentenceOf(error).split('\n')[0]?.replace(/\.?$/, '.')} Usage: ${inspectUsage}`, { cause: error });
  }
}

/** The table that people read, in the manner of Keras's summary. */
function table(network: Network): string {
  const { parameters, trainable, macs } = totalCost(network);
  const { weights, activations } = totalMemory(network);
  const grouped = new Intl.NumberFormat('en-US');
  const number = (value: number | null): string => (value === null ? '?' : grouped.format(value));
  const rows: string[][] = [];
  eachLayer(network, (layer, depth) => {
    rows.push([
      `${'  '.repeat(depth)}${displayName(layer.name, 40)}`, displayName(layer.type, 30), shapeCell(layer.outputShape), number(layer.parameters), number(layer.macs),
      bytesText(layer.activationBytes), bytesText(layer.weightBytes), fieldText(layer.receptiveField),
    ]);
  });
  const head = ['Layer', 'Type', 'Output shape', 'Parameters', 'Multiply-adds', 'Activations', 'Weights', 'Sees'];
  const widths = head.map((title, column) => rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), title.length));
  const line = (cells: readonly string[]): string => cells.map((cell, column) => (column >= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd();
  const rule = '─'.repeat(widths.reduce((all, width) => all + width, 2 * (widths.length - 1)));
  return [
    `${displayName(network.name)} · ${formatText(network)}`, '',
    line(head), rule, ...rows.map(line), rule,
    `${number(parameters)} parameters, ${number(trainable)} trainable, ${number(parameters - trainable)} not; ${number(macs)} multiply-adds an example`,
    `${bytesText(weights)} of weights, ${bytesText(activations)} of activations an example`,
    ...network.problems.map((problem) => `! ${problem}`), '',
  ].join('\n');
}

/** `241.04 KB`, in the manner of Keras's summary; `?` for what is not known. */
function bytesText(bytes: number | null): string {
  if (bytes === null) return '?';
  const unit = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return unit === 0 ? `${bytes} B` : `${(bytes / 1024 ** unit).toFixed(2)} ${['B', 'KB', 'MB', 'GB', 'TB'][unit] ?? ''}`;
}

/** Extents of the receptive field: `32×32`, `all×5`, `≤t` for all steps up to an element's own. */
function fieldText(field: FieldView | null): string {
  return field === null ? '-' : field.axes.map((axis) => (axis?.open === undefined ? axis?.size ?? 'all' : axis.open === 'before' ? '≤t' : '≥t')).join('×');
}

function shapeCell(shape: InspectedLayer['outputShape']): string {
  if (shape === null) return '?';
  const isList = (value: SymbolicShape | readonly SymbolicShape[]): value is readonly SymbolicShape[] => value.some((item) => Array.isArray(item));
  return isList(shape) ? shape.map(describeShape).join(' ') : describeShape(shape);
}
