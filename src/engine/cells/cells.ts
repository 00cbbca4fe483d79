/** Cell depth: one output element of an op as the terms that make it. A kernel is a row of one of the tables. */
import { Failure } from '../../tensor/failure';
import { stridesOf } from '../../tensor/slice';
import type { Op, Trace } from '../trace';
import { completed } from './arithmetic';
import type { Arithmetic, CellQuestion, CellRule, Values } from './arithmetic';
import { convolutionRules } from './convolution';
import { elementwiseRules } from './elementwise';
import { matmulRules } from './matmul';
import { movementRules } from './movement';
import { poolingRules } from './pooling';
import { reductionRules } from './reduction';
import { scatterRules } from './scatter';

const rules: Readonly<Record<string, CellRule>> = {
  ...convolutionRules, ...elementwiseRules, ...matmulRules, ...movementRules, ...poolingRules, ...reductionRules, ...scatterRules,
};

/** Kernels whose cells have arithmetic. */
export const cellKernels: readonly string[] = Object.keys(rules);

/** Whether Step Into can go from this op to the terms of one of its elements. */
export const hasCells = (op: Op): boolean => rules[op.kernel] !== undefined;

/** Reads the values of a trace's tensors once each. */
export function valuesReader(trace: Trace): (tensor: number) => Values {
  const known = new Map<number, Values>();
  return (tensor) => {
    const found = known.get(tensor);
    if (found !== undefined) return found;
    const recorded = trace.tensors.get(tensor);
    if (recorded === undefined) throw new Failure('cell.tensor', `Tensor ${tensor} is not part of this iteration.`);
    const { data, shape } = recorded.read();
    const values: Values = { tensor, shape, strides: stridesOf(shape), data };
    known.set(tensor, values);
    return values;
  };
}

/**
 * The terms of element `index` of output number `which` of an op.
 * @throws Failure `cell.kernel` when the kernel has no arithmetic of its own, `cell.index` when the element does not exist.
 */
export function arithmeticOf(op: Op, index: readonly number[], read: (tensor: number) => Values, which = 0): Arithmetic {
  const rule = rules[op.kernel];
  if (rule === undefined) throw new Failure('cell.kernel', `The op ${op.kernel} cannot be taken apart into terms.`);
  const id = op.outputs[which];
  const output = id === undefined ? null : read(id);
  if (output === null || index.length !== output.shape.length || index.some((at, axis) => !Number.isInteger(at) || at < 0 || at >= (output.shape[axis] ?? 0))) {
    throw new Failure('cell.index', `Element [${index.join(', ')}] is not one of [${output?.shape.join(', ') ?? ''}].`);
  }
  const input = (name: string): Values => {
    const tensor = op.inputs[name];
    if (tensor === undefined) throw new Failure('cell.input', `The op ${op.kernel} was recorded without its input "${name}".`);
    return read(tensor);
  };
  const question: CellQuestion = {
    op, input, output, which, index,
    hasInput: (name) => op.inputs[name] !== undefined,
    list: () => Object.keys(op.inputs).sort((a, b) => Number(a) - Number(b)).map(input),
  };
  return completed(question, rule(question));
}
