/** Rows: what looking at a 16 MiB tensor of a paused JavaScript program costs beyond the debugger's own round trip. */
import vm from 'node:vm';
import { inspect } from '../../src/debug/inspect/inspector';
import { medians } from './table';
import type { BenchRow } from './table';

export async function rows(): Promise<readonly BenchRow[]> {
  // In the main context, as in a real program: lookups of globals are slow in others.
  const program = globalThis as { benchData?: Float32Array };
  program.benchData = Float32Array.from({ length: 4 << 20 }, (_, i) => Math.sin(i));
  const evaluate = (text: string): Promise<string> => Promise.resolve(String(vm.runInThisContext(text)));
  const [all = NaN] = await medians([
    async () => { await inspect('pwa-node', 'benchData', evaluate, { shape: [64, 256, 256] }); },
  ], { runs: 9, warmUp: 2 });
  delete program.benchData;
  // One answer carries the picture with statistics and histogram over all elements: the first picture is the whole.
  return [{ name: 'paused program: 16 MiB tensor, first picture and everything', ours: all, reference: null, goal: { milliseconds: 300 } }];
}
