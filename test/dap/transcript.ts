/** DAP messages as text that a person can review: a line a message, what varies from run to run left out. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { root } from './fixture';

export interface Message { readonly seq: number; readonly type: string; readonly [key: string]: unknown }

type Json = Readonly<Record<string, unknown>>;

/** Handles change with every detail of the views; whether there is one is what counts. */
function stable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, entry]) => {
    if (key === 'variablesReference') return entry === 0 ? [] : [[key, '…']];
    if (key === 'frameId' || key === 'targetId' || key === 'progressId') return [[key, '…']];
    if (key === 'source' && typeof entry === 'object' && entry !== null && 'sourceReference' in entry) return [[key, 'listing']];
    return [[key, stable(entry)]];
  }));
}

const compact = (value: unknown): string => JSON.stringify(stable(value)).replace(/"([A-Za-z_]\w*)":/g, '$1: ').replace(/,(?=[\w"{[])/g, ', ');
const lines = <T>(items: readonly T[], text: (item: T) => string): string => items.map((item) => `\n      ${text(item)}`).join('');

/** Bodies whose shape deserves a layout of its own. */
const bodies: Readonly<Record<string, (body: never) => string>> = {
  stackTrace: ({ stackFrames }: DebugProtocol.StackTraceResponse['body']) => lines(stackFrames, ({ name, line, column }) => `${name} @ ${line}:${column}`),
  scopes: ({ scopes }: DebugProtocol.ScopesResponse['body']) => ` ${scopes.map(({ name, namedVariables }) => `${name} (${namedVariables ?? 0})`).join(', ')}`,
  variables: ({ variables }: DebugProtocol.VariablesResponse['body']) => lines(variables, ({ name, value, type, indexedVariables, namedVariables, evaluateName }) =>
    `${name} = ${value}${type === undefined ? '' : ` : ${type}`}${indexedVariables === undefined ? '' : ` [${indexedVariables}]`}${namedVariables === undefined ? '' : ` {${namedVariables}}`}${evaluateName === undefined ? '' : ` <${evaluateName}>`}`),
  source: ({ content }: DebugProtocol.SourceResponse['body']) => lines(content.split('\n'), (line) => `| ${line}`.trimEnd()),
  evaluate: ({ result, type, indexedVariables }: DebugProtocol.EvaluateResponse['body']) => ` ${result}${type === undefined ? '' : ` : ${type}`}${indexedVariables === undefined ? '' : ` [${indexedVariables}]`}`,
  setBreakpoints: ({ breakpoints }: DebugProtocol.SetBreakpointsResponse['body']) => lines(breakpoints, breakpointText),
  setFunctionBreakpoints: ({ breakpoints }: DebugProtocol.SetFunctionBreakpointsResponse['body']) => lines(breakpoints, breakpointText),
  completions: ({ targets }: DebugProtocol.CompletionsResponse['body']) => lines(targets, ({ label, type, detail }) => `${label} (${type ?? ''})${detail === undefined ? '' : ` ${detail}`}`),
};

const breakpointText = ({ id, verified, line, message }: DebugProtocol.Breakpoint): string =>
  `${id ?? '-'} ${verified ? 'verified' : 'unverified'}${line === undefined ? '' : ` line ${line}`}${message === undefined ? '' : `: ${message}`}`;

/** One message. The checkout's own folder is left out. */
export const describeMessage = (message: Message): string => describe(message).replaceAll(root, '<root>');

function describe(message: Message): string {
  if (message.type === 'request') return `--> ${String(message.command)}${Object.keys(message.arguments as Json).length === 0 ? '' : ` ${compact(message.arguments)}`}`;
  if (message.type === 'event') return `<== ${String(message.event)}${message.body === undefined ? '' : ` ${compact(message.body)}`}`;
  const command = String(message.command), layout = bodies[command];
  if (message.success !== true) return `<-- ${command} refused: ${String(message.message)}`;
  if (message.body === undefined) return `<-- ${command}`;
  return `<-- ${command}${layout === undefined ? ` ${compact(message.body)}` : layout(message.body as never)}`;
}
