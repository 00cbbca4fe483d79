/** Requests about breakpoints. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Breakpoint, BreakpointSpec } from '../breakpoints/breakpoints';
import type { Answer, Conversation, Handler } from './conversation';

export function toDapBreakpoint(conversation: Conversation, { id, verified, message, line }: Breakpoint): DebugProtocol.Breakpoint {
  return { id, verified, ...(message === null ? {} : { message }), ...(line === null ? {} : { line: conversation.toClientLine(line), source: conversation.source }) };
}

const specOf = ({ condition, hitCondition, logMessage }: DebugProtocol.SourceBreakpoint): BreakpointSpec => ({
  ...(condition === undefined ? {} : { condition }), ...(hitCondition === undefined ? {} : { hitCondition }), ...(logMessage === undefined ? {} : { logMessage }),
});

export const breakpointRequests = {
  setBreakpoints: (conversation: Conversation, { source, breakpoints, lines }: DebugProtocol.SetBreakpointsArguments): Answer => {
    const wanted = breakpoints ?? (lines ?? []).map((line) => ({ line }));
    if (!conversation.isListing(source)) {
      const message = 'This is not the listing of the present session.';
      return { body: { breakpoints: wanted.map(({ line }) => ({ verified: false, message, line })) } };
    }
    const set = conversation.controller.setLineBreakpoints('listing', wanted.map((breakpoint) => ({ line: conversation.fromClientLine(breakpoint.line), ...specOf(breakpoint) })));
    return { body: { breakpoints: set.map((breakpoint, i) => ({ line: wanted[i]?.line, ...toDapBreakpoint(conversation, breakpoint) })) } };
  },
  setFunctionBreakpoints: (conversation: Conversation, { breakpoints }: DebugProtocol.SetFunctionBreakpointsArguments): Answer => {
    const set = conversation.controller.setFunctionBreakpoints(breakpoints.map(({ name, condition, hitCondition }) => ({
      name, ...(condition === undefined ? {} : { condition }), ...(hitCondition === undefined ? {} : { hitCondition }),
    })));
    return { body: { breakpoints: set.map((breakpoint) => toDapBreakpoint(conversation, breakpoint)) } };
  },
  setExceptionBreakpoints: (): Answer => ({ body: { breakpoints: [] } }),
  breakpointLocations: (conversation: Conversation, { source, line, endLine }: DebugProtocol.BreakpointLocationsArguments): Answer => {
    if (!conversation.isListing(source)) return { body: { breakpoints: [] } };
    const { lines } = conversation.controller.listing;
    const from = conversation.fromClientLine(line), to = conversation.fromClientLine(endLine ?? line);
    const breakpoints = lines.flatMap(({ kind }, i) => (kind !== 'blank' && i + 1 >= from && i + 1 <= to ? [{ line: conversation.toClientLine(i + 1) }] : []));
    return { body: { breakpoints } };
  },
} satisfies Record<string, Handler>;
