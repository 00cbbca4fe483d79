/** A small tape for tests: everything that ran between start and end, and the gradient of one scalar by every tensor on the way. */
import * as tf from '@tensorflow/tfjs-core';

interface Node {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly kernelName: string;
  gradient?(dys: tf.Tensor[]): Record<string, () => tf.Tensor>;
}
interface Recording { startTape(): void; endTape(): void; readonly state: { activeTape: Node[] | null; gradientDepth: number } }

const engine = (): Recording => tf.engine() as unknown as Recording;

/** Runs `work` with the tape on; gives its result and the tape's nodes. Call inside an engine scope. */
export function taped<T>(work: () => T): { result: T; nodes: readonly Node[] } {
  engine().startTape();
  try {
    const result = work();
    return { result, nodes: [...(engine().state.activeTape ?? [])] };
  } finally {
    engine().endTape();
  }
}

/** Gradients of the scalar `y` by tensor id, for all tensors between `sources` and `y`. */
export function gradients(nodes: readonly Node[], y: tf.Tensor, sources: readonly tf.Tensor[]): ReadonlyMap<number, tf.Tensor> {
  const reached = new Set(sources.map(({ id }) => id));
  for (const node of nodes) {
    if (Object.values(node.inputs).some(({ id }) => reached.has(id))) node.outputs.forEach(({ id }) => reached.add(id));
  }
  const found = new Map<number, tf.Tensor>([[y.id, tf.ones(y.shape)]]);
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some(({ id }) => found.has(id)) || !node.outputs.some(({ id }) => reached.has(id))) continue;
    if (node.gradient === undefined) throw new Error(`${node.kernelName} has no gradient.`);
    const made = node.gradient(node.outputs.map((output) => found.get(output.id) ?? tf.zeros(output.shape)));
    for (const [name, input] of Object.entries(node.inputs)) {
      if (!reached.has(input.id)) continue;
      const dx = made[name]!();
      if (dx.shape.join() !== input.shape.join()) throw new Error(`The gradient of ${node.kernelName} by ${name} has the shape [${dx.shape.join()}] instead of [${input.shape.join()}].`);
      const before = found.get(input.id);
      found.set(input.id, before === undefined ? dx : tf.add(before, dx));
    }
  }
  return found;
}
