/** Tensors of more axes than kernels take: axes that stay beside one another go together, and axes of extent 1 go, until few enough are left. */
import { reshape, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { joinedShape } from '../../../formats/onnx/host-values';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { anyOperand, refuse } from './operands';

/** Beyond this some backends give wrong numbers, without a word. */
const mostAxes = 6;

/** A transpose of any number of axes. @throws Failure when too many are left */
export function transposed(call: LayerCallContext, x: Tensor, order: readonly number[]): Tensor {
  if (x.rank <= mostAxes) return transpose(x, [...order]);
  const kept = order.filter((axis) => x.shape[axis] !== 1);
  // Runs of axes that follow one another before and after.
  const runs: number[][] = [];
  for (const axis of kept) {
    const last = runs.at(-1);
    const before = last?.at(-1);
    const between = before === undefined ? [] : x.shape.slice(before + 1, axis);
    if (last !== undefined && before !== undefined && axis > before && between.every((extent) => extent === 1)) last.push(axis);
    else runs.push([axis]);
  }
  if (runs.length > mostAxes) throw refuse(call, `puts ${runs.length} axes in another order`);
  const sorted = [...runs].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const apart = reshape(x, sorted.map((run) => sizeOf(run.map((axis) => x.shape[axis] ?? 1))));
  return reshape(transpose(apart, runs.map((run) => sorted.indexOf(run))), order.map((axis) => x.shape[axis] ?? 1));
}

/** Shapes that are stretched over one another, with neighbouring axes joined where each of them is stretched or not in both. @throws Failure when too many are left */
function joinedAxes(call: LayerCallContext, shapes: readonly (readonly number[])[], whole: readonly number[]): number[][] {
  const aligned = shapes.map((shape) => [...Array<number>(whole.length - shape.length).fill(1), ...shape]);
  const groups: number[][] = [];
  for (const axis of whole.keys()) {
    if (whole[axis] === 1) continue;
    const before = groups.at(-1)?.at(-1);
    if (before !== undefined && aligned.every((shape) => (shape[axis] === 1) === (shape[before] === 1))) groups.at(-1)?.push(axis);
    else groups.push([axis]);
  }
  if (groups.length > mostAxes) throw refuse(call, `works with ${groups.length} axes`);
  return aligned.map((shape) => groups.map((group) => sizeOf(group.map((axis) => shape[axis] ?? 1))));
}

/** An op that works element by element, for any number of axes. */
export const anyAxes = (forward: LayerForward): LayerForward => function* (call) {
  const tensors = call.args.map((argument, position) => (argument === null ? null : anyOperand(call, position)));
  const given = tensors.filter((tensor) => tensor !== null);
  if (given.every(({ rank }) => rank <= mostAxes)) return yield* forward(call);
  const whole = given.reduce<number[] | null>((sum, { shape }) => (sum === null ? null : joinedShape(sum, shape)), []);
  if (whole === null) return yield* forward(call);
  const shapes = joinedAxes(call, given.map(({ shape }) => shape), whole);
  const args = tensors.map((tensor) => (tensor === null ? null : reshape(tensor, shapes[given.indexOf(tensor)] ?? tensor.shape)));
  const { outputs } = yield* forward({ ...call, args });
  return { outputs: outputs.map((output) => reshape(output, whole)) };
};
