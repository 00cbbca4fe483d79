/** The debugger without DAP and without an editor: a run, a cursor on its timeline, breakpoints, and motion in both directions. */
import type { TensorChange } from '../engine/changes';
import type { Run, RunInfo } from '../engine/run';
import type { Trace } from '../engine/trace';
import type { Listing } from '../listing/listing';
import { Failure } from '../tensor/failure';
import { Breakpoints } from './breakpoints/breakpoints';
import type { Breakpoint, FunctionSpec, LineSpec } from './breakpoints/breakpoints';
import { asFailure, breathe, isCancelled } from './cancel';
import { cellNumber, largestCell } from './cells';
import { deeper, shallower } from './cursor';
import type { Cursor } from './cursor';
import { Emitter } from './emitter';
import type { Subscription } from './emitter';
import { cursorOfTarget } from './jump';
import { ListingCache } from './listing-cache';
import type { ControllerEvents, ControllerOptions, MoveReason } from './moves';
import type { JumpTarget } from './jump';
import { placeOf, viewAt } from './place';
import { Throttle } from './throttle';
import type { Place, View } from './place';

interface Stop { readonly place: Place; readonly cursor: Cursor; readonly reason: MoveReason; readonly text?: string; readonly failure?: Failure; readonly breakpoints?: readonly Breakpoint[] }

export type { ControllerEvents, ControllerOptions, Move, MoveReason } from './moves';

export class Controller {
  private readonly emitter: Emitter<ControllerEvents>;
  private readonly breakpoints = new Breakpoints();
  private readonly progress: Throttle;
  private turn: Promise<void> = Promise.resolve();
  /** Of the motion under way and those that wait for it. */
  private readonly aborters = new Set<AbortController>();
  private release: (() => void) | null = null;
  private where: { place: Place; cursor: Cursor } | null = null;
  private knownLosses = 0;
  private status: 'stopped' | 'running' | 'ended' = 'stopped';
  private ignoresBreakpoints = false;
  /** The element that the person looks at: Step Into goes there in any output of this shape. */
  private selected: { readonly shape: string; readonly index: readonly number[] } | null = null;

  private listings: ListingCache;

  private constructor(private run: Run, private readonly options: ControllerOptions) {
    this.listings = new ListingCache(options.makeListing);
    this.emitter = new Emitter(options.onListenerError);
    this.progress = new Throttle(100, options.now ?? Date.now);
  }

  /** Opens the run and goes to the first group of the forward phase of iteration 0. @throws Failure; nothing is left behind then. */
  static async launch(options: ControllerOptions, signal: AbortSignal = new AbortController().signal): Promise<Controller> {
    const run = await options.open(signal);
    const controller = new Controller(run, options);
    try {
      const place = await controller.fetch(0, signal);
      controller.settle({ place, cursor: place.steps.first('layer'), reason: 'entry' });
      return controller;
    } catch (error) {
      await controller.end();
      throw error;
    }
  }

  on<Name extends keyof ControllerEvents>(name: Name, listener: (event: ControllerEvents[Name]) => void): Subscription {
    return this.emitter.on(name, listener);
  }

  get info(): RunInfo { return this.run.info; }
  get losses(): readonly number[] { return this.run.losses; }
  get state(): 'stopped' | 'running' | 'ended' { return this.status; }
  get cursor(): Cursor { return this.at().cursor; }
  get trace(): Trace { return this.at().place.trace; }
  get listing(): Listing { return this.at().place.listing; }
  /** All that can be seen at the cursor. */
  get view(): View { const { place, cursor } = this.at(); return viewAt(place, cursor); }
  /** Layers with a function breakpoint. */
  get breakpointLayers(): readonly string[] { return this.breakpoints.layers; }
  /** How many iterations there are; Infinity for an endless run. */
  get limit(): number { return this.run.info.config.iterations ?? Infinity; }

  /** Tells listeners where the cursor stands; the first time when the client is ready to hear it. */
  announce(reason: MoveReason): void {
    this.settle({ ...this.at(), reason });
  }

  setLineBreakpoints(source: string, specs: readonly LineSpec[]): readonly Breakpoint[] {
    return this.breakpoints.setLines(source, specs, this.at().place);
  }

  setFunctionBreakpoints(specs: readonly FunctionSpec[]): readonly Breakpoint[] {
    return this.breakpoints.setFunctions(specs, this.at().place);
  }

