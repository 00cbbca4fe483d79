/** Breakpoints on lines and on layers, with conditions, hit conditions and log messages. */
import { Failure, sentenceOf } from '../../tensor/failure';
import { anchorOf, lineOfAnchor } from './anchor';
import type { Anchor } from './anchor';
import { cursorOf } from '../cursor';
import { evaluate, truth } from '../expression/evaluate';
import { parseExpression, parseMessage } from '../expression/syntax';
import type { Expression } from '../expression/syntax';
import { formatValue } from '../format';
import { HitCounter, parseHitCondition } from './hits';
import type { HitCondition } from './hits';
import { layerLines, missingLayer } from './layer-lines';
import { viewAt } from '../place';
import type { Place, View } from '../place';
import { TraceScope } from '../scope';

export interface BreakpointSpec { readonly condition?: string; readonly hitCondition?: string; readonly logMessage?: string }
export interface LineSpec extends BreakpointSpec { readonly line: number }
/** `name` is a layer's path (`encoder/dense_1`), maybe with a call and a phase: `shared#1`, `dense_1.backward`. */
export interface FunctionSpec extends BreakpointSpec { readonly name: string }

export interface Breakpoint {
  readonly id: number;
  readonly kind: 'line' | 'function';
  /** False when it cannot be hit; `message` says why. */
  readonly verified: boolean;
  readonly message: string | null;
  /** First line on which it stops, 1-based; null when nowhere. */
  readonly line: number | null;
}

/** What happened on a line: breakpoints to stop at, lines to log, and conditions that could not be evaluated. */
export interface Visit { readonly stops: readonly Breakpoint[]; readonly logs: readonly string[]; readonly problems: readonly string[] }

interface Entry {
  readonly id: number;
  readonly kind: 'line' | 'function';
  readonly key: string;
  readonly spec: LineSpec | FunctionSpec;
  readonly anchor: Anchor | null;
  readonly condition: Expression | null;
  readonly hit: HitCondition | null;
  readonly log: readonly (string | Expression)[] | null;
  readonly problem: string | null;
  readonly counter: HitCounter;
  lines: readonly number[];
  /** Function breakpoints stop once a phase and call: what the lines have in common, by line. */
  visits: ReadonlyMap<number, string>;
  message: string | null;
}

export class Breakpoints {
  private readonly entries: { line: Map<string, readonly Entry[]>; function: readonly Entry[] } = { line: new Map(), function: [] };
  private nextId = 1;
  private place: Place | null = null;
  private stopLines: readonly number[] = [];

  /** Layers with a function breakpoint, as they were written. */
  get layers(): readonly string[] {
    return this.entries.function.map(({ spec }) => ('name' in spec ? spec.name : ''));
  }

  /** Replaces the line breakpoints of one source. Those that did not change keep their id and their count of hits. */
  setLines(source: string, specs: readonly LineSpec[], place: Place): readonly Breakpoint[] {
    const entries = this.renew('line', this.entries.line.get(source) ?? [], specs, place);
    this.entries.line.set(source, entries);
    this.locate(place);
    return entries.map(describe);
  }

  /** Replaces the function breakpoints. */
  setFunctions(specs: readonly FunctionSpec[], place: Place): readonly Breakpoint[] {
    this.entries.function = this.renew('function', this.entries.function, specs, place);
    this.locate(place);
    return this.entries.function.map(describe);
  }

  /** Finds the lines of all breakpoints in another listing; gives those that moved, vanished or came back. */
  locate(place: Place): readonly Breakpoint[] {
    this.place = place;
    const changed: Breakpoint[] = [];
    for (const entry of this.all()) {
      const before = JSON.stringify(describe(entry));
      const { spec, anchor, condition } = entry;
      // With a condition every group of a layer counts, for it may hold later only.
      entry.visits = 'name' in spec ? layerLines(spec.name, place, condition !== null) : new Map();
      const line = anchor === null ? null : lineOfAnchor(place, anchor);
      const lines = line === null ? [...entry.visits.keys()] : [line];
      const nowhere = 'name' in spec ? missingLayer(spec.name, place) : 'There is no step on this line or below it in the listing of this iteration.';
      entry.message = entry.problem ?? (lines.length === 0 ? nowhere : conditionProblem(condition, lines, place));
      entry.lines = entry.message === null ? lines : [];
      if (JSON.stringify(describe(entry)) !== before) changed.push(describe(entry));
    }
    this.stopLines = [...new Set(this.all().flatMap(({ lines }) => lines))].sort((a, b) => a - b);
    return changed;
  }

  /** Lines with breakpoints below (or above) a line, in the order in which a run forwards (backwards) comes by them. */
  linesFrom(line: number, direction: 'forward' | 'backward'): readonly number[] {
    return direction === 'forward' ? this.stopLines.filter((other) => other > line) : this.stopLines.filter((other) => other < line).reverse();
  }

