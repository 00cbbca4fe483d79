/** `backstep inspect FILE`: the layers of a model file with shapes, parameters and multiply-adds, as a table or as JSON. */
import { parseArgs } from 'node:util';
import { openNetwork } from '../formats/registry';
import { costs, totalCost } from '../network/cost';
import { formatText } from '../network/graph-view';
import { describeShape } from '../network/kinds/kind';
import type { Network, SymbolicShape } from '../network/network';
import { displayName } from '../network/order';
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
}

export interface Inspection {
  readonly format: string;
  readonly layers: readonly InspectedLayer[];
  readonly parameters: { readonly total: number; readonly trainable: number };
}

export interface Streams { out(text: string): void; error(text: string): void }

/** What `--json` prints. Inputs that only the library makes up (a Sequential without InputLayer) are left out, as in Keras's summary. */
export function inspectNetwork(network: Network): Inspection {
  const total = totalCost(network);
  return { format: network.format, layers: inspectLayers(network, ''), parameters: { total: total.parameters, trainable: total.trainable } };
}

function inspectLayers(network: Network, prefix: string): readonly InspectedLayer[] {
  const cost = costs(network);
  return network.layers.filter(({ config }) => config.implied !== true).flatMap((layer): readonly InspectedLayer[] => {
    const own = cost.get(layer.name);
    const shapes = layer.calls[0]?.outputShapes ?? [];
    const [first = null] = shapes;
    return [
      { name: prefix + layer.name, type: layer.type, outputShape: shapes.length > 1 ? shapes : first, parameters: own?.parameters ?? 0, trainable: own?.trainable ?? 0, macs: own?.macs ?? null },
      ...(layer.network === null ? [] : inspectLayers(layer.network, `${prefix}${layer.name}/`)),
    ];
  });
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
  const { layers, parameters } = inspectNetwork(network);
  const number = (value: number | null): string => (value === null ? '?' : value.toLocaleString('en-US'));
  const rows = layers.map((layer) => [
    `${'  '.repeat(depthOf(network, layer.name))}${displayName(layer.name, 40)}`, displayName(layer.type, 30), shapeCell(layer.outputShape), number(layer.parameters), number(layer.macs),
  ]);
  const head = ['Layer', 'Type', 'Output shape', 'Parameters', 'Multiply-adds'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => cells.map((cell, column) => (column >= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd();
  const rule = '─'.repeat(widths.reduce((all, width) => all + width, 2 * (widths.length - 1)));
  return [
    `${displayName(network.name)} · ${formatText(network)}`, '',
    line(head), rule, ...rows.map(line), rule,
    `${number(parameters.total)} parameters, ${number(parameters.trainable)} trainable, ${number(parameters.total - parameters.trainable)} not; ${number(totalCost(network).macs)} multiply-adds an example`,
    ...network.problems.map((problem) => `! ${problem}`), '',
  ].join('\n');
}

/** How many models a path is inside; names may hold slashes themselves. */
function depthOf(network: Network, path: string): number {
  if (network.layers.some(({ name }) => name === path)) return 0;
  const outer = network.layers.find((layer) => layer.network !== null && path.startsWith(`${layer.name}/`));
  return outer?.network === undefined || outer.network === null ? 0 : 1 + depthOf(outer.network, path.slice(outer.name.length + 1));
}

function shapeCell(shape: InspectedLayer['outputShape']): string {
  if (shape === null) return '?';
  const isList = (value: SymbolicShape | readonly SymbolicShape[]): value is readonly SymbolicShape[] => value.some((item) => Array.isArray(item));
  return isList(shape) ? shape.map(describeShape).join(' ') : describeShape(shape);
}
