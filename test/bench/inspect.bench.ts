/** Rows: what looking at a 16 MiB tensor of a paused JavaScript program costs beyond the debugger's own round trip. */
import vm from 'node:vm';
import { inspect, inspectWhole } from '../../src/debug/inspect/inspector';
import { medians } from './table';
import type { BenchRow } from './table';

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
  ];
}
