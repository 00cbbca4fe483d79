/** Tensors of a paused program that Backstep did not start: one expression, evaluated by that program's own debugger. */
import { Failure } from '../../tensor/failure';
import { histogramOf } from '../../tensor/histogram';
import type { Histogram } from '../../tensor/histogram';
import type { Part } from '../../tensor/part';
import type { TensorPicture } from '../../tensor/picture';
import type { SliceSpec } from '../../tensor/slice';
import { statisticsOf } from '../../tensor/statistics';
import type { TensorStatistics } from '../../tensor/statistics';
import type { LayerOutputReply, ProbeReply, ProbeRequest, WholeNumbers } from './reply';
import { languages } from './languages';
import type { Language } from './languages';
import { sentences } from './sentences';

/** Evaluates an expression in the selected frame, in DAP's `clipboard` context, and gives its result as the debugger wrote it. */
export type Evaluate = (expression: string) => Promise<string>;

export interface InspectOptions {
  readonly slice?: SliceSpec | undefined;
  readonly use?: 'weight' | 'activation' | undefined;
  readonly example?: number | undefined;
  /** 65,536 when absent, at most 262,144 (1 MiB of float32). */
  readonly maxElements?: number | undefined;
  /** The slice is to be kept, not shown: up to 4,194,304 elements. */
  readonly whole?: boolean | undefined;
  /** Shape to read a flat buffer in. */
  readonly shape?: readonly number[] | undefined;
  /** The expression is a model; what is read is an output of one of its layers for the input that this expression gives. */
  readonly output?: { readonly input: string; readonly layer: readonly string[]; readonly call: number; readonly output: number } | undefined;
  /** `later`: a large tensor's slice comes alone, and `inspectWhole` asks for the numbers. */
  readonly numbers?: 'with' | 'later' | undefined;
}

/** Elements of a slice that is read whole, to be kept or copied. */
export const wholeElements = 1 << 22;

/** What is known of a whole tensor without having it: numbers, and checksums by which two stops are compared. */
export interface Whole {
  readonly statistics: TensorStatistics;
  readonly histogram: Histogram;
  /** 1 when of all elements, n when of every n-th. */
  readonly sampled: number;
  readonly checksums: Uint32Array;
  /** Counted elements that one checksum stands for. */
  readonly blockLength: number;
}

export type Inspected =
  /** Without `whole`, the picture's statistics and histogram are of the values that it shows. */
  | { readonly kind: 'tensor'; readonly type: string; readonly picture: TensorPicture; readonly whole: Whole | null }
  | { readonly kind: 'network'; readonly type: string; readonly config: string };

/**
 * Reads what `expression` names in a program paused by the debugger of type `debugger` (`pwa-node`, `debugpy`, …).
 * Statistics and slices are computed over there; only what is shown crosses.
 * @throws Failure `inspect.*` with a sentence when the value is no tensor, disposed, on a busy device, …
 */
export async function inspect(debuggerType: string, expression: string, evaluate: Evaluate, options: InspectOptions = {}): Promise<Inspected> {
  const reply = await ask(debuggerType, expression, evaluate, options, { wants: options.numbers === 'later' ? 'picture' : 'all' });
  if (reply.kind === 'network') return reply;
  if (reply.kind !== 'picture') throw new Failure('inspect.answer', `"${expression}" could not be read: its values are missing from the answer.`);
  const { type, dtype, shape, slice, tiles, rows, columns, tileExtents, reduction } = reply;
  const values = bytesOf(reply.values);
  const whole = reply.numbers === null ? null : wholeOf(reply.numbers);
  const shown = new Float32Array(values);
  const statistics = whole?.statistics ?? statisticsOf(shown);
  const histogram = whole?.histogram ?? histogramOf(shown, statistics);
  return { kind: 'tensor', type, whole, picture: { name: expression, dtype, shape, slice, tiles, rows, columns, tileExtents, reduction, values, statistics, histogram } };
}

/** The numbers over the whole that `inspect` left for later. @throws Failure `inspect.*` */
export async function inspectWhole(debuggerType: string, expression: string, evaluate: Evaluate, options: Pick<InspectOptions, 'shape' | 'output'> = {}): Promise<Whole> {
  const reply = await ask(debuggerType, expression, evaluate, options, { wants: 'numbers' });
  if (reply.kind !== 'numbers') throw new Failure('inspect.answer', `"${expression}" could not be read: it is no longer what it was.`);
  return wholeOf(reply.numbers);
}

/** Where the values lie without those that are far off. */
export interface Clipped { readonly low: number; readonly high: number; readonly histogram: Histogram }

