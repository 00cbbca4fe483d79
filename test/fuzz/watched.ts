/** Runs cases in a child process under watch: 2 seconds of processor time and 1 GiB of memory a case, whatever happens inside. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ChildReply, ChildRequest } from './child';
import type { Verdict } from './judge';

export const limits = { seconds: 2, bytes: 2 ** 30 };
/** Without any use of the processor for so long (ms), a case waits for something that never comes. */
const patience = 30_000;
/** A child that has opened so many files makes room for a fresh one, so that each is measured from near the start. */
const mostCases = 2000;

const over = (fault: string): Verdict => ({ kind: 'fault', fault, message: fault, trace: '' });

/** User and system time of a process in seconds and its resident memory in bytes; null where /proc does not tell. */
function usageOf(pid: number): { readonly seconds: number; readonly bytes: number } | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, bytes: Number(fields[21]) * 4096 };
  } catch {
    return null;
  }
}

export class WatchedReader {
  private child: ChildProcess | null = null;
  private cases = 0;
  private last = 0;

  /** `bundle` is the built child.ts. */
  constructor(private readonly bundle: string) {}

  /** What becomes of a file. Faults of time and memory are confirmed in a fresh process, so that a busy machine or litter of earlier files is no reason. */
  async read(reader: string, file: string): Promise<Verdict> {
    const verdict = await this.once(reader, file);
    if (verdict.kind !== 'fault' || !verdict.fault.startsWith('more than')) return verdict;
    this.end();
    return this.once(reader, file);
  }

  end(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  /** Ready, so that its start is not counted. */
  private async start(): Promise<ChildProcess> {
    this.cases = 0;
    const child = fork(this.bundle, [], { execArgv: ['--enable-source-maps', '--stack-trace-limit=60'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'], cwd: path.dirname(this.bundle) });
    await new Promise((resolve) => { child.once('message', resolve); child.once('exit', resolve); });
    return child;
  }

  private async once(reader: string, file: string): Promise<Verdict> {
    if (this.cases >= mostCases) this.end();
    const child = this.child ??= await this.start();
    this.cases += 1;
    const request: ChildRequest = { id: this.last += 1, reader, file };
    const verdict = await new Promise<Verdict>((resolve) => {
      const before = usageOf(child.pid ?? 0)?.seconds ?? 0;
      let [used, still] = [before, Date.now()];
      const watch = setInterval(() => {
        const usage = usageOf(child.pid ?? 0);
        if (usage !== null && usage.seconds > used) [used, still] = [usage.seconds, Date.now()];
        if (usage !== null && usage.seconds - before > limits.seconds) settle(over(`more than ${limits.seconds} s`));
        else if (usage !== null && usage.bytes > limits.bytes * 1.25) settle(over('more than 1 GiB'));
        else if (Date.now() - still > patience) settle(over('waits for something that never comes'));
      }, 50);
      const settle = (result: Verdict): void => {
        clearInterval(watch);
        child.off('message', take);
        child.off('exit', died);
        resolve(result);
      };
      const take = (message: unknown): void => {
        const { id, verdict: result, seconds, peak } = message as ChildReply; // sent by child.ts
        if (id !== request.id) return;
        settle(result.kind === 'fault' ? result : seconds > limits.seconds ? over(`more than ${limits.seconds} s`) : peak > limits.bytes ? over('more than 1 GiB') : result);
      };
      const died = (code: number | null, signal: string | null): void => { settle(over(`the process died (${code ?? signal ?? ''})`)); };
      child.on('message', take);
      child.once('exit', died);
      child.send(request);
    });
    // After a fault the process may be in any state.
    if (verdict.kind === 'fault') this.end();
    return verdict;
  }
}
