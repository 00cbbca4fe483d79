/** Jump to Cursor: from an op, line, layer, phase or iteration to the cursor that stands for it. */
import type { Phase } from '../engine/trace';
import { Failure } from '../tensor/failure';
import { anchorOf, lineOfAnchor } from './breakpoints/anchor';
import { cellNumber } from './cells';
import { cursorOf } from './cursor';
import type { Cursor } from './cursor';
import { suggestion } from '../engine/nearest';
import { pathsOf } from './layer-names';
import type { Place } from './place';

/** Iterations and ops count from 0 here, as in traces; sentences count from 1. */
export type JumpTarget =
  | { readonly kind: 'op'; readonly iteration?: number; readonly op: number }
  /** One output element of an op of the iteration at hand. */
  | { readonly kind: 'cell'; readonly iteration: number; readonly op: number; readonly tensor: number; readonly index: readonly number[] }
  | { readonly kind: 'line'; readonly line: number }
  | { readonly kind: 'layer'; readonly layer: string; readonly phase?: Phase }
  | { readonly kind: 'phase'; readonly phase: Phase }
  /** The same step of another iteration. */
  | { readonly kind: 'iteration'; readonly iteration: number };

/** @throws Failure `jump.…` with the reason why one cannot go there. */
export function cursorOfTarget(target: JumpTarget, place: Place, from: Cursor, limit: number): Cursor {
  const { steps, trace } = place;
  switch (target.kind) {
    case 'op': {
      const iteration = checkedIteration(target.iteration ?? from.iteration, limit);
      // Another iteration may have fewer ops; it is not known before it has run.
      if (!Number.isInteger(target.op) || target.op < 0 || (iteration === from.iteration && target.op >= trace.ops.length)) {
        throw new Failure('jump.op', `Operation ${target.op + 1} does not exist: iteration ${iteration + 1} has the operations 1 to ${trace.ops.length}.`);
      }
      return { iteration, op: target.op, depth: 'op' };
    }
    case 'cell': {
      const cell = target.iteration === from.iteration ? cellNumber(trace, trace.ops[target.op], target.index, (tensor) => tensor === target.tensor) : null;
      if (cell === null) throw new Failure('jump.cell', `There is no element [${target.index.join(', ')}] to step into in operation ${target.op + 1} of iteration ${from.iteration + 1}.`);
      return steps.cursor('cell', target.op, cell);
    }
    case 'line': {
      const anchor = anchorOf(place, target.line), line = anchor === null ? null : lineOfAnchor(place, anchor);
      const cursor = line === null ? null : cursorOf(place.listing.lines[line - 1], from.iteration);
      if (cursor === null) throw new Failure('jump.line', `There is no step on line ${target.line} or below it.`);
      return cursor;
    }
    case 'layer': return layerCursor(target.layer, target.phase ?? trace.ops[from.op]?.phase ?? 'forward', target.phase !== undefined, place);
    case 'phase': {
      const op = trace.ops.find(({ phase }) => phase === target.phase);
      if (op === undefined) throw new Failure('jump.phase', `This iteration has no ${target.phase} phase.`);
      return steps.cursor('phase', op.index);
    }
    case 'iteration': return { ...from, iteration: checkedIteration(target.iteration, limit) };
  }
}

/** The layer's step in the phase; when the phase was not asked for and has none, its forward step, or whichever is first. */
function layerCursor(path: string, phase: Phase, strict: boolean, place: Place): Cursor {
  const groups = place.trace.groups.filter(({ layer }) => layer === path || layer?.startsWith(`${path}/`) === true);
  const group = groups.find((candidate) => candidate.phase === phase) ?? (strict ? undefined : groups[0]);
  if (group !== undefined) return place.steps.cursor('layer', group.first);
  const paths = pathsOf(place);
  if (!paths.includes(path)) throw new Failure('jump.layer', `This network has no layer '${path}'${suggestion(path, paths)}`);
  throw new Failure('jump.layer', `Layer '${path}' runs no operation${strict ? ` in the ${phase} phase` : ''}, so there is no step to go to.`);
}

function checkedIteration(iteration: number, limit: number): number {
  if (!Number.isSafeInteger(iteration) || iteration < 0) throw new Failure('jump.iteration', `Iteration ${iteration + 1} does not exist: iterations count from 1.`);
  if (iteration >= limit) throw new Failure('jump.iteration', `Iteration ${iteration + 1} does not exist: the run has ${limit} iteration${limit === 1 ? '' : 's'}.`);
  return iteration;
}
