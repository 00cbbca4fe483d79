/** The cursor and the steps of one trace: which units there are at each depth, and which comes before and after. */
import type { Phase, Trace } from '../engine/trace';
import type { Listing, ListingLine } from '../listing/listing';
import { cellCount } from './cells';

export const depths = ['iteration', 'phase', 'layer', 'op', 'cell'] as const;
export type Depth = (typeof depths)[number];

/**
 * A place on the timeline: the step that has just been done. The step is the whole unit of this depth (all ops of the group at
 * layer depth); `op` is its first op. What is shown is the state after the step.
 */
export interface Cursor {
  readonly iteration: number;
  readonly op: number;
  readonly depth: Depth;
  /** At cell depth, and only there: the number of the output element, row-major through the op's outputs. */
  readonly cell?: number;
}

/** Ops `first` … `last`, inclusive: one step at some depth. */
export interface Unit { readonly first: number; readonly last: number }

export const sameCursor = (a: Cursor, b: Cursor): boolean => a.iteration === b.iteration && a.op === b.op && a.depth === b.depth && a.cell === b.cell;

/** One level deeper (Step Into) or up (Step Out); the innermost and the outermost stay. */
export const deeper = (depth: Depth): Depth => depths[Math.min(depths.indexOf(depth) + 1, depths.length - 1)] ?? depth;
export const shallower = (depth: Depth): Depth => depths[Math.max(depths.indexOf(depth) - 1, 0)] ?? depth;

/** The steps of a trace at every depth. */
export class Steps {
  private readonly units: Readonly<Record<Depth, readonly Unit[]>>;

  constructor(readonly trace: Trace) {
    const { ops, groups } = trace;
    const phases: { phase: Phase; first: number; last: number }[] = [];
    for (const op of ops) {
      const current = phases.at(-1);
      if (current?.phase === op.phase) current.last = op.index;
      else phases.push({ phase: op.phase, first: op.index, last: op.index });
    }
    this.units = {
      iteration: [{ first: 0, last: Math.max(0, ops.length - 1) }],
      phase: phases,
      layer: groups.map(({ first, last }) => ({ first, last })),
      op: ops.map(({ index }) => ({ first: index, last: index })),
      cell: ops.map(({ index }) => ({ first: index, last: index })),
    };
  }

  /** The step at this depth that contains the op. */
  unitAt(depth: Depth, op: number): Unit {
    return this.units[depth][this.numberAt(depth, op)] ?? { first: op, last: op };
  }

  /** The last op whose results are visible at the cursor. */
  lastVisible(cursor: Cursor): number {
    return this.unitAt(cursor.depth, cursor.op).last;
  }

  /** Number of the step at this depth that contains the op: the group's index at layer depth. */
  numberAt(depth: Depth, op: number): number {
    const units = this.units[depth];
    let low = 0, high = units.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((units[middle]?.first ?? 0) <= op) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** The cursor on the step that contains the op, and on one of its elements at cell depth; an op that cannot be taken apart has no cells. */
  cursor(depth: Depth, op: number, cell = 0): Cursor {
    if (depth === 'cell') return this.cellCursor(op, cell) ?? this.cursor('op', op);
    return { iteration: this.trace.iteration, op: this.unitAt(depth, op).first, depth };
  }

  first(depth: Depth): Cursor {
    return (depth === 'cell' ? this.nextCells(0) : null) ?? this.cursor(depth, 0);
  }

  last(depth: Depth): Cursor {
    const last = this.trace.ops.length - 1;
    return (depth === 'cell' ? this.cellsBefore(last) : null) ?? this.cursor(depth, last);
  }

  /** The next step at the same depth; null over the end of the iteration. */
  after({ depth, op, cell = 0 }: Cursor): Cursor | null {
    if (depth === 'cell') return cell + 1 < this.cells(op) ? this.cellCursor(op, cell + 1) : this.nextCells(op + 1);
    return this.neighbour(depth, this.numberAt(depth, op) + 1);
  }

  /** The step before at the same depth; null before the start of the iteration. */
  before({ depth, op, cell = 0 }: Cursor): Cursor | null {
    if (depth === 'cell') return cell > 0 ? this.cellCursor(op, cell - 1) : this.cellsBefore(op - 1);
    return this.neighbour(depth, this.numberAt(depth, op) - 1);
  }

  /** How many output elements of the op one can step through. */
  cells(op: number): number {
    return cellCount(this.trace, this.trace.ops[op]);
  }

  private cellCursor(op: number, cell: number): Cursor | null {
    const count = this.cells(op);
    return count === 0 ? null : { iteration: this.trace.iteration, op, depth: 'cell', cell: Math.max(0, Math.min(count - 1, cell)) };
  }

  /** The first element of the first op from `op` on that has elements to step through. */
  private nextCells(op: number): Cursor | null {
    for (let at = op; at < this.trace.ops.length; at += 1) if (this.cells(at) > 0) return this.cellCursor(at, 0);
    return null;
  }

  /** The last element of the last op up to `op` that has elements to step through. */
  private cellsBefore(op: number): Cursor | null {
    for (let at = op; at >= 0; at -= 1) if (this.cells(at) > 0) return this.cellCursor(at, Infinity);
    return null;
  }

  private neighbour(depth: Depth, number: number): Cursor | null {
    const unit = this.units[depth][number];
    return unit === undefined ? null : { iteration: this.trace.iteration, op: unit.first, depth };
  }
}

/** The 1-based line on which the cursor stands: the op's, the group's header, the phase's header, the title. */
export function lineOf(cursor: Cursor, steps: Steps, listing: Listing): number {
  switch (cursor.depth) {
    case 'op':
    case 'cell': return listing.lineOfOp(cursor.op);
    case 'layer': return listing.lineOfGroup(steps.numberAt('layer', cursor.op));
    case 'phase': return listing.lineOfPhase(steps.trace.ops[cursor.op]?.phase ?? 'forward');
    case 'iteration': return Math.max(1, listing.lines.findIndex((line) => line.kind === 'title') + 1);
  }
}

/** The cursor that a line stands for; null on lines that hold no step. */
export function cursorOf(line: ListingLine | undefined, iteration: number): Cursor | null {
  switch (line?.kind) {
    case 'title': return { iteration, op: 0, depth: 'iteration' };
    case 'phase': return { iteration, op: line.first, depth: 'phase' };
    case 'group': return { iteration, op: line.first, depth: 'layer' };
    case 'op': return { iteration, op: line.op, depth: 'op' };
    default: return null;
  }
}
