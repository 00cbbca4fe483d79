/** The program that is paused in VS Code, whoever debugs it: its selected frame, and how expressions are evaluated there. */
import * as vscode from 'vscode';
import { sentenceOf } from '../../tensor/failure';
import type { PausedProgram } from '../inspect/looks';
import { tooSlow } from '../inspect/sentences';

/** How long a debugger may take for one answer, in seconds. */
const patience = 20;

/** The program in the frame that is selected in the call stack, or null when none is paused. */
export function pausedProgram(): PausedProgram | null {
  const item = vscode.debug.activeStackItem;
  if (!(item instanceof vscode.DebugStackFrame)) return null;
  const { session, frameId } = item;
  return { debuggerType: session.type, evaluate: (expression) => evaluate(session, frameId, expression), where: () => whereOf(item) };
}

/** The place of the frame that was asked for last. */
let known: { readonly frame: string; readonly where: Promise<string> } | null = null;

function whereOf(item: vscode.DebugStackFrame): Promise<string> {
  const frame = `${item.session.id} ${item.frameId}`;
  if (known?.frame !== frame) known = { frame, where: askWhere(item) };
  return known.where;
}

/** `train.js:13`, or nothing where the debugger does not say. */
async function askWhere({ session, threadId, frameId }: vscode.DebugStackFrame): Promise<string> {
  try {
    // The protocol's answer to `stackTrace`.
    const { stackFrames } = await session.customRequest('stackTrace', { threadId, startFrame: 0, levels: 50 }) as { readonly stackFrames: readonly { readonly id: number; readonly line: number; readonly source?: { readonly name?: string } }[] };
    const frame = stackFrames.find(({ id }) => id === frameId);
    return frame?.source?.name === undefined ? '' : `${frame.source.name.split(/[\\/]/).at(-1)}:${frame.line}`; // some debuggers give a path for a name
  } catch {
    return ''; // it runs again: when it was read says enough
  }
}

/** `clipboard` is the context in which debuggers answer in full; an error becomes the answer, of which a sentence is made. */
async function evaluate(session: vscode.DebugSession, frameId: number, expression: string): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => { timer = setTimeout(() => { resolve(tooSlow(patience)); }, patience * 1000); });
  const answer = Promise.resolve(session.customRequest('evaluate', { expression, frameId, context: 'clipboard' }))
    // The protocol says that an answer to `evaluate` has a text `result`.
    .then((body: unknown) => (body as { readonly result: string }).result, (error: unknown) => sentenceOf(error));
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface VariableArgument { readonly variable: { readonly name: string; readonly evaluateName?: string }; readonly container?: unknown }

function isVariable(argument: unknown): argument is VariableArgument {
  const variable = typeof argument === 'object' && argument !== null && 'variable' in argument ? argument.variable : null;
  return typeof variable === 'object' && variable !== null && 'name' in variable && typeof variable.name === 'string';
}

export type Chosen = { readonly kind: 'expression'; readonly expression: string } | { readonly kind: 'nameless'; readonly name: string };

/**
 * The expression a command is about: that of a row of Variables or Watch (the argument of their context menus), else what is selected in
 * the editor, else the name under the cursor. Null when there is none.
 */
export function chosenExpression(argument: unknown): Chosen | null {
  if (isVariable(argument)) {
    const { variable: { name, evaluateName }, container } = argument;
    if (evaluateName !== undefined && evaluateName !== '') return { kind: 'expression', expression: evaluateName };
    // A watch expression stands by itself; its name is its text.
    return container === undefined ? { kind: 'expression', expression: name } : { kind: 'nameless', name };
  }
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return null;
  const { document, selection } = editor;
  const range = selection.isEmpty ? document.getWordRangeAtPosition(selection.active, /[\p{L}_$][\p{L}\p{N}_$]*(\.[\p{L}_$][\p{L}\p{N}_$]*)*/u) : selection;
  const text = range === undefined ? '' : document.getText(range).trim();
  return text === '' ? null : { kind: 'expression', expression: text };
}
