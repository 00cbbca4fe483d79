/** A trace as text: valid TypeScript, one line an op, grouped by phase and layer, and the map between lines and ops. */
import type { Phase } from '../engine/trace';

/** What a line of the listing stands for. Lines are 1-based. */
export type ListingLine =
  | { readonly kind: 'title' }
  | { readonly kind: 'phase'; readonly phase: Phase; readonly first: number; readonly last: number }
  | { readonly kind: 'group'; readonly phase: Phase; readonly group: number; readonly first: number; readonly last: number }
  | { readonly kind: 'op'; readonly phase: Phase; readonly op: number; readonly group: number }
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
