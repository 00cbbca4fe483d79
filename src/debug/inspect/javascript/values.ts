/** Looking at unknown values of the program without tripping over them. */
import type { ProblemCode } from '../reply';

export class Problem extends Error {
  constructor(readonly code: ProblemCode, detail = '') { super(detail); }
}

export type Fields = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
