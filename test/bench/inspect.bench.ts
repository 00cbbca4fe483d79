/** Rows: what looking at a 16 MiB tensor of a paused JavaScript program costs, the program's part and under VS Code's debugger. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { inspect, inspectWhole } from '../../src/debug/inspect/inspector';
import type { InDebugger } from './in-debugger';
import { medians } from './table';
import type { BenchRow } from './table';

/** Starts a real VS Code; the bundles stand beside this one. */
function inDebugger(): readonly BenchRow[] {
  const file = path.join(__dirname, 'bench-in-debugger.json');
  const { status } = spawnSync(process.execPath, [path.resolve('test/bench/in-debugger.mjs'), path.join(__dirname, 'bench-in-debugger.js')], { stdio: ['ignore', 2, 2], env: { ...process.env, BACKSTEP_BENCH: file } });
  if (status !== 0) throw new Error('VS Code could not measure the paused program.');
  const { maps, matrix, all } = JSON.parse(readFileSync(file, 'utf8')) as InDebugger; // written by in-debugger.ts
  const row = (name: string, { ours, trip }: InDebugger['maps'], goal: number): BenchRow =>
    ({ name: `in VS Code's debugger, beyond its round trip: ${name}`, ours: ours - trip, reference: { name: 'bare answer as long', milliseconds: trip }, goal: { milliseconds: goal } });
  return [row('one of 64 maps, first picture', maps, 50), row('2048 × 2048 reduced, first picture', matrix, 50), row('picture, statistics, checksums', all, 300)];
}

export async function rows(): Promise<readonly BenchRow[]> {
  // In the main context, as in a real program: lookups of globals are slow in others.
  const program = globalThis as { benchData?: Float32Array };
  program.benchData = Float32Array.from({ length: 4 << 20 }, (_, i) => Math.sin(i));
  const evaluate = (text: string): Promise<string> => Promise.resolve(String(vm.runInThisContext(text)));
  const first = (shape: readonly number[]) => async (): Promise<void> => { await inspect('pwa-node', 'benchData', evaluate, { shape, numbers: 'later' }); };
  const maps = [64, 256, 256], matrix = [2048, 2048];
  const [ofMaps = NaN, ofMatrix = NaN, all = NaN] = await medians([
    first(maps), first(matrix),
    async () => { await first(matrix)(); await inspectWhole('pwa-node', 'benchData', evaluate, { shape: matrix }); },
  ], { runs: 9, warmUp: 2 });
  delete program.benchData;
  return [
    { name: 'paused program: 16 MiB, one of 64 maps, first picture', ours: ofMaps, reference: null, goal: { milliseconds: 50 } },
    { name: 'paused program: 16 MiB, 2048 × 2048 reduced, first picture', ours: ofMatrix, reference: null, goal: { milliseconds: 50 } },
    { name: 'paused program: 16 MiB, picture, statistics, checksums', ours: all, reference: null, goal: { milliseconds: 300 } },
    ...inDebugger(),
  ];
}
