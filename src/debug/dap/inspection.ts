/** Requests that look without moving: threads, stack, scopes, variables, evaluate, completions, sources. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { completions } from '../expression/completions';
import { evaluate } from '../expression/evaluate';
import { functions } from '../expression/functions';
import { parseExpression } from '../expression/syntax';
import { assignment } from '../assign';
import { copyText } from '../format';
import { Failure, sentenceOf } from '../../tensor/failure';
import { TraceScope } from '../scope';
import { scopesOf } from '../scopes/scopes';
import { framesOf } from '../scopes/stack';
import { valueEntry } from '../scopes/variables';
import type { Value } from '../expression/values';
import type { Container, Entry } from '../scopes/variables';
import { threadId } from './conversation';
import type { Answer, Conversation, Handler } from './conversation';

const completionTypes = { name: 'variable', member: 'field', function: 'function' } as const;
const hexOf = (format: DebugProtocol.ValueFormat | undefined): { hex: boolean } => ({ hex: format?.hex === true });

/** What the console shows for `help`. */
const help = [
  'Names: variables of the listing; layers (conv2d_1, encoder.dense_1, layer("odd name")) with .output, .input, .kernel, .kernel.grad, …;',
  'loss, x, y, prediction, metrics, iteration, epoch, batch, op, phase. Slices as in NumPy: x[0, :, 2:8, -1], x[..., ::2].',
  'Operators: + - * / % ** == != < <= > >= && || !. Functions:',
  ...[...functions.values()].map(({ signature, explanation }) => `  ${signature}: ${explanation}`),
].join('\n');

function handleOf(conversation: Conversation, children: Container | null): { variablesReference: number; indexedVariables?: number; namedVariables?: number } {
  if (children === null) return { variablesReference: 0 };
  const { indexed, named } = children;
  return { variablesReference: conversation.containers.create(children), ...(indexed > 0 ? { indexedVariables: indexed } : {}), ...(named > 0 ? { namedVariables: named } : {}) };
}

function toVariable(conversation: Conversation, entry: Entry, format: DebugProtocol.ValueFormat | undefined, isPast = false): DebugProtocol.Variable {
  let value: string;
  try {
    value = entry.value(hexOf(format));
  } catch (error) {
    if (isPast && isReleased(error)) throw error;
    value = sentenceOf(error); // one value that cannot be read must not hide the others
  }
  return {
    name: entry.name, value, ...handleOf(conversation, entry.children), ...(entry.type === '' ? {} : { type: entry.type }),
    ...(entry.evaluateName === null ? readOnly : { evaluateName: entry.evaluateName }), ...(entry.isTensor ? { __vscodeVariableMenuContext: entry.isGradient === true ? 'gradient' : 'tensor' } : {}),
  };
}

/** The values of an iteration that the run has left are no longer there. */
const isReleased = (error: unknown): boolean => error instanceof Failure && error.code === 'trace.released';

/** Lines that are no tensor of the network, and nothing that one could write in a watch. */
const readOnly: Pick<DebugProtocol.Variable, 'presentationHint'> = { presentationHint: { attributes: ['readOnly'] } };

const number = (value: unknown, otherwise: number): number => (typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : otherwise);

