/** The expressions that are looked at in a paused program: the newest one, and those pinned, which are read again at each stop. */
import type { GraphView } from '../../protocol/graph';
import type { InspectView, LookKind, LookResult, LookView } from '../../protocol/inspect';
import { Failure, sentenceOf } from '../../tensor/failure';
import type { TensorPicture } from '../../tensor/picture';
import type { SliceSpec } from '../../tensor/slice';
import type { DType, NumericArray, TensorValue } from '../../tensor/value';
import { changeOf } from './change';
import type { Reading } from './change';
import { inspect, inspectWhole, wholeElements } from './inspector';
import type { Evaluate, Inspected } from './inspector';
import { sliceFor } from './look-slice';
import { notPaused } from './sentences';

export interface PausedProgram {
  /** Type of the session, `pwa-node`, `debugpy`, … */
  readonly debuggerType: string;
  readonly evaluate: Evaluate;
}

interface Look {
  readonly id: string;
  readonly expression: string;
  as: LookKind;
  pinned: boolean;
  stale: boolean;
  version: number;
  result: LookResult;
  picture: TensorPicture | null;
  /** The last reading that was complete: what the next one is compared with. */
  known: Reading | null;
  /** As chosen by the person; null for the one that suits the view. */
  slice: SliceSpec | null;
  shape: readonly number[] | null;
  /** Number of the reading under way: an older one that comes late is dropped. */
  reading: number;
}

/** Types whose elements a float32 holds exactly. */
const narrow: Readonly<Record<string, ((floats: Float32Array) => NumericArray) | undefined>> = {
  int8: (floats) => Int8Array.from(floats), uint8: (floats) => Uint8Array.from(floats), bool: (floats) => Uint8Array.from(floats),
  int16: (floats) => Int16Array.from(floats), uint16: (floats) => Uint16Array.from(floats),
};

interface Answer { readonly result: LookResult; readonly picture: TensorPicture | null; readonly known: Reading | null }

function answerOf({ type, picture, whole }: Extract<Inspected, { kind: 'tensor' }>, before: Reading | null): Answer {
  const { dtype, shape, slice, statistics } = picture;
  const known = whole === null ? null : { picture, whole };
  const change = before === null || known === null ? null : changeOf(before, known);
  return { result: { kind: 'tensor', type, dtype, shape, slice, statistics, sampled: whole?.sampled ?? 1, change, counting: whole === null }, picture, known };
}

export class Looks {
  private looks: Look[] = [];
  private last = 0;

  /**
   * @param paused gives the program that is paused now, or null.
   * @param graphOf draws a network's configuration (JSON).
   * @param changed is called whenever `view` is another one.
   */
  constructor(private readonly paused: () => PausedProgram | null, private readonly graphOf: (config: string, name: string) => Promise<GraphView>, private readonly changed: () => void) {}

  get view(): InspectView {
    return { looks: this.looks.map(({ id, expression, as, pinned, stale, version, result }): LookView => ({ id, expression, as, pinned, stale, version, result })) };
  }

  /** Looks at an expression: in place of the one that is not pinned, or where it stands already. */
  async look(expression: string, as: LookKind): Promise<void> {
    const known = this.looks.find((look) => look.expression === expression);
    const look = known ?? this.create(expression, as);
    if (look.as !== as) look.slice = null;
    look.as = as;
    // The newest stands on top, pinned ones stay in their order below.
    this.looks = [look, ...this.looks.filter((other) => other !== look && other.pinned)];
    await this.read(look);
  }

  /** At a stop: reads what is pinned again, and says of the rest that it is from before. */
  async refresh(): Promise<void> {
    for (const look of this.looks) look.stale = !look.pinned;
    this.changed();
    for (const look of this.looks.filter(({ pinned }) => pinned)) await this.read(look);
  }

  async readSlice(id: string, slice: SliceSpec): Promise<void> {
    const look = this.find(id);
    look.slice = slice;
    await this.read(look);
  }

  async readShape(id: string, shape: readonly number[]): Promise<void> {
    const look = this.find(id);
    look.shape = shape;
    look.slice = null;
    await this.read(look);
  }

  async showAs(id: string, as: LookKind): Promise<void> {
    const look = this.find(id);
    look.as = as;
    look.slice = null;
    await this.read(look);
  }

  async again(id: string): Promise<void> {
    await this.read(this.find(id));
  }

  pin(id: string, pinned: boolean): void {
    this.find(id).pinned = pinned;
    this.changed();
  }

  close(id: string): void {
    this.looks = this.looks.filter((look) => look.id !== id);
    this.changed();
  }

