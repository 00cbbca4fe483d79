/**
 * DAP messages as text that a person can review: a line a message, what varies from run to run left out. Lines of the listing are
 * shown by what stands on them, so that a transcript does not change with the number of operations of some kernel.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { root } from './fixture';

export interface Message { readonly seq: number; readonly type: string; readonly [key: string]: unknown }
/** What stands on a line, as the client counts lines. */
export type LineText = (line: number) => string;

type Json = Readonly<Record<string, unknown>>;

const lines = <T>(items: readonly T[], text: (item: T) => string): string => items.map((item) => `\n      ${text(item)}`).join('');

class Describer {
  constructor(private readonly text: LineText) {}

  message(message: Message): string {
    if (message.type === 'request') return `--> ${String(message.command)}${Object.keys(message.arguments as Json).length === 0 ? '' : ` ${this.compact(message.arguments)}`}`;
    if (message.type === 'event') return `<== ${String(message.event)}${message.body === undefined ? '' : ` ${this.compact(message.body)}`}`;
    const command = String(message.command), layout = this.bodies[command];
    if (message.success !== true) return `<-- ${command} refused: ${String(message.message)}`;
    if (message.body === undefined) return `<-- ${command}`;
    return `<-- ${command}${layout === undefined ? ` ${this.compact(message.body)}` : layout(message.body as never)}`;
  }

  /** Bodies whose shape deserves a layout of its own. */
  private readonly bodies: Readonly<Record<string, (body: never) => string>> = {
    stackTrace: ({ stackFrames }: DebugProtocol.StackTraceResponse['body']) => lines(stackFrames, ({ name, line, column }) => `${name} @ ${this.text(line)} :${column}`),
    scopes: ({ scopes }: DebugProtocol.ScopesResponse['body']) => ` ${scopes.map(({ name, namedVariables, indexedVariables }) => `${name} ${indexedVariables === undefined ? `(${namedVariables ?? 0})` : `[${indexedVariables}]`}`).join(', ')}`,
    variables: ({ variables }: DebugProtocol.VariablesResponse['body']) => lines(variables, ({ name, value, type, indexedVariables, namedVariables, evaluateName }) =>
      `${name} = ${value}${type === undefined ? '' : ` : ${type}`}${indexedVariables === undefined ? '' : ` [${indexedVariables}]`}${namedVariables === undefined ? '' : ` {${namedVariables}}`}${evaluateName === undefined ? '' : ` <${evaluateName}>`}`),
    source: ({ content, mimeType }: DebugProtocol.SourceResponse['body']) => ` ${mimeType ?? ''}${lines(content.split('\n').slice(0, 3), (line) => `| ${line}`)}\n      | …`,
    evaluate: ({ result, type, indexedVariables }: DebugProtocol.EvaluateResponse['body']) => ` ${result}${type === undefined ? '' : ` : ${type}`}${indexedVariables === undefined ? '' : ` [${indexedVariables}]`}`,
    setBreakpoints: ({ breakpoints }: DebugProtocol.SetBreakpointsResponse['body']) => lines(breakpoints, (breakpoint) => this.breakpoint(breakpoint)),
    setFunctionBreakpoints: ({ breakpoints }: DebugProtocol.SetFunctionBreakpointsResponse['body']) => lines(breakpoints, (breakpoint) => this.breakpoint(breakpoint)),
    completions: ({ targets }: DebugProtocol.CompletionsResponse['body']) => lines(targets, ({ label, type, detail }) => `${label} (${type ?? ''})${detail === undefined ? '' : ` ${detail}`}`),
  };

  private breakpoint({ id, verified, line, message }: DebugProtocol.Breakpoint): string {
    return `${id ?? '-'} ${verified ? 'verified' : 'unverified'}${line === undefined ? '' : ` ${this.text(line)}`}${message === undefined ? '' : `: ${message}`}`;
  }

  private compact(value: unknown): string {
    return JSON.stringify(this.stable(value)).replace(/"([A-Za-z_]\w*)":/g, '$1: ').replace(/,(?=[\w"{[])/g, ', ');
  }

  /** Handles change with every detail of the views; whether there is one is what counts. */
  private stable(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((entry) => this.stable(entry));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).flatMap(([key, entry]) => {
      if (key === 'variablesReference') return entry === 0 ? [] : [[key, '…']];
      if (key === 'frameId' || key === 'targetId' || key === 'progressId') return [[key, '…']];
      if (key === 'source' && typeof entry === 'object' && entry !== null && 'sourceReference' in entry) return [[key, 'listing']];
      if ((key === 'line' || key === 'endLine') && typeof entry === 'number') return [[key, this.text(entry)]];
      return [[key, this.stable(entry)]];
    }));
  }
}

/** One message. The checkout's own folder is left out. */
export function describeMessage(message: Message, text: LineText): string {
  return new Describer(text).message(message).replaceAll(root, '<root>').replace(/on line (\d+)/g, (_, line: string) => `on line ${text(Number(line))}`);
}
