/** ONNX's If, Loop and Scan. https://onnx.ai/onnx/operators/onnx__Loop.html, onnx__Scan.html */
import { reshape, reverse, slice, stack, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Network } from '../../../network/network';
import type { LayerCallContext } from '../layer';
import { axisIn, misfit, numberOf, numbersOf, operand, optional, valueAt } from '../onnx/operands';
import { holds } from './control-flow';
import type { ControlFlow } from './control-flow';
import { isListTensor, itemsOf, listOf } from './lists';

/** How many of the op's inputs are its own; behind them stand the tensors that its bodies take from around it. */
const ownInputs = (call: LayerCallContext): number => numberOf(call, 'own_inputs', call.args.length);
const captured = (call: LayerCallContext): Tensor[] => call.args.slice(ownInputs(call)).map((_, index) => operand(call, ownInputs(call) + index));

/** What a body has given in each turn, in a row along a new axis; of no turns, nothing of the shape that the file states. */
function collected(turns: readonly Tensor[], network: Network, output: number, axis: number, backwards: boolean): Tensor {
  const ordered = backwards ? [...turns].reverse() : turns;
  const [first] = ordered;
  if (first !== undefined) return stack([...ordered], place(axis, first.rank));
  const ref = network.outputs[output];
  const shape = network.layers.find(({ name }) => name === ref?.layer)?.calls[ref?.call ?? 0]?.outputShapes[ref?.output ?? 0] ?? [];
  const at = place(axis, shape.length);
  return tensor([], [...shape.slice(0, at), null, ...shape.slice(at)].map((extent) => extent ?? 0), 'float32');
}
const place = (axis: number, rank: number): number => (axis < 0 ? axis + rank + 1 : axis);

const branch: ControlFlow = function* (call, bodies) {
  const outputs = yield* bodies.run(captured(call), holds(call, operand(call, 0)) ? 'then_branch' : 'else_branch');
  return { outputs: outputs.slice(0, call.outputCount) };
};

/** Inputs: the most turns, the condition, the variables. The body gives the next condition, the variables, and what is collected. */
const loop: ControlFlow = function* (call, bodies) {
  const own = ownInputs(call);
  const around = captured(call);
  // Exporters write the largest integer of 64 bits for a loop without a bound.
  const most = valueAt(call, 0)?.data[0] ?? Infinity;
  let condition = optional(call, 1) ?? tensor([1], [], 'bool');
  let variables: readonly Tensor[] = call.args.slice(2, own).map((_, index) => operand(call, 2 + index));
  const count = variables.length;
  const scans = bodies.network.outputs.slice(1 + count).map((): Tensor[] => []);
  for (let turn = 0; turn < most && holds(call, condition); turn += 1) {
    const made = yield* bodies.run([tensor(Int32Array.of(turn), [], 'int32'), condition, ...variables, ...around]);
    condition = made[0] ?? condition;
    variables = made.slice(1, 1 + count);
    for (const [index, scan] of scans.entries()) { const given = made[1 + count + index]; if (given !== undefined) scan.push(given); }
  }
  const outputs = [...variables, ...scans.map((scan, index) => collected(scan, bodies.network, 1 + count + index, 0, false))];
  return { outputs: outputs.slice(0, call.outputCount), parts: {} };
};

/** One slice of a tensor along an axis, without that axis. */
function sliceAt(x: Tensor, axis: number, index: number): Tensor {
  const part = slice(x, x.shape.map((_, other) => (other === axis ? index : 0)), x.shape.map((extent, other) => (other === axis ? 1 : extent)));
  return reshape(part, x.shape.filter((_, other) => other !== axis));
}

/** Inputs: the variables, then the sequences that are taken apart. Until opset 8 all have a batch in front, and lengths come first. */
const scan: ControlFlow = function* (call, bodies) {
  const own = ownInputs(call);
  const around = captured(call);
  const batched = numberOf(call, 'batched', 0) === 1;
  const skipped = batched ? 1 : 0;
  const sequences = numberOf(call, 'num_scan_inputs', 1);
  const given = call.args.slice(skipped, own).map((_, index) => operand(call, skipped + index));
  const states = given.slice(0, given.length - sequences);
  const scanned = given.slice(given.length - sequences);
  const backwards = numbersOf(call, batched ? 'directions' : 'scan_input_directions') ?? [];
  const axes = scanned.map((x, index) => axisIn(call, batched ? 0 : numbersOf(call, 'scan_input_axes')?.[index] ?? 0, x.rank - (batched ? 1 : 0)));
  const examples = batched ? scanned[0]?.shape[0] ?? 1 : 1;
  if (batched && optional(call, 0) !== null) throw misfit(call, 'scans sequences of several lengths, which Backstep cannot run');
  const runs: Tensor[][] = [];
  for (let example = 0; example < examples; example += 1) {
    const one = (x: Tensor): Tensor => (batched ? sliceAt(x, 0, example) : x);
    let variables: readonly Tensor[] = states.map(one);
    const inputs = scanned.map((x, index) => (backwards[index] === 1 ? reverse(one(x), axes[index] ?? 0) : one(x)));
    const turns = inputs[0]?.shape[axes[0] ?? 0] ?? 0;
    const scans = bodies.network.outputs.slice(states.length).map((): Tensor[] => []);
    for (let turn = 0; turn < turns; turn += 1) {
      const made = yield* bodies.run([...variables, ...inputs.map((x, index) => sliceAt(x, axes[index] ?? 0, turn)), ...around]);
      variables = made.slice(0, states.length);
      for (const [index, list] of scans.entries()) { const item = made[states.length + index]; if (item !== undefined) list.push(item); }
    }
    runs.push([...variables, ...scans.map((list, index) => collected(list, bodies.network, states.length + index, numbersOf(call, 'scan_output_axes')?.[index] ?? 0, numbersOf(call, 'scan_output_directions')?.[index] === 1))]);
  }
  const [first = []] = runs;
  const outputs = batched ? first.map((_, index) => stack(runs.flatMap((run) => run[index] ?? []))) : first;
  return { outputs: outputs.slice(0, call.outputCount) };
};

/** The body on each element of a sequence, with the elements of other sequences or whole tensors beside it. */
const mapped: ControlFlow = function* (call, bodies) {
  const given = call.args.slice(0, ownInputs(call)).map((_, index) => operand(call, index));
  const around = captured(call);
  const lists = given.map((x) => (isListTensor(x) ? itemsOf(call, x) : null));
  const turns: (readonly Tensor[])[] = [];
  for (let turn = 0; turn < (lists[0]?.length ?? 0); turn += 1) turns.push(yield* bodies.run([...given.map((x, index) => lists[index]?.[turn] ?? x), ...around]));
  return { outputs: bodies.network.outputs.map((_, output) => listOf(turns.map((made) => made[output] ?? null))) };
};

export const onnxControlFlow: Readonly<Record<string, ControlFlow>> = { If: branch, Loop: loop, Scan: scan, SequenceMap: mapped };
