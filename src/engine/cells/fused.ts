/** Bias and activation of fused kernels, as the steps that follow the sum. */
import type { CellQuestion, Finish } from './arithmetic';
import { factor } from './arithmetic';
import { numberOf, textOf } from './attributes';
import { functions } from './functions';

/** `+ bias`, then the activation by its name. */
export function biasAndActivation(question: CellQuestion): ((value: number) => Finish)[] {
  const steps: ((value: number) => Finish)[] = [];
  if (question.hasInput('bias')) {
    const bias = question.input('bias');
    // The bias is aligned with the last axes of the output, as in broadcasting.
    const index = question.index.slice(question.index.length - bias.shape.length).map((at, axis) => (bias.shape[axis] === 1 ? 0 : at));
    const { value: added } = factor(bias, index);
    steps.push((value) => ({ text: `+ bias[${index.join(', ')}]`, value: value + added }));
  }
  const name = textOf(question.op, 'activation');
  if (name !== null && name !== 'linear') {
    const apply = fusedActivations[name];
    steps.push((value) => ({ text: name, value: apply === undefined ? NaN : apply(value, question) }));
  }
  return steps;
}

const fusedActivations: Readonly<Record<string, (value: number, question: CellQuestion) => number>> = {
  relu: functions.relu, relu6: functions.relu6, elu: functions.elu, sigmoid: functions.sigmoid,
  leakyrelu: (value, { op }) => (value < 0 ? numberOf(op, 'leakyreluAlpha', 0.2) * value : value),
  prelu: (value, question) => {
    const slopes = question.input('preluActivationWeights');
    const index = question.index.slice(question.index.length - slopes.shape.length).map((at, axis) => (slopes.shape[axis] === 1 ? 0 : at));
    return value < 0 ? value * factor(slopes, index).value : value;
  },
};