  /** What was last read of an expression. @throws Failure when nothing was. */
  picture(id: string): TensorPicture {
    const { expression, picture } = this.find(id);
    if (picture === null) throw new Failure('inspect.nothing', `Nothing has been read of "${expression}" yet.`);
    return picture;
  }

  /**
   * A whole slice, read in the program at full resolution, its axes in the tensor's order. Values cross as float32.
   * @throws Failure `inspect.*`, and `inspect.slice-large` beyond 4 million elements.
   */
  async wholeSlice(id: string, { at }: SliceSpec): Promise<TensorValue> {
    const { expression, picture, shape } = this.find(id);
    const program = this.paused();
    if (program === null) throw new Failure('inspect.running', notPaused(expression));
    const free = (picture?.shape ?? []).map((_, axis) => axis).filter((axis) => at[axis] === undefined);
    const slice = { tileAxes: free.slice(0, -2), rowAxis: free.at(-2) ?? null, columnAxis: free.at(-1) ?? null, at };
    const seen = await inspect(program.debuggerType, expression, program.evaluate, { slice, shape: shape ?? undefined, whole: true });
    if (seen.kind === 'network') throw new Failure('inspect.nothing', `"${expression}" is no tensor but a network.`);
    const { shape: extents, dtype, values, reduction, slice: read } = seen.picture;
    if (reduction !== 1 || read.tileAxes.length !== slice.tileAxes.length) {
      throw new Failure('inspect.slice-large', `This slice of "${expression}" has more than ${wholeElements.toLocaleString('en-US')} elements; choose a smaller one.`);
    }
    const floats = new Float32Array(values);
    const make = narrow[dtype];
    return { dtype: make === undefined ? 'float32' : dtype as DType, shape: free.map((axis) => extents[axis] ?? 1), data: make === undefined ? floats : make(floats) };
  }

  expression(id: string): string {
    return this.find(id).expression;
  }

  private create(expression: string, as: LookKind): Look {
    return { id: `look-${++this.last}`, expression, as, pinned: false, stale: false, version: 0, result: { kind: 'waiting' }, picture: null, known: null, slice: null, shape: null, reading: 0 };
  }

  private find(id: string): Look {
    const look = this.looks.find((candidate) => candidate.id === id);
    if (look === undefined) throw new Failure('inspect.gone', 'This expression is no longer looked at.');
    return look;
  }

  /** Reads it in two steps where it is large: first what is shown, then the numbers over the whole. */
  private async read(look: Look): Promise<void> {
    const reading = look.reading = ++this.last;
    this.changed();
    const before = look.known;
    for await (const { result, picture, known } of this.answers(look, before)) {
      if (look.reading !== reading) return;
      look.stale = false;
      look.version = ++this.last;
      look.result = result;
      look.picture = picture ?? look.picture;
      look.known = known ?? look.known;
      this.changed();
    }
  }

  private async* answers(look: Look, before: Reading | null): AsyncGenerator<Answer, void, void> {
    const program = this.paused();
    try {
      if (program === null) throw new Failure('inspect.running', notPaused(look.expression));
      const seen = await this.inspect(program, look);
      if (seen.kind === 'network') {
        yield { result: { kind: 'network', type: seen.type, graph: await this.graphOf(seen.config, look.expression) }, picture: null, known: null };
        return;
      }
      if (seen.whole === null) yield answerOf(seen, null);
      const whole = seen.whole ?? await inspectWhole(program.debuggerType, look.expression, program.evaluate, { shape: look.shape ?? undefined });
      const { statistics, histogram } = whole;
      yield answerOf({ ...seen, whole, picture: { ...seen.picture, statistics, histogram } }, before);
    } catch (error) {
      yield { result: { kind: 'problem', message: sentenceOf(error) }, picture: null, known: null };
    }
  }

  private async inspect({ debuggerType, evaluate }: PausedProgram, { expression, as, slice, shape }: Look): Promise<Inspected> {
    const read = (wanted: SliceSpec | null): Promise<Inspected> => inspect(debuggerType, expression, evaluate, { slice: wanted ?? undefined, shape: shape ?? undefined, numbers: 'later' });
    const seen = await read(slice).catch((error: unknown) => {
      // The tensor may have another shape than at the stop before: then its part is chosen anew.
      if (slice !== null && error instanceof Failure && error.code === 'inspect.slice') return read(null);
      throw error;
    });
    if (seen.kind === 'network' || slice !== null) return seen;
    const wanted = sliceFor(as, seen.picture.shape, seen.picture.slice);
    return wanted === seen.picture.slice ? seen : read(wanted);
  }
}
