/** Runs in the extension host of VS Code: what looking at 16 MiB of a program costs that the built-in JavaScript debugger has paused. */
import { writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { inspect, inspectWhole } from '../../src/debug/inspect/inspector';
import { pausedProgram } from '../../src/debug/vscode/inspect-program';
import { medians } from './table';

/** Medians in milliseconds: whole requests, and bare answers of the debugger that are as long. */
export interface InDebugger { readonly maps: Measured; readonly matrix: Measured; readonly all: Measured }
interface Measured { readonly ours: number; readonly trip: number }

/** Called by VS Code; writes the medians to the file named by BACKSTEP_BENCH. */
export async function run(): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    vscode.debug.onDidChangeActiveStackItem((item) => { if (item instanceof vscode.DebugStackFrame) resolve(); });
  });
  const program = process.env.BACKSTEP_BENCH_PROGRAM ?? '';
  if (!await vscode.debug.startDebugging(undefined, { type: 'pwa-node', request: 'launch', name: 'bench', program, console: 'internalConsole' })) throw new Error(`${program} did not start.`);
  await stopped;
  const paused = pausedProgram();
  if (paused === null) throw new Error(`${program} is not paused.`);
  const { debuggerType, evaluate } = paused;
  const lengths: number[] = [];
  const counted = async (text: string): Promise<string> => { const answer = await evaluate(text); lengths.push(answer.length); return answer; };
  const first = (expression: string) => async (): Promise<void> => { await inspect(debuggerType, expression, counted, { numbers: 'later' }); };
  const whole = async (): Promise<void> => { await first('matrix')(); await inspectWhole(debuggerType, 'matrix', counted); };
  const trips = (answers: readonly number[]) => async (): Promise<void> => { for (const length of answers) await evaluate(`'x'.repeat(${length})`); };
  const actions = [];
  for (const ours of [first('maps'), first('matrix'), whole]) {
    lengths.length = 0;
    await ours();
    actions.push(ours, trips([...lengths]));
  }
  const times = await medians(actions, { runs: 15, warmUp: 2 });
  const measured = (row: number): Measured => ({ ours: times[2 * row] ?? NaN, trip: times[2 * row + 1] ?? NaN });
  writeFileSync(process.env.BACKSTEP_BENCH ?? '', JSON.stringify({ maps: measured(0), matrix: measured(1), all: measured(2) } satisfies InDebugger));
  await vscode.debug.stopDebugging();
}
