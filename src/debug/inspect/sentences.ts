/** One sentence for each reason why a value of a paused program cannot be shown. */
import type { ProblemCode } from './reply';

export const sentences: Readonly<Record<ProblemCode, (expression: string, type: string, detail: string) => string>> = {
  disposed: (expression) => `"${expression}" is a tensor that the program has already disposed; look at it at an earlier line, or keep it with tf.keep.`,
  'not-a-tensor': (expression, type, detail) => `"${expression}" is no tensor but a ${type}${detail === '' ? '' : ` (${detail})`}; Backstep shows tensors, typed and nested arrays, NumPy arrays and pictures.`,
  ragged: (expression, _, detail) => `"${expression}" is no tensor: ${detail}.`,
  shape: (expression, _, detail) => `"${expression}" does not have that shape: ${detail}.`,
  empty: (expression, _, detail) => `"${expression}" has no elements: ${detail}.`,
  busy: (expression, _, detail) => `"${expression}" lies on a device that is still working: ${detail}. Step on, or look again in a moment.`,
  'too-large': (expression, _, detail) => `"${expression}" is too large to show: ${detail}. Choose a part of it.`,
  slice: (expression, _, detail) => `That part of "${expression}" cannot be shown: ${detail}.`,
  unreadable: (expression, type, detail) => `"${expression}" (${type}) cannot be read: ${detail}.`,
};

export const notPaused = (expression: string): string => `No program is paused: stop a JavaScript or Python program at a breakpoint, then look at "${expression}" again.`;
export const movedOn = (expression: string): string => `The program has moved on since "${expression}" was read: refresh it, or pin it to have it read at each stop.`;
export const tooSlow = (seconds: number): string => `the debugger gave no answer within ${seconds} seconds`;
export const noExpression = (name: string): string => `The debugger gives no expression for "${name}"; add one to Watch and look at it there.`;
