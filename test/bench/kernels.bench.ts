/** Rows: a training step of plain TensorFlow.js with our kernels, wasm against the other backends. */
import { presentBackends } from '../../src/engine/backend/backend';
import type { BackendName } from '../../src/engine/config';
import { networks, training } from './networks';
import { medians } from './table';
import type { BenchRow } from './table';

const goals: Readonly<Record<keyof typeof networks, BenchRow['goal']>> = { mlp: {}, lenet5: { ratio: 3 }, conv3: { milliseconds: 60 } };
const titles: Readonly<Record<keyof typeof networks, string>> = { mlp: 'MLP 784-128-10', lenet5: 'LeNet-5', conv3: '3-conv 32x32x3' };

export async function rows(): Promise<readonly BenchRow[]> {
  const backends = await presentBackends();
  const result: BenchRow[] = [];
  for (const name of Object.keys(networks) as (keyof typeof networks)[]) {
    const time = async (names: readonly BackendName[], runs: number): Promise<Map<BackendName, number>> => {
      const present = backends.filter((backend) => names.includes(backend.name));
      const trainings = present.map((backend) => {
        backend.activate();
        return { backend, ...training(name, 32) };
      });
      const times = await medians(trainings.map(({ backend, step }) => () => { backend.activate(); step(); }), { runs, warmUp: Math.min(5, runs) });
      for (const { backend, dispose } of trainings) { backend.activate(); dispose(); }
      return new Map(present.map((backend, index) => [backend.name, times[index]!]));
    };
    const fast = await time(['wasm', 'tensorflow'], 40);
    const ours = fast.get('wasm')!, native = fast.get('tensorflow');
    result.push({ name: `${titles[name]} step, batch 32, wasm`, ours, reference: native === undefined ? null : { name: 'tensorflow', milliseconds: native }, goal: goals[name] });
    const slow = (await time(['cpu'], 1)).get('cpu');
    if (slow !== undefined) result.push({ name: `${titles[name]} step, batch 32, wasm against cpu`, ours, reference: { name: 'cpu', milliseconds: slow }, goal: {} });
  }
  return result;
}
