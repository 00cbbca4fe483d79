/** `backstep diff A B`: what differs between two model files. */
import { parseArgs } from 'node:util';
import { openNetwork } from '../formats/registry';
import { diffNetworks, differenceSentence, percent, relativeChange } from '../network/diff';
import type { LayerDifference, NetworkDifference, WeightChange } from '../network/diff';
import { comparable } from '../network/weights-tree';
import { Failure, sentenceOf } from '../tensor/failure';
import type { Streams } from './inspect';

export const diffUsage = 'backstep diff BEFORE AFTER [--json]';

/** Runs the command. @returns 0 when the files hold the same network, 1 when they differ, 2 for an error (as diff does) */
export async function diff(args: readonly string[], streams: Streams): Promise<number> {
  try {
    const { values, positionals: [before, after, ...rest] } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: 'boolean' } } });
    if (before === undefined || after === undefined || rest.length > 0) throw new Failure('diff.usage', `Two model files are needed. Usage: ${diffUsage}`);
    const first = await openNetwork(before);
    try {
      const second = await openNetwork(after);
      try {
        const difference = await diffNetworks(...comparable(first, second));
        streams.out(values.json === true ? `${JSON.stringify(difference, null, 1)}\n` : text(difference));
        return difference.layers.length === 0 ? 0 : 1;
      } finally {
        await second.weights.close();
      }
    } finally {
      await first.weights.close();
    }
  } catch (error) {
    streams.error(`${sentenceOf(error)}\n`);
    return 2;
  }
}

const digits = (value: number): string => Number(value.toPrecision(4)).toString();

function weightLine(weight: WeightChange): string {
  const { name, shape, distance, norm, largest, shapes } = weight;
  const text = (extents: readonly number[] | null): string => (extents === null ? 'not there' : `[${extents.join(', ')}]`);
  if (shapes !== undefined) return `${name}: ${text(shapes.before)} -> ${text(shapes.after)}`;
  return `${name} [${shape.join(', ')}]: moved by ${digits(distance)} of norm ${digits(norm)} (${percent(relativeChange(weight))}), at most ${digits(largest)} an element`;
}

function lines(layer: LayerDifference): string[] {
  if (layer.kind !== 'changed') return [`${layer.kind === 'added' ? '+' : '-'} ${layer.path} (${layer.type})`];
  const renamed = layer.before === layer.path ? '' : `, was ${layer.before}`;
  return [
    `~ ${layer.path} (${layer.type}${renamed})`,
    ...layer.settings.map(({ setting, before, after }) => `    ${setting}: ${before ?? 'not set'} -> ${after ?? 'not set'}`),
    ...layer.weights.map((weight) => `    ${weightLine(weight)}`),
  ];
}

function text(difference: NetworkDifference): string {
  return [...difference.layers.flatMap(lines), differenceSentence(difference), ''].join('\n');
}
