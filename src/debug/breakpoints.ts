/** Breakpoints on lines and on layers, with conditions, hit conditions and log messages. */
import { Failure, sentenceOf } from '../tensor/failure';
import { anchorOf, lineOfAnchor } from './anchor';
import type { Anchor } from './anchor';
import { cursorOf } from './cursor';
import { evaluate, truth } from './expression/evaluate';
import { nearest } from './expression/nearest';
import { parseExpression, parseMessage } from './expression/syntax';
import type { Expression } from './expression/syntax';
import { formatValue } from './format';
import { HitCounter, parseHitCondition } from './hits';
import type { HitCondition } from './hits';
import { pathsOf } from './layer-names';
import { viewAt } from './place';
import type { Place, View } from './place';
import { phases } from '../engine/trace';
import { TraceScope } from './scope';

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
      entry.visits = entry.kind === 'line' ? new Map() : functionLines(entry, place);
      const lines = entry.kind === 'line' ? lineLines(entry, place) : [...entry.visits.keys()];
      entry.message = entry.problem ?? (lines.length === 0 ? missing(entry, place) : conditionProblem(entry, lines, place));
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

function lineLines({ anchor }: Entry, place: Place): readonly number[] {
  const line = anchor === null ? null : lineOfAnchor(place, anchor);
  return line === null ? [] : [line];
}

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

/**
 * The first group of the layer (or of a layer inside it) in each phase and call, with what names the phase and call; with a
 * condition all of them, for it may hold later only.
 */
function functionLines({ spec, condition }: Entry, place: Place): ReadonlyMap<number, string> {
  const wanted = 'name' in spec ? parseName(spec.name.trim(), place) : null;
  if (wanted === null) return new Map();
  const seen = new Set<string>(), lines = new Map<number, string>();
  place.trace.groups.forEach(({ phase, layer, call }, index) => {
    const same = layer === wanted.layer || layer?.startsWith(`${wanted.layer}/`) === true;
    if (!same || (wanted.phase !== null && phase !== wanted.phase) || (wanted.call !== null && call !== wanted.call)) return;
    const key = `${phase}#${layer === wanted.layer ? call : ''}`;
    if (!seen.has(key) || condition !== null) lines.set(place.listing.lineOfGroup(index), key);
    seen.add(key);
  });
  return lines;
}

/** Takes `.backward` and `#1` off a name unless a layer is really called so. */
function parseName(name: string, place: Place): { layer: string; phase: string | null; call: number | null } | null {
  const paths = pathsOf(place);
  for (const phase of [null, ...phases]) {
    if (phase !== null && !name.endsWith(`.${phase}`)) continue;
    const rest = phase === null ? name : name.slice(0, -phase.length - 1);
    if (paths.includes(rest)) return { layer: rest, phase, call: null };
    const [, layer, call] = /^(.*)#(\d+)$/.exec(rest) ?? [];
    if (layer !== undefined && paths.includes(layer)) return { layer, phase, call: Number(call) };
  }
  return null;
}

function missing({ spec }: Entry, place: Place): string {
  if ('line' in spec) return 'There is no step on this line or below it in the listing of this iteration.';
  const name = spec.name.trim(), paths = pathsOf(place);
  if (parseName(name, place) !== null) return `Layer '${name}' runs no operation, so there is nothing to stop at.`;
  const near = nearest(name.replace(/\.(forward|loss|backward|update)$/, ''), paths, 3);
  const known = near.length > 0 ? `near: ${near.join(', ')}` : `it has ${paths.slice(0, 8).join(', ')}${paths.length > 8 ? ', …' : ''}`;
  return `This network has no layer '${name}'; ${known}.`;
}

/** A condition that cannot be evaluated where the breakpoint stands is better said at once than at the first hit. */
function conditionProblem({ condition }: Entry, lines: readonly number[], place: Place): string | null {
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
