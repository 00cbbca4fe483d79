/** Tensors of a paused program that Backstep did not start: one expression, evaluated by that program's own debugger. */
import { Failure } from '../../tensor/failure';
import type { TensorPicture } from '../../tensor/picture';
import type { SliceSpec } from '../../tensor/slice';
import type { ProbeReply, ProbeRequest } from './reply';
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
}

/** Elements of a slice that is read whole, to be kept or copied. */
export const wholeElements = 1 << 22;

export type Inspected =
  | { readonly kind: 'tensor'; readonly type: string; readonly picture: TensorPicture; readonly sampled: number }
  | { readonly kind: 'network'; readonly type: string; readonly config: string };

/**
 * Reads what `expression` names in a program paused by the debugger of type `debugger` (`pwa-node`, `debugpy`, …).
 * Statistics and slices are computed over there; only what is shown crosses.
 * @throws Failure `inspect.*` with a sentence when the value is no tensor, disposed, on a busy device, …
 */
export async function inspect(debuggerType: string, expression: string, evaluate: Evaluate, options: InspectOptions = {}): Promise<Inspected> {
  const language = languageOf(debuggerType);
  const request: ProbeRequest = {
    slice: options.slice ?? null, use: options.use ?? 'activation', example: options.example ?? 0,
    maxElements: options.whole === true ? wholeElements : Math.min(options.maxElements ?? 65_536, 262_144), shape: options.shape ?? null,
  };
  const answered = await evaluate(language.call(expression, request));
  const reply = parse(language.unwrap(answered), expression, answered);
  if (reply.kind === 'problem') throw new Failure(`inspect.${reply.code}`, sentences[reply.code](expression, reply.type, reply.detail));
  if (reply.kind === 'network') return reply;
  const { type, sampled, dtype, shape, slice, tiles, rows, columns, tileExtents, reduction, statistics, histogram } = reply;
  const values = new Uint8Array(Buffer.from(reply.values, 'base64')).buffer;
  return { kind: 'tensor', type, sampled, picture: { name: expression, dtype, shape, slice, tiles, rows, columns, tileExtents, reduction, values, statistics, histogram } };
}

/** Whether sessions of this debugger can be looked into. */
export const canInspect = (debuggerType: string): boolean => languages.some(({ debuggers }) => debuggers.includes(debuggerType));

function languageOf(debuggerType: string): Language {
  const language = languages.find(({ debuggers }) => debuggers.includes(debuggerType));
  if (language === undefined) throw new Failure('inspect.language', `Backstep reads tensors of JavaScript and Python programs; this is a session of the debugger "${debuggerType}".`);
  return language;
}

const words: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };
const numbers = new Set(['min', 'max', 'mean', 'standardDeviation', 'norm']);

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
