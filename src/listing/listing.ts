/** A trace as text: valid TypeScript, one line an op, grouped by phase and layer, and the map between lines and ops. */
import { phases } from '../engine/trace';
import type { Phase, Trace } from '../engine/trace';
import type { Network } from '../network/network';
import { opLine } from './expression';
import { groupHeaders, titleLine } from './headers';
import { nameTensors } from './names';

/** What a line of the listing stands for. Lines are 1-based. */
export type ListingLine =
  | { readonly kind: 'title' }
  | { readonly kind: 'phase'; readonly phase: Phase; readonly first: number; readonly last: number }
  | { readonly kind: 'group'; readonly phase: Phase; readonly group: number; readonly first: number; readonly last: number }
  | { readonly kind: 'op'; readonly phase: Phase; readonly op: number; readonly group: number }
  /** An empty line, or the end of a folding region. */
  | { readonly kind: 'blank' };

export interface Listing {
  readonly text: string;
  /** lines[i] describes line i + 1. */
  readonly lines: readonly ListingLine[];
  /** Name of each tensor's variable in the text (`conv2d_1`, `d_conv2d_1_kernel`), by tensor id. */
  readonly names: ReadonlyMap<number, string>;
  lineOfOp(op: number): number;
  lineOfGroup(group: number): number;
  lineOfPhase(phase: Phase): number;
  /** Where each variable stands in the text, for hover and inline values: 1-based line, 0-based columns. */
  readonly variables: readonly { readonly line: number; readonly start: number; readonly end: number; readonly tensor: number }[];
}

export interface ListingOptions {
  /** What the loss phase computes, in words: `categorical crossentropy`. */
  readonly loss?: string;
  /** The optimizer in words: `Adam`. */
  readonly optimizer?: string;
  /** Headers as `// #region` with ends, for editors that fold by these; without, a blank line stands between groups. */
  readonly regions?: boolean;
}

/**
 * The listing of a trace. Its text holds nothing that changes from one iteration to the next, so traces of the same signature
 * have the same listing and line breakpoints stay where they are.
 */
export function makeListing(trace: Trace, network: Network, options: ListingOptions = {}): Listing {
  const { names, inline } = nameTensors(trace);
  const regions = options.regions === true;
  const written = (tensor: number): { text: string; variable: boolean } => {
    const number = inline.get(tensor);
    return number === undefined ? { text: names.get(tensor) ?? 'undefined', variable: true } : { text: number, variable: false };
  };
  const header = groupHeaders(trace, network, options);
  const text: string[] = [titleLine(trace, network)];
  const lines: ListingLine[] = [{ kind: 'title' }];
  const variables: Listing['variables'][number][] = [];
  const opLines = new Array<number>(trace.ops.length).fill(1);
  const groupLines = new Array<number>(trace.groups.length).fill(1);
  const phaseLines: Partial<Record<Phase, number>> = {};
  const add = (content: string, line: ListingLine): number => {
    text.push(content);
    return lines.push(line);
  };

  for (const phase of phases) {
    const groups = trace.groups.map((group, index) => ({ ...group, index })).filter((group) => group.phase === phase);
    const first = groups[0]?.first, last = groups.at(-1)?.last;
    if (first === undefined || last === undefined) continue;
    add('', { kind: 'blank' });
    phaseLines[phase] = add(regions ? `// #region ${phase}` : `// ── ${phase} ──`, { kind: 'phase', phase, first, last });
    groups.forEach((group, place) => {
      if (!regions && place > 0) add('', { kind: 'blank' });
      groupLines[group.index] = add(`// ${regions ? '#region ' : ''}${header(group)}`, { kind: 'group', phase, group: group.index, first: group.first, last: group.last });
      for (let index = group.first; index <= group.last; index += 1) {
        const op = trace.ops[index];
        if (op === undefined) continue;
        const { text: content, variables: placed } = opLine(op, written, (tensor) => trace.tensors.get(tensor)?.writer === index);
        const line = add(content, { kind: 'op', phase, op: index, group: group.index });
        opLines[index] = line;
        for (const variable of placed) variables.push({ line, ...variable });
      }
      if (regions) add('// #endregion', { kind: 'blank' });
    });
    if (regions) add('// #endregion', { kind: 'blank' });
  }
  return {
    text: `${text.join('\n')}\n`, lines, names, variables,
    lineOfOp: (op) => opLines[op] ?? 1,
    lineOfGroup: (group) => groupLines[group] ?? 1,
    lineOfPhase: (phase) => phaseLines[phase] ?? 1,
  };
}
