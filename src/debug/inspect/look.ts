/** One expression that is looked at, and how it is read: a tensor in two steps, a network with its graph and what its layers give. */
import type { GraphView } from '../../protocol/graph';
import type { LookKind, LookResult, LookView } from '../../protocol/inspect';
import { Failure, sentenceOf } from '../../tensor/failure';
import type { TensorPicture } from '../../tensor/picture';
import type { SliceSpec } from '../../tensor/slice';
import { changeOf } from './change';
import type { Reading } from './change';
import { computesOutputs, inspect, inspectOutputs, inspectWhole } from './inspector';
import type { Clipped, Evaluate, Inspected, InspectOptions } from './inspector';
import { liveGraph } from './live-graph';
import { sliceFor } from './look-slice';
import { notPaused } from './sentences';
import type { LayerOutputReply } from './reply';

export interface PausedProgram {
  /** Type of the session, `pwa-node`, `debugpy`, … */
  readonly debuggerType: string;
  readonly evaluate: Evaluate;
  /** Where it is paused, `train.js:13`; empty where the debugger does not say. */
  readonly where?: (() => Promise<string>) | undefined;
}

/** Draws a network's configuration (JSON). */
export type DrawNetwork = (config: string, name: string) => Promise<GraphView>;

/** What of the expression's value is shown: the value itself, or an output of a layer of the model that it is. */
export interface LookOf { readonly title: string; readonly use: 'weight' | 'activation'; readonly output: InspectOptions['output'] }

export interface Look extends LookOf {
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
  /** Where and when it was read. */
  place: string;
  /** Percentiles that were asked for since, by the share that is cut off; a map of its own for each reading, which tells readings apart. */
  clipped: Map<number, Clipped>;
  /** As chosen by the person; null for the one that suits the view. */
  slice: SliceSpec | null;
  shape: readonly number[] | null;
  /** Of a network: what to compute its layers' outputs for, what they were, the layer that is opened, its outputs and weights. */
  input: string | null;
  outputs: readonly LayerOutputReply[];
  layer: string | null;
  parts: readonly Look[];
  /** Number of the reading under way: an older one that comes late is dropped. */
  reading: number;
}

export function createLook(id: string, expression: string, as: LookKind, of?: LookOf): Look {
  return {
    id, expression, as, title: of?.title ?? expression, use: of?.use ?? 'activation', output: of?.output, pinned: false, stale: false, version: 0, result: { kind: 'waiting' }, picture: null, known: null, place: '', clipped: new Map(),
    slice: null, shape: null, input: null, outputs: [], layer: null, parts: [], reading: 0,
  };
}

export function viewOf({ id, title, expression, as, pinned, stale, version, place, result, layer, parts }: Look): LookView {
  return { id, title, expression, as, pinned, stale, version, place, result, layer, parts: parts.map(viewOf) };
}

export interface Answer { readonly result: LookResult; readonly picture?: TensorPicture; readonly known?: Reading; readonly outputs?: readonly LayerOutputReply[] }

/** What is known of a look, step by step: a large tensor first as its picture, then with its numbers; a network first without outputs. Never throws. */
export async function* readLook(look: Look, program: PausedProgram | null, draw: DrawNetwork): AsyncGenerator<Answer, void, void> {
  try {
    if (program === null) throw new Failure('inspect.running', notPaused(look.expression));
    const { debuggerType, evaluate } = program;
    const before = look.known;
    const seen = await readShown(look, program);
    if (seen.kind === 'network') {
      yield* readNetwork(look, program, seen.type, await draw(seen.config, look.expression));
      return;
    }
    if (seen.whole === null) yield answerOf(seen, null);
    const whole = seen.whole ?? await inspectWhole(debuggerType, look.expression, evaluate, { shape: look.shape ?? undefined, output: look.output });
    const { statistics, histogram } = whole;
    yield answerOf({ ...seen, whole, picture: { ...seen.picture, statistics, histogram } }, before);
  } catch (error) {
    yield { result: { kind: 'problem', message: sentenceOf(error) } };
  }
}

function answerOf({ type, picture, whole }: Extract<Inspected, { kind: 'tensor' }>, before: Reading | null): Answer {
  const { dtype, shape, slice, statistics } = picture;
  const known = whole === null ? null : { picture, whole };
  const change = before === null || known === null ? null : changeOf(before, known);
  return { result: { kind: 'tensor', type, dtype, shape, slice, statistics, sampled: whole?.sampled ?? 1, change, counting: whole === null }, picture, ...(known === null ? {} : { known }) };
}

async function* readNetwork(look: Look, { debuggerType, evaluate }: PausedProgram, type: string, graph: GraphView): AsyncGenerator<Answer, void, void> {
  const plain = { kind: 'network', type, graph, computes: computesOutputs(debuggerType), computed: null, problem: null } as const;
  yield { result: plain, outputs: [] };
  const { input } = look;
  if (input === null) return;
  try {
    const outputs = await inspectOutputs(debuggerType, look.expression, input, evaluate);
    yield { result: { ...plain, graph: liveGraph(graph, outputs), computed: { input, examples: outputs[0]?.shape[0] ?? 0 } }, outputs };
  } catch (error) {
    yield { result: { ...plain, problem: sentenceOf(error) } };
  }
}

async function readShown({ expression, as, slice, shape, use, output }: Look, { debuggerType, evaluate }: PausedProgram): Promise<Inspected> {
  const read = (wanted: SliceSpec | null): Promise<Inspected> => inspect(debuggerType, expression, evaluate, { slice: wanted ?? undefined, shape: shape ?? undefined, use, output, numbers: 'later' });
  const seen = await read(slice).catch((error: unknown) => {
    // The tensor may have another shape than at the stop before: then its part is chosen anew.
    if (slice !== null && error instanceof Failure && error.code === 'inspect.slice') return read(null);
    throw error;
  });
  if (seen.kind === 'network' || slice !== null) return seen;
  const wanted = sliceFor(as, seen.picture.shape, seen.picture.slice);
  return wanted === seen.picture.slice ? seen : read(wanted);
}
