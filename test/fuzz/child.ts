/** The process in which files are opened: it may hang, run out of memory or die, and is watched from outside. */
import { judge } from './judge';
import type { Verdict } from './judge';

export interface ChildRequest { readonly id: number; readonly reader: string; readonly file: string }
/** Processor time of the case in seconds (all threads), and the most memory that the process has ever taken, in bytes. */
export interface ChildReply { readonly id: number; readonly verdict: Verdict; readonly seconds: number; readonly peak: number }

let current = -1;
const answer = (id: number, verdict: Verdict, seconds: number): void => {
  const reply: ChildReply = { id, verdict, seconds, peak: process.resourceUsage().maxRSS * 1024 };
  process.send?.(reply);
};
const stray = (error: unknown): void => {
  const trace = error instanceof Error ? error.stack ?? '' : '';
  answer(current, { kind: 'fault', fault: 'an error that nobody caught', message: String(error), trace: trace.split('\n').slice(1, 4).map((line) => line.trim()).join('\n') }, 0);
};
process.on('uncaughtException', stray);
process.on('unhandledRejection', stray);

process.send?.('ready');
process.on('message', (message) => {
  const { id, reader, file } = message as ChildRequest; // sent by watched.ts
  current = id;
  const start = process.cpuUsage();
  void judge(reader, file).then((verdict) => {
    const { user, system } = process.cpuUsage(start);
    answer(id, verdict, (user + system) / 1e6);
  });
});