export const inspectionRequests = {
  threads: (conversation: Conversation): Answer => ({ body: { threads: [{ id: threadId, name: conversation.controllerOrNull?.info.network.name ?? 'network' }] } }),

  stackTrace: (conversation: Conversation, { startFrame, levels }: DebugProtocol.StackTraceArguments): Answer => {
    const { view } = conversation.stopped, frames = framesOf(view), first = number(startFrame, 0);
    const count = number(levels, 0) === 0 ? frames.length : number(levels, 0);
    const stackFrames = frames.slice(first, first + count).map((frame) => ({
      id: conversation.frames.create({ frame, view }), name: frame.name, source: conversation.source,
      line: conversation.toClientLine(frame.line), column: conversation.toClientColumn(frame.column),
    }));
    return { body: { stackFrames, totalFrames: frames.length } };
  },

  scopes: (conversation: Conversation, { frameId }: DebugProtocol.ScopesArguments): Answer => {
    if (conversation.frames.isPast(frameId) && !conversation.frames.has(frameId)) return { body: { scopes: [] } };
    const { view, frame } = conversation.frames.get(frameId);
    const scopes = scopesOf(view, frame).map(({ name, children }) => ({ name, expensive: false, ...handleOf(conversation, children) }));
    return { body: { scopes } };
  },

  variables: (conversation: Conversation, { variablesReference, filter, start, count, format }: DebugProtocol.VariablesArguments): Answer => {
    const isPast = conversation.containers.isPast(variablesReference);
    // The client has long asked for others; a sentence in their place would only flash.
    if (isPast && !conversation.containers.has(variablesReference)) return { body: { variables: [] } };
    const container = conversation.containers.get(variablesReference);
    if (filter !== undefined && (filter === 'indexed') !== (container.indexed > 0)) return { body: { variables: [] } };
    const total = container.indexed + container.named, first = number(start, 0);
    // Clients that do not page get what a person can still read; the rest is a slice away.
    const wanted = number(count, 0) === 0 ? Math.min(total, filter === undefined && container.indexed > maxUnpaged ? maxUnpaged : total) : number(count, 0);
    try {
      return { body: { variables: container.entries(first, wanted).map((entry) => toVariable(conversation, entry, format, isPast)) } };
    } catch (error) {
      if (isPast && isReleased(error)) return { body: { variables: [] } };
      throw error;
    }
  },

  evaluate: (conversation: Conversation, { expression, context, frameId, format }: DebugProtocol.EvaluateArguments): Answer => {
    const { view } = frameId === undefined ? conversation.stopped : conversation.frames.get(frameId);
    if (context === 'repl' && expression.trim() === 'help') return { body: { result: help, variablesReference: 0 } };
    const value = evaluate(parseExpression(expression), new TraceScope(view));
    if (context === 'clipboard') return { body: { result: copyText(value), variablesReference: 0 } };
    const { value: text, ...rest } = shown(conversation, expression, value, format);
    return { body: { result: text, ...rest } };
  },

  setExpression: (conversation: Conversation, { expression, value, format }: DebugProtocol.SetExpressionArguments): Promise<Answer> => assign(conversation, expression, value, format),

  setVariable: (conversation: Conversation, { variablesReference, name, value, format }: DebugProtocol.SetVariableArguments): Promise<Answer> => {
    if (conversation.containers.isPast(variablesReference)) throw new Failure('debug.handle', 'This value belongs to an earlier stop; the run has moved on since.');
    const container = conversation.containers.get(variablesReference);
    const index = Number(name);
    const entry = container.indexed > 0 && Number.isInteger(index) && index >= 0 && index < container.indexed ? container.entries(index, 1)[0] : container.entries(0, container.named).find((other) => other.name === name);
    if (entry === undefined || entry.evaluateName === null) throw new Failure('debug.set', `'${name}' cannot be set: only tensors of the network, and their elements, can.`);
    return assign(conversation, entry.evaluateName, value, format);
  },

  completions: (conversation: Conversation, { text, column, line }: DebugProtocol.CompletionsArguments): Answer => {
    const { view } = conversation.stopped;
    const lines = text.split('\n'), current = lines[(line ?? conversation.toClientLine(1)) - conversation.toClientLine(1)] ?? '';
    const at = conversation.fromClientColumn(column) - 1;
    const targets = completions(current, at, new TraceScope(view)).slice(0, maxCompletions).map(({ label, kind, detail, start, length }) => ({
      label, type: completionTypes[kind], start, length, ...(detail === null ? {} : { detail }),
    }));
    return { body: { targets } };
  },

  exceptionInfo: (conversation: Conversation): Answer => {
    const failure = conversation.lastMove?.failure ?? null;
    if (failure === null) throw new Failure('debug.exception', 'The run did not stop on an error.');
    return { body: { exceptionId: failure.code, description: failure.message, breakMode: 'always' } };
  },

  loadedSources: (conversation: Conversation): Answer => ({ body: { sources: conversation.controllerOrNull === null ? [] : [conversation.source] } }),

  source: (conversation: Conversation, { source, sourceReference }: DebugProtocol.SourceArguments): Answer => {
    if (!conversation.isListing(source ?? { sourceReference })) throw new Failure('debug.source', 'This session has no such source; it has one listing.');
    return { body: { content: conversation.controller.listing.text, mimeType: 'text/typescript' } };
  },
} satisfies Record<string, Handler>;

/** A value as the answer to a request that asked for it by an expression. */
function shown(conversation: Conversation, expression: string, value: Value, format: DebugProtocol.ValueFormat | undefined): { value: string; variablesReference: number; indexedVariables?: number; type?: string } {
  const { value: text, variablesReference, indexedVariables, type } = toVariable(conversation, valueEntry(expression, value, simple.test(expression.trim()) ? expression.trim() : `(${expression.trim()})`), format);
  return { value: text, variablesReference, ...(indexedVariables === undefined ? {} : { indexedVariables }), ...(type === undefined ? {} : { type }) };
}

/** Sets what an expression names and gives its value after the iteration has been run again. */
async function assign(conversation: Conversation, expression: string, value: string, format: DebugProtocol.ValueFormat | undefined): Promise<Answer> {
  const controller = conversation.stopped;
  const change = assignment(controller.view, expression, value);
  conversation.depart('Running an iteration');
  await controller.change(change);
  const { variablesReference, ...rest } = shown(conversation, expression, evaluate(parseExpression(expression), new TraceScope(controller.view)), format);
  return { body: { ...rest, ...(variablesReference > 0 ? { variablesReference } : {}) } };
}

/** Expressions that an index can follow as they are. */
const simple = /^[\w$.#]+$/;
const maxUnpaged = 1000;
const maxCompletions = 500;
