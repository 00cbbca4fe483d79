/** Errors that a person can meet: a code for tests and documentation, a sentence that says what is wrong and what to do. */

export class Failure extends Error {
  /** @param code short and stable, `format.truncated`; @param message one sentence for the user; names file, place, reason, remedy. */
  constructor(readonly code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Failure';
  }
}

/** The sentence to show for anything thrown: a Failure's own, or a plain one around an unexpected error. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return String(error);
}