  /** Run without debugging: goes to the end of the run past all breakpoints. */
  runToEnd(): Promise<void> {
    this.ignoresBreakpoints = true;
    return this.continue();
  }

  /** To the next step at the same depth, over the end of an iteration into the next. */
  stepOver(): Promise<void> {
    return this.move((signal) => this.forward(this.at().cursor, signal));
  }

  /** The exact mirror of stepOver. */
  stepBack(): Promise<void> {
    return this.move(async (signal) => {
      const { place, cursor } = this.at();
      const before = place.steps.before(cursor);
      if (before !== null) return { place, cursor: before, reason: 'step' };
      if (cursor.iteration === 0) return { place, cursor, reason: 'start of run', text: 'This is the first step of the run.' };
      const previous = await this.fetch(cursor.iteration - 1, signal);
      return { place: previous, cursor: previous.steps.last(cursor.depth), reason: 'step' };
    });
  }

  /**
   * One level deeper, on the first step inside the current one. From an op to the output element that is selected, else to the largest in
   * absolute value; an op that cannot be taken apart stays and says so. Inside a cell there is nothing more, so it steps over.
   */
  stepInto(): Promise<void> {
    return this.move((signal) => {
      const { place, cursor } = this.at();
      if (cursor.depth === 'cell') return this.forward(cursor, signal);
      if (cursor.depth === 'op') return Promise.resolve(this.intoCell(place, cursor));
      return Promise.resolve({ place, cursor: place.steps.cursor(deeper(cursor.depth), cursor.op), reason: 'step' });
    });
  }

  /** One level up, on the step after the one that contains the cursor; at iteration depth the next iteration, from a cell back to its op. */
  stepOut(): Promise<void> {
    return this.move((signal) => {
      const { place, cursor } = this.at();
      if (cursor.depth === 'cell') return Promise.resolve({ place, cursor: place.steps.cursor('op', cursor.op), reason: 'step' });
      return this.forward(place.steps.cursor(shallower(cursor.depth), cursor.op), signal);
    });
  }

  /** Notes the element that Step Into shall go to, in this tensor and all others of its shape; null for none. */
  selectElement(element: { readonly tensor: number; readonly index: readonly number[] } | null): void {
    const shape = element === null ? undefined : this.at().place.trace.tensors.get(element.tensor)?.shape;
    this.selected = element === null || shape === undefined ? null : { shape: shape.join(), index: [...element.index] };
  }

  /** Asks the run about the place under the cursor, whose trace stays alive until the answer is there, wherever the cursor goes. */
  async ask<T>(question: (view: View, run: Run) => Promise<T>): Promise<T> {
    if (this.isEnded()) throw new Failure('debug.ended', 'This session has ended; start it again to go on.');
    const { view, run } = this, release = run.retain(view.trace);
    try {
      return await question(view, run);
    } finally {
      release();
    }
  }

  /** What has been set by hand, by iteration. */
  get changes(): ReadonlyMap<number, readonly TensorChange[]> { return this.run.changes; }

  /**
   * Sets elements of a tensor and runs the iteration again with them: another history from here on. The cursor stays on its step.
   * @throws Failure of the run with these values; they are then not set
   */
  async change(change: TensorChange): Promise<void> {
    const { iteration } = this.cursor, before = this.run.changes.get(iteration) ?? [];
    let failure: unknown = null;
    await this.rewrite(iteration, async (signal) => {
      await this.run.change(iteration, [...before, change]);
      try {
        return await this.fetch(iteration, signal);
      } catch (error) {
        failure = error;
        await this.run.change(iteration, before);
        return this.fetch(iteration, signal);
      }
    });
    if (failure !== null) throw asFailure(failure);
  }

  /** Takes all back that has been set: the run goes on as its configuration has it. */
  async restore(): Promise<void> {
    const first = Math.min(...this.run.changes.keys());
    if (Number.isFinite(first)) await this.rewrite(first, async (signal) => { await this.run.change(first, []); return this.fetch(this.cursor.iteration, signal); });
  }

