/**
 * What an intermediate value is, from the ops around it: `centered`, `variance`, `normalized`, the gates of an LSTM. Only what the
 * structure proves; everything else is named after its op.
 */
import type { Op, Trace } from '../engine/trace';

interface Around {
  /** What an input was found to be. */
  meaning(op: Op, argument: string): string | undefined;
  /** Kernel that wrote an input in the same layer call, or undefined. */
  kernel(op: Op, argument: string): string | undefined;
  /** Kernels that read an output. */
  readers(tensor: number): readonly string[];
}

/** A rule gives the meaning of each output, or null. */
type Rule = (op: Op, around: Around) => readonly string[] | null;

const is = (found: string | undefined, ...wanted: readonly string[]): boolean => found !== undefined && wanted.includes(found);
const pair = (op: Op, around: Around, one: string, other: string): boolean => {
  const a = around.meaning(op, 'a'), b = around.meaning(op, 'b');
  return (a === one && b === other) || (a === other && b === one);
};
const either = (op: Op, around: Around, wanted: string): boolean => is(around.meaning(op, 'a'), wanted) || is(around.meaning(op, 'b'), wanted);

/** By kernel; the first rule that applies. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  // Normalisation: (x − mean) / √(variance + ε).
  Mean: [(op, around) => (around.meaning(op, 'x') === 'deviations' ? ['variance'] : null)],
  Square: [(op, around) => (around.meaning(op, 'x') === 'centered' ? ['deviations'] : null)],
  SquaredDifference: [(op, around) => (around.kernel(op, 'b') === 'Mean' ? ['deviations'] : null)],
  Rsqrt: [() => ['inverse_deviation']],
  Sub: [
    (op, around) => (around.kernel(op, 'b') === 'Mean' ? ['centered'] : null),
    (op, around) => (around.kernel(op, 'b') === 'Max' ? ['shifted'] : null),
    (op, around) => (around.meaning(op, 'b') === 'log_sum' ? ['log_softmax'] : null),
  ],
  // Softmax and its logarithm, made stable by taking off the largest score.
  Exp: [(op, around) => (around.meaning(op, 'x') === 'shifted' ? ['exponentials'] : null)],
  Sum: [(op, around) => (around.meaning(op, 'x') === 'exponentials' ? ['exponential_sum'] : null)],
  Log: [(op, around) => (around.meaning(op, 'x') === 'exponential_sum' ? ['log_sum'] : null)],
  Cast: [(op, around) => (around.meaning(op, 'x') === 'shifted' ? ['shifted'] : null)],
  // One step of an LSTM: gates i, f, o, candidate, cell state c, output h.
  SplitV: [(op, around) => {
    const gates = op.outputs.map((output) => around.readers(output).find((kernel) => kernel === 'Sigmoid' || kernel === 'Tanh'));
    return gates.join() === 'Sigmoid,Sigmoid,Tanh,Sigmoid' ? ['i_z', 'f_z', 'candidate_z', 'o_z'] : null;
  }],
  Sigmoid: [(op, around) => (is(around.meaning(op, 'x'), 'i_z', 'f_z', 'o_z') ? [around.meaning(op, 'x')?.slice(0, 1) ?? ''] : null)],
  Tanh: [
    (op, around) => (around.meaning(op, 'x') === 'candidate_z' ? ['candidate'] : null),
    (op, around) => (around.meaning(op, 'x') === 'c' ? ['c_tanh'] : null),
  ],
  Multiply: [
    (op, around) => (either(op, around, 'inverse_deviation') && either(op, around, 'centered') ? ['normalized'] : null),
    (op, around) => (pair(op, around, 'i', 'candidate') ? ['taken_in'] : pair(op, around, 'o', 'c_tanh') ? ['h'] : either(op, around, 'f') ? ['kept'] : null),
  ],
  Add: [(op, around) => (pair(op, around, 'kept', 'taken_in') ? ['c'] : null)],
};

/** Meanings of the values of the forward and loss phases, by tensor id. */
export function meaningsOf(trace: Trace): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const readers = new Map<number, string[]>();
  for (const op of trace.ops) {
    if (op.phase !== 'forward') continue;
    for (const input of Object.values(op.inputs)) {
      const list = readers.get(input);
      if (list === undefined) readers.set(input, [op.kernel]);
      else list.push(op.kernel);
    }
  }
  const around: Around = {
    meaning: (op, argument) => found.get(op.inputs[argument] ?? -1),
    kernel: (op, argument) => {
      const writer = trace.ops[trace.tensors.get(op.inputs[argument] ?? -1)?.writer ?? -1];
      return writer?.layer === op.layer && writer.call === op.call ? writer.kernel : undefined;
    },
    readers: (tensor) => readers.get(tensor) ?? [],
  };
  for (const op of trace.ops) {
    if (op.phase !== 'forward' && op.phase !== 'loss') break;
    for (const rule of rules[op.kernel] ?? []) {
      const meanings = rule(op, around);
      if (meanings === null) continue;
      op.outputs.forEach((output, i) => { found.set(output, meanings[i] ?? ''); });
      break;
    }
  }
  return found;
}
