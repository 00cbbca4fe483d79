/** Errors that a person can meet: a code for tests and documentation, a sentence that says what is wrong and what to do. */

export class Failure extends Error {
  /** @param code short and stable, `format.truncated`; @param message one sentence for the user; names file, place, reason, remedy. */
  constructor(readonly code: string, message: string, options?: { cause?: unknown }) {
    super(printable(message), options);
    this.name = 'Failure';
  }
}

const longest = 900;

/** Text on one line of bounded length, without characters that control a terminal or the direction of text: names and lists out of files stand in sentences. */
export function printable(text: string): string {
  const line = /^[\x20-\x7e]*$/.test(text) ? text : text.replace(/\s*[\r\n]\s*/g, ' ').replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '');
  return line.length <= longest ? line : `${line.slice(0, longest - 300)} … ${line.slice(-290)}`;
}

/** The sentence to show for anything thrown: a Failure's own, or a plain one around an unexpected error. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return String(error);
}
