/** Questions that the engine works on: each has a name, tells how far it has come, and can be withdrawn. */
import { Failure } from '../../tensor/failure';

/** What a question under way is given. */
export interface Asking { readonly signal: AbortSignal; readonly onProgress: (done: number) => void }

/** Least time between two reports of one question, in milliseconds. */
const interval = 80;

export class Questions {
  private readonly open = new Map<string, AbortController>();

  /** @param report hears the share that is done, 0 … 1, a few times a second */
  constructor(private readonly report: (question: string, done: number) => void, private readonly now: () => number = Date.now) {}

  /** Works on a question; one of the same name that is still open is withdrawn. @throws Failure `insight.withdrawn` */
  async ask<T>(question: string, work: (asking: Asking) => Promise<T>): Promise<T> {
    this.withdraw(question);
    const aborter = new AbortController();
    this.open.set(question, aborter);
    let last = this.now();
    const onProgress = (done: number): void => {
      const now = this.now();
      if (aborter.signal.aborted || now - last < interval) return;
      last = now;
      this.report(question, done);
    };
    try {
      const answer = await work({ signal: aborter.signal, onProgress });
      if (aborter.signal.aborted) throw withdrawn();
      return answer;
    } catch (error) {
      if (aborter.signal.aborted) throw withdrawn(error);
      throw error;
    } finally {
      if (this.open.get(question) === aborter) this.open.delete(question);
    }
  }

  /** Ends a question; one that is not open any more has been answered. */
  withdraw(question: string): void {
    this.open.get(question)?.abort();
    this.open.delete(question);
  }

  withdrawAll(): void {
    for (const question of [...this.open.keys()]) this.withdraw(question);
  }
}

const withdrawn = (cause?: unknown): Failure => new Failure('insight.withdrawn', 'The question was withdrawn.', { cause });