  /** Losses from iteration `first` on are told anew; the cursor stays on its step. */
  private rewrite(first: number, run: (signal: AbortSignal) => Promise<Place>): Promise<void> {
    return this.move(async (signal) => {
      const { cursor } = this.at();
      this.knownLosses = Math.min(this.knownLosses, first);
      const place = await run(signal);
      return { place, cursor: place.steps.cursor(cursor.depth, cursor.op, cursor.cell), reason: 'change' };
    });
  }

  /** Iteration after iteration until a breakpoint, Pause, or the end of the run. */
  continue(): Promise<void> {
    return this.move(async (signal) => {
      for (let from = this.view.line; ; from = 0) {
        const { place, cursor } = this.at();
        const hit = this.firstHit(place, from, 'forward');
        if (hit !== null) return hit;
        const last = place.steps.last(cursor.depth);
        this.where = { place, cursor: last };
        const next = last.iteration + 1;
        if (next >= this.limit) return { place, cursor: last, reason: 'end of run', text: this.endText() };
        await breathe(signal);
        this.arrive(await this.fetch(next, signal), 'forward');
      }
    });
  }

  /** Back to the breakpoint before, or to the very start. */
  reverseContinue(): Promise<void> {
    return this.move(async (signal) => {
      for (let from = this.view.line; ; from = Infinity) {
        const { place, cursor } = this.at();
        const hit = this.firstHit(place, from, 'backward');
        if (hit !== null) return hit;
        const first = place.steps.first(cursor.depth);
        this.where = { place, cursor: first };
        if (first.iteration === 0) return { place, cursor: first, reason: 'start of run', text: 'This is the first step of the run.' };
        await breathe(signal);
        this.arrive(await this.fetch(first.iteration - 1, signal), 'backward');
      }
    });
  }

  /**
   * Goes to an op, line, layer, phase or iteration; a run on its way is paused first.
   * @throws Failure `jump.…` when there is no such place; the cursor then stays.
   */
  async jumpTo(target: JumpTarget): Promise<void> {
    await this.pause();
    const { place, cursor } = this.at();
    const wanted = cursorOfTarget(target, place, cursor, this.limit); // refuses before anything moves
    await this.move(async (signal) => {
      if (wanted.iteration === cursor.iteration) return { place, cursor: wanted, reason: 'goto' };
      const other = await this.fetch(wanted.iteration, signal);
      return { place: other, cursor: other.steps.cursor(wanted.depth, Math.min(wanted.op, other.trace.ops.length - 1), wanted.cell), reason: 'goto' };
    });
  }

  /** Stops a run on its way at the last step that was completed. Resolves when it stands. */
  async pause(): Promise<void> {
    this.abort();
    await this.turn;
  }

  /** Opens the run anew, with the same settings. If that fails the present one stays. */
  async restart(open: ControllerOptions['open'] = this.options.open): Promise<void> {
    await this.pause();
    await this.move(async (signal) => {
      const fresh = await open(signal);
      const previous = { run: this.run, release: this.release, knownLosses: this.knownLosses };
      this.run = fresh;
      this.listings = new ListingCache(this.options.makeListing); // the model file may have changed
      this.release = null;
      this.knownLosses = 0;
      let place: Place;
      try {
        place = await this.fetch(0, signal);
      } catch (error) {
        ({ run: this.run, release: this.release, knownLosses: this.knownLosses } = previous);
        fresh.dispose();
        throw error;
      }
      previous.release?.();
      previous.run.dispose();
      this.breakpoints.reset();
      return { place, cursor: place.steps.first('layer'), reason: 'restart' };
    });
  }

  /** Ends the session: stops what runs, and frees every tensor. */
  async end(): Promise<void> {
    if (this.status === 'ended') return;
    this.status = 'ended';
    this.abort();
    await this.turn;
    this.release?.();
    this.release = null;
    this.run.dispose();
    this.where?.place.reader.clear();
    this.emitter.emit('ended', undefined);
    this.emitter.clear();
  }

  private at(): { place: Place; cursor: Cursor } {
    if (this.where === null) throw new Failure('debug.place', 'The run has not reached its first step yet.');
    return this.where;
  }