/** The values below which `clip` percent lie, and above; over the whole tensor. @throws Failure `inspect.*` */
export async function inspectClipped(debuggerType: string, expression: string, evaluate: Evaluate, clip: number, options: InspectOptions = {}): Promise<Clipped> {
  const reply = await ask(debuggerType, expression, evaluate, options, { wants: 'clipped', clip });
  if (reply.kind !== 'clipped') throw new Failure('inspect.answer', `"${expression}" could not be read: it is no longer what it was.`);
  return reply;
}

/** A window of a slice at full resolution, at most 65,536 float32. @throws Failure `inspect.*` */
export async function inspectPart(debuggerType: string, expression: string, evaluate: Evaluate, slice: SliceSpec, part: Part, options: InspectOptions = {}): Promise<ArrayBuffer> {
  const reply = await ask(debuggerType, expression, evaluate, { ...options, slice }, { wants: 'part', part });
  if (reply.kind !== 'part') throw new Failure('inspect.answer', `"${expression}" could not be read: it is no longer what it was.`);
  return bytesOf(reply.values);
}

/**
 * What the layers of a model give for an input, computed now, inside the program, in inference mode; the program's tensors, tape and
 * counters stand afterwards as before. @throws Failure `inspect.*`
 */
export async function inspectOutputs(debuggerType: string, model: string, input: string, evaluate: Evaluate): Promise<readonly LayerOutputReply[]> {
  if (!computesOutputs(debuggerType)) throw new Failure('inspect.language', `Outputs of layers are computed in JavaScript programs only; "${model}" is one of another language.`);
  const reply = await ask(debuggerType, model, evaluate, {}, { wants: 'all' }, input);
  if (reply.kind !== 'outputs') throw new Failure('inspect.answer', `"${model}" could not be computed on "${input}".`);
  return reply.outputs;
}

export const computesOutputs = (debuggerType: string): boolean => languages.some(({ debuggers, computes }) => computes && debuggers.includes(debuggerType));
/** The expression of a weight of a layer of a model. */
export const weightExpression = (debuggerType: string, model: string, layer: readonly string[], index: number): string => languageOf(debuggerType).weight(model, layer, index);

type Answer = Exclude<ProbeReply, { readonly kind: 'problem' }>;

async function ask(debuggerType: string, expression: string, evaluate: Evaluate, options: InspectOptions, wanted: Pick<ProbeRequest, 'wants'> & Partial<Pick<ProbeRequest, 'part' | 'clip'>>, input = options.output?.input): Promise<Answer> {
  const language = languageOf(debuggerType);
  const request: ProbeRequest = {
    part: null, clip: 0, ...wanted, computes: input !== undefined, output: options.output === undefined ? null : { layer: options.output.layer, call: options.output.call, output: options.output.output },
    slice: options.slice ?? null, use: options.use ?? 'activation', example: options.example ?? 0,
    maxElements: options.whole === true ? wholeElements : Math.min(options.maxElements ?? 65_536, 262_144), shape: options.shape ?? null,
  };
  const answered = await evaluate(language.call(expression, request, input));
  const reply = parse(language.unwrap(answered), expression, answered);
  if (reply.kind === 'problem') throw new Failure(`inspect.${reply.code}`, sentences[reply.code](expression, reply.type, reply.detail));
  return reply;
}

const bytesOf = (base64: string): ArrayBuffer => new Uint8Array(Buffer.from(base64, 'base64')).buffer;
const wholeOf = ({ checksums, ...numbers }: WholeNumbers): Whole => ({ ...numbers, checksums: new Uint32Array(bytesOf(checksums)) });

/** Whether sessions of this debugger can be looked into. */
export const canInspect = (debuggerType: string): boolean => languages.some(({ debuggers }) => debuggers.includes(debuggerType));

function languageOf(debuggerType: string): Language {
  const language = languages.find(({ debuggers }) => debuggers.includes(debuggerType));
  if (language === undefined) throw new Failure('inspect.language', `Backstep reads tensors of JavaScript and Python programs; this is a session of the debugger "${debuggerType}".`);
  return language;
}

const words: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };
const numbers = new Set(['min', 'max', 'mean', 'standardDeviation', 'norm', 'low', 'high']);

function parse(text: string | null, expression: string, answered: string): ProbeReply {
  if (text !== null) {
    try {
      return JSON.parse(text, (key, value: unknown) => (numbers.has(key) && typeof value === 'string' ? words[value] ?? value : value)) as ProbeReply; // written by our own probe
    } catch {
      // falls through to the sentence below: the debugger cut the answer short, or it is an error message
    }
  }
  throw new Failure('inspect.answer', `"${expression}" could not be read: the debugger answered "${lastLine(answered).slice(0, 200)}".`);
}

/** The line of a traceback that says what went wrong. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';
