/** Labels checked before a run: their shape against the output's, and their values against what the loss accepts. */
import type { SymbolicShape } from '../../network/network';
import { Failure } from '../../tensor/failure';
import type { Shape, TensorValue } from '../../tensor/value';
import type { LabelKind, LossOptions } from './loss';

/** Room for the rounding of labels that are stored as floating point. */
const slack = 1e-6;

interface Range { readonly least: number; readonly most: number; readonly whole: boolean; readonly words: string }

const ranges: Readonly<Record<Exclude<LabelKind, 'classes'>, Range>> = {
  distribution: { least: -slack, most: 1 + slack, whole: false, words: 'probabilities from 0 to 1, one a class' },
  probabilities: { least: -slack, most: 1 + slack, whole: false, words: '0, 1 or probabilities between' },
  signs: { least: -1 - slack, most: 1 + slack, whole: false, words: '-1 and 1, or 0 and 1' },
  counts: { least: 0, most: Infinity, whole: false, words: 'numbers not below 0' },
  reals: { least: -Infinity, most: Infinity, whole: false, words: 'numbers' },
};

/** What is checked: the loss's name as written, its kind of labels and its options. */
export interface LabelRules { readonly name: string; readonly labels: LabelKind; readonly options: LossOptions }

/**
 * Why `labels` do not do for the loss and an output of shape `outputShape` (batch first), or null when they do.
 * `labels` holds the whole data set or a batch; row numbers in the message count from 0.
 */
export function labelProblem(rules: LabelRules, labels: TensorValue, outputShape: SymbolicShape): Failure | null {
  return shapeProblem(rules, labels, outputShape) ?? valueProblem(rules, labels, outputShape);
}

const words = (shape: SymbolicShape | Shape): string => `[${shape.map((extent) => extent ?? 'batch').join(', ')}]`;

function fits(shape: Shape, wanted: SymbolicShape): boolean {
  return shape.length === wanted.length && shape.every((extent, axis) => axis === 0 || (wanted[axis] ?? extent) === extent);
}

function shapeProblem({ name, labels: kind }: LabelRules, { shape }: TensorValue, output: SymbolicShape): Failure | null {
  if (output.length === 0) return null;
  const perExample = output.slice(0, -1);
  const single: SymbolicShape = [...perExample, 1];
  const fail = (advice: string): Failure => new Failure('loss.labels', `The labels have the shape ${words(shape)}, but the loss ${name} needs ${advice} for an output of shape ${words(output)}.`);
  if (kind === 'classes') {
    if (output.at(-1) === 1) return new Failure('loss.labels', `The loss ${name} needs an output of two classes or more, but this one has the shape ${words(output)}; binary_crossentropy goes with a single probability.`);
    if (fits(shape, perExample) || fits(shape, single)) return null;
    const oneHot = fits(shape, output) ? '; labels with one column a class go with categorical_crossentropy' : '';
    return fail(`one class number an example, ${words(perExample)}${oneHot},`);
  }
  if (fits(shape, output)) return null;
  const last = output[output.length - 1];
  if (fits(shape, perExample) && last === 1) return null;
  if (fits(shape, [...output, 1]) ) return null;
  const numbers = kind === 'distribution' && (fits(shape, perExample) || fits(shape, single)) ? '; class numbers go with sparse_categorical_crossentropy' : '';
  return fail(`labels of the shape ${words(output)}${numbers}`);
}

function valueProblem({ name, labels: kind, options }: LabelRules, { data, shape }: TensorValue, output: SymbolicShape): Failure | null {
  const row = (index: number): number => Math.floor(index / Math.max(1, data.length / (shape[0] ?? 1)));
  if (kind === 'classes') {
    const classes = output[output.length - 1] ?? Infinity;
    const ignored = options['ignore_class'];
    for (let i = 0; i < data.length; i += 1) {
      const value = Number(data[i]);
      if (value === ignored || (Number.isInteger(value) && value >= 0 && value < classes)) continue;
      return new Failure('loss.labels', `The label of example ${row(i)} is ${value}, but the loss ${name} needs class numbers from 0 to ${classes - 1}, for the output has ${classes} classes.`);
    }
    return null;
  }
  const { least, most, words: range } = ranges[kind];
  for (let i = 0; i < data.length; i += 1) {
    const value = Number(data[i]);
    if (Number.isFinite(value) && value >= least && value <= most) continue;
    const classNumbers = kind === 'distribution' && Number.isInteger(value) ? ' Class numbers go with sparse_categorical_crossentropy.' : '';
    return new Failure('loss.labels', `The label of example ${row(i)} is ${value}, but the loss ${name} needs ${range}.${classNumbers}`);
  }
  return null;
}