  /** Comes by a line: evaluates conditions there, counts hits, writes log messages (only forwards). */
  visit(place: Place, line: number, direction: 'forward' | 'backward'): Visit {
    const cursor = cursorOf(place.listing.lines[line - 1], place.trace.iteration);
    const stops: Breakpoint[] = [], logs: string[] = [], problems: string[] = [];
    if (cursor === null) return { stops, logs, problems };
    const view = viewAt(place, cursor);
    for (const entry of this.all().filter(({ lines }) => lines.includes(line))) {
      try {
        if (!holds(entry, view) || metBefore(entry, line, place)) continue;
        if (entry.hit !== null && !entry.hit(entry.counter.count(place.trace.iteration, line))) continue;
        if (entry.log === null) stops.push(describe(entry));
        else if (direction === 'forward') logs.push(message(entry.log, view));
      } catch (error) {
        stops.push(describe(entry));
        problems.push(`The condition of the breakpoint on line ${line} cannot be evaluated: ${sentenceOf(error)}`);
      }
    }
    return { stops, logs, problems };
  }

  /** The first line from `from` on where a breakpoint stops; `tell` hears what log points on the way say, and conditions that cannot be evaluated. */
  firstHit(place: Place, from: number, direction: 'forward' | 'backward', tell: (log: { readonly text: string; readonly line: number; readonly important: boolean }) => void): { readonly line: number; readonly stops: readonly Breakpoint[] } | null {
    for (const line of this.linesFrom(from, direction)) {
      const { stops, logs, problems } = this.visit(place, line, direction);
      for (const text of logs) tell({ text, line, important: false });
      for (const text of problems) tell({ text, line, important: true });
      if (stops.length > 0) return { line, stops };
    }
    return null;
  }

  /** Forgets all hits: the run starts anew. */
  reset(): void {
    for (const [source, entries] of this.entries.line) this.entries.line.set(source, entries.map((entry) => ({ ...entry, counter: new HitCounter() })));
    this.entries.function = this.entries.function.map((entry) => ({ ...entry, counter: new HitCounter() }));
    if (this.place !== null) this.locate(this.place);
  }

  private all(): readonly Entry[] {
    return [...[...this.entries.line.values()].flat(), ...this.entries.function];
  }

  private renew(kind: 'line' | 'function', old: readonly Entry[], specs: readonly (LineSpec | FunctionSpec)[], place: Place): readonly Entry[] {
    const left = [...old];
    return specs.map((spec) => {
      const key = JSON.stringify(spec);
      const at = left.findIndex((entry) => entry.key === key || ('line' in spec && entry.lines[0] === spec.line && JSON.stringify({ ...entry.spec, line: spec.line }) === key));
      const [kept] = at < 0 ? [] : left.splice(at, 1);
      return kept ?? this.create(kind, key, spec, place);
    });
  }

  private create(kind: 'line' | 'function', key: string, spec: LineSpec | FunctionSpec, place: Place): Entry {
    let condition: Expression | null = null, hit: HitCondition | null = null, log: readonly (string | Expression)[] | null = null, problem: string | null = null;
    try {
      if (filled(spec.condition)) condition = parseExpression(spec.condition);
      if (filled(spec.hitCondition)) hit = parseHitCondition(spec.hitCondition);
      if (filled(spec.logMessage)) log = parseMessage(spec.logMessage);
    } catch (error) {
      problem = sentenceOf(error);
    }
    const anchor = 'line' in spec ? anchorOf(place, spec.line) : null;
    return { id: this.nextId++, kind, key, spec, anchor, condition, hit, log, problem, counter: new HitCounter(), lines: [], visits: new Map(), message: null };
  }
}

const filled = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';

const describe = ({ id, kind, lines, message: reason }: Entry): Breakpoint => ({ id, kind, verified: lines.length > 0 && reason === null, message: reason, line: lines[0] ?? null });

/** Whether a breakpoint's condition holds. A layer's breakpoint stands in several phases; where its condition has no value yet it does not. */
function holds({ condition, kind }: Entry, view: View): boolean {
  if (condition === null) return true;
  try {
    return truth(evaluate(condition, new TraceScope(view)));
  } catch (error) {
    if (kind === 'function' && error instanceof Failure && error.code === 'expression.later') return false;
    throw error;
  }
}

/** Whether a layer's breakpoint held on an earlier line of the same phase and call already. */
function metBefore(entry: Entry, line: number, place: Place): boolean {
  const visit = entry.visits.get(line);
  return entry.condition !== null && [...entry.visits].some(([other, key]) => {
    const cursor = other < line && key === visit ? cursorOf(place.listing.lines[other - 1], place.trace.iteration) : null;
    return cursor !== null && holds(entry, viewAt(place, cursor));
  });
}

/** A condition that cannot be evaluated where the breakpoint stands is better said at once than at the first hit. */
function conditionProblem(condition: Expression | null, lines: readonly number[], place: Place): string | null {
  if (condition === null) return null;
  let problem: string | null = null;
  for (const line of lines) {
    const cursor = cursorOf(place.listing.lines[line - 1], place.trace.iteration);
    if (cursor === null) continue;
    try {
      truth(evaluate(condition, new TraceScope(viewAt(place, cursor))));
      return null;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problem ??= error.message;
    }
  }
  return problem;
}

function message(parts: readonly (string | Expression)[], view: View): string {
  return parts.map((part) => {
    if (typeof part === 'string') return part;
    try {
      return formatValue(evaluate(part, new TraceScope(view)));
    } catch (error) {
      return `{${part.text}: ${sentenceOf(error)}}`;
    }
  }).join('');
}
