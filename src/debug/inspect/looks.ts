/** The expressions that are looked at in a paused program: the newest one, and those pinned, which are read again at each stop. */
import type { InspectView, LookKind } from '../../protocol/inspect';
import { Failure } from '../../tensor/failure';
import type { Part } from '../../tensor/part';
import type { TensorPicture } from '../../tensor/picture';
import type { SliceSpec } from '../../tensor/slice';
import type { DType, NumericArray, TensorValue } from '../../tensor/value';
import type { FoundTensor } from '../view/picture';
import { inspect, inspectClipped, inspectPart, wholeElements } from './inspector';
import { partsOf } from './live-graph';
import { createLook, readLook, viewOf } from './look';
import type { DrawNetwork, Look, PausedProgram } from './look';
import { movedOn, notPaused } from './sentences';

export type { PausedProgram } from './look';

/** Types whose elements a float32 holds exactly. */
const narrow: Readonly<Record<string, ((floats: Float32Array) => NumericArray) | undefined>> = {
  int8: (floats) => Int8Array.from(floats), uint8: (floats) => Uint8Array.from(floats), bool: (floats) => Uint8Array.from(floats),
  int16: (floats) => Int16Array.from(floats), uint16: (floats) => Uint16Array.from(floats),
};

export class Looks {
  private looks: Look[] = [];
  private last = 0;

  /**
   * @param paused gives the program that is paused now, or null.
   * @param changed is called whenever `view` is another one.
   */
  constructor(private readonly paused: () => PausedProgram | null, private readonly draw: DrawNetwork, private readonly changed: () => void) {}

  get view(): InspectView {
    return { looks: this.looks.map(viewOf) };
  }

  /** Looks at an expression: in place of the one that is not pinned, or where it stands already. */
  async look(expression: string, as: LookKind): Promise<void> {
    const known = this.looks.find((look) => look.expression === expression);
    const look = known ?? createLook(this.nextId(), expression, as);
    if (look.as !== as) look.slice = null;
    look.as = as;
    // The newest stands on top, pinned ones stay in their order below.
    this.looks = [look, ...this.looks.filter((other) => other !== look && other.pinned)];
    await this.read(look);
  }

  /** At a stop: reads what is pinned again, and says of the rest that it is from before. */
  async refresh(): Promise<void> {
    for (const look of this.looks) for (const one of [look, ...look.parts]) one.stale = !look.pinned;
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

  /** Opens a layer of a network: its weights are read, and its outputs where an input was given. */
  async openLayer(id: string, layer: string): Promise<void> {
    const look = this.find(id);
    look.layer = layer;
    look.parts = this.partsOf(look);
    this.changed();
    for (const part of look.parts) await this.read(part);
  }

  /** Computes the outputs of a network's layers for the value of an expression, inside the program. */
  async compute(id: string, input: string): Promise<void> {
    const look = this.find(id);
    look.input = input;
    await this.read(look);
    if (look.layer !== null) await this.openLayer(id, look.layer);
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

  /** The same with the percentiles of the whole tensor, where the program can still be asked. @throws Failure `inspect.*` */
  async clippedPicture(id: string, clip: number): Promise<TensorPicture> {
    const look = this.find(id), picture = this.picture(id), program = this.paused();
    const { clipped, expression, shape, output } = look;
    if (!clipped.has(clip) && !look.stale && program !== null) {
      clipped.set(clip, await inspectClipped(program.debuggerType, expression, program.evaluate, clip, { slice: picture.slice, shape: shape ?? undefined, output }));
    }
    const known = clipped.get(clip);
    return known === undefined ? picture : { ...picture, histogram: known.histogram, clipped: { low: known.low, high: known.high } };
  }

  /** A window of a slice at full resolution. @throws Failure `inspect.*` */
  async part(id: string, slice: SliceSpec, part: Part): Promise<ArrayBuffer> {
    const look = this.find(id), { debuggerType, evaluate } = this.programOf(look);
    return inspectPart(debuggerType, look.expression, evaluate, slice, part, { shape: look.shape ?? undefined, output: look.output });
  }

  /** The whole tensor, to be pinned or compared; it is read when its values are needed. */
  found(id: string): FoundTensor {
    const { title: name, use, clipped: identity, result } = this.find(id);
    return { name, use: result.kind === 'tensor' && result.type.startsWith('torch.') ? `${use}-first` : use, identity, read: () => this.wholeSlice(id, { tileAxes: [], rowAxis: null, columnAxis: null, at: {} }) };
  }

  /**
   * A whole slice, read in the program at full resolution, its axes in the tensor's order. Values cross as float32.
   * @throws Failure `inspect.*`, and `inspect.slice-large` beyond 4 million elements.
   */
  async wholeSlice(id: string, { at }: SliceSpec): Promise<TensorValue> {
    const look = this.find(id), { expression, picture, shape, output } = look;
    const program = this.programOf(look);
    const free = (picture?.shape ?? []).map((_, axis) => axis).filter((axis) => at[axis] === undefined);
    const slice = { tileAxes: free.slice(0, -2), rowAxis: free.at(-2) ?? null, columnAxis: free.at(-1) ?? null, at };
    const seen = await inspect(program.debuggerType, expression, program.evaluate, { slice, shape: shape ?? undefined, output, whole: true });
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

  /** What the outputs of a network were last computed for. */
  input(id: string): string | null {
    return this.find(id).input;
  }

  /** The program that a look's values can be read of. @throws Failure when it runs, or has moved on. */
  private programOf({ expression, stale }: Look): PausedProgram {
    const program = this.paused();
    if (program === null) throw new Failure('inspect.running', notPaused(expression));
    if (stale) throw new Failure('inspect.stale', movedOn(expression));
    return program;
  }

  private nextId(): string {
    return `look-${++this.last}`;
  }

  private find(id: string): Look {
    const look = this.looks.flatMap((one) => [one, ...one.parts]).find((candidate) => candidate.id === id);
    if (look === undefined) throw new Failure('inspect.gone', 'This expression is no longer looked at.');
    return look;
  }

  private partsOf({ expression, result, layer, input, outputs }: Look): readonly Look[] {
    const program = this.paused();
    const node = result.kind === 'network' ? result.graph.nodes.find((candidate) => candidate.id === layer) : undefined;
    if (program === null || result.kind !== 'network' || node === undefined) return [];
    return partsOf(program.debuggerType, expression, result.graph, node, input, outputs).map((part) => createLook(this.nextId(), part.expression, 'tensor', part.of));
  }

  /** Reads it step by step, a network with the layer that is opened. */
  private async read(look: Look): Promise<void> {
    const reading = look.reading = ++this.last;
    this.changed();
    const program = this.paused();
    const where = program?.where?.() ?? Promise.resolve('');
    for await (const { result, picture, known, outputs } of readLook(look, program, this.draw)) {
      const place = [await where, new Date().toLocaleTimeString('en-GB')].filter((word) => word !== '').join(' · ');
      if (look.reading !== reading) return;
      look.place = place;
      if (look.picture !== picture) look.clipped = new Map();
      look.stale = false;
      look.version = ++this.last;
      look.result = result;
      look.picture = picture ?? look.picture;
      look.known = known ?? look.known;
      look.outputs = outputs ?? look.outputs;
      this.changed();
    }
    for (const part of look.parts) await this.read(part);
  }
}