  /** One motion after the other; a failure leaves the cursor on the last step reached. */
  private move(plan: (signal: AbortSignal) => Promise<Stop>): Promise<void> {
    const aborter = new AbortController();
    this.aborters.add(aborter);
    this.turn = this.turn.then(async () => {
      if (this.status === 'ended') return;
      this.status = 'running';
      this.progress.start();
      let stop: Stop;
      try {
        stop = await plan(aborter.signal);
      } catch (error) {
        const failure = asFailure(error);
        if (!isCancelled(error)) this.emitter.emit('failed', failure);
        stop = { ...this.at(), ...(isCancelled(error) ? { reason: 'pause' } : { reason: 'exception', text: failure.message, failure }) };
      }
      this.aborters.delete(aborter);
      if (this.isEnded()) return;
      this.status = 'stopped';
      this.settle(stop);
    }).catch((error: unknown) => { this.emitter.emit('failed', asFailure(error)); }); // the next motion must not find a broken chain
    return this.turn;
  }

  private abort(): void {
    for (const aborter of this.aborters) aborter.abort();
  }

  private isEnded(): boolean {
    return this.status === 'ended';
  }

  private intoCell(place: Place, cursor: Cursor): Stop {
    const { trace, steps } = place, { selected } = this, op = trace.ops[cursor.op];
    if (steps.cells(cursor.op) === 0) return { place, cursor, reason: 'step', text: `${op?.kernel ?? 'This op'} is not a sum of terms that one could step into; Step Over goes on to the next op.` };
    const chosen = selected === null ? null : cellNumber(trace, op, selected.index, (_, shape) => shape.join() === selected.shape);
    return { place, cursor: steps.cursor('cell', cursor.op, chosen ?? largestCell(place, op)), reason: 'step' };
  }

  private async forward(cursor: Cursor, signal: AbortSignal): Promise<Stop> {
    const { place, cursor: present } = this.at();
    const after = place.steps.after(cursor);
    if (after !== null) return { place, cursor: after, reason: 'step' };
    const next = cursor.iteration + 1;
    if (next >= this.limit) return { place, cursor: present, reason: 'end of run', text: this.endText() };
    const following = await this.fetch(next, signal);
    return { place: following, cursor: following.steps.first(cursor.depth), reason: 'step' };
  }

  /** The trace of an iteration, kept alive in place of the one before. */
  private async fetch(iteration: number, signal: AbortSignal): Promise<Place> {
    const { run } = this;
    const trace = await run.iteration(iteration, { signal, onProgress: (progress) => { if (this.progress.isDue()) this.emitter.emit('running', progress); } });
    const place = placeOf(run.info, trace, this.listings.listingOf(trace, run.info));
    const release = run.retain(trace);
    this.release?.();
    this.release = release;
    if (run.losses.length > this.knownLosses || this.knownLosses === 0) {
      this.emitter.emit('losses', { from: this.knownLosses, losses: run.losses.slice(this.knownLosses) });
      this.knownLosses = run.losses.length;
    }
    return place;
  }

  /** Passing through an iteration on the way to somewhere else. */
  private arrive(place: Place, direction: 'forward' | 'backward'): void {
    const { depth } = this.at().cursor;
    this.show(place, direction === 'forward' ? place.steps.first(depth) : place.steps.last(depth));
  }

  private show(place: Place, cursor: Cursor): void {
    const before = this.where?.place.listing.text;
    this.where = { place, cursor };
    if (before === place.listing.text) return;
    const changed = this.breakpoints.locate(place);
    this.emitter.emit('listing', place.listing);
    if (changed.length > 0) this.emitter.emit('breakpoints', changed);
  }

  private settle({ place, cursor, reason, text, failure, breakpoints }: Stop): void {
    this.show(place, cursor);
    this.emitter.emit('moved', { reason, text: text ?? null, failure: failure ?? null, cursor, breakpoints: breakpoints ?? [] });
  }

  private firstHit(place: Place, from: number, direction: 'forward' | 'backward'): Stop | null {
    if (this.ignoresBreakpoints) return null;
    const hit = this.breakpoints.firstHit(place, from, direction, (log) => { this.emitter.emit('log', log); });
    if (hit === null) return null;
    const cursor = cursorOfTarget({ kind: 'line', line: hit.line }, place, this.at().cursor, Infinity);
    return { place, cursor, reason: hit.stops[0]?.kind === 'line' ? 'breakpoint' : 'function breakpoint', breakpoints: hit.stops };
  }

  private endText(): string {
    return `The run ends here: its settings ask for ${this.limit} iteration${this.limit === 1 ? '' : 's'}. Stepping back is possible.`;
  }
}
