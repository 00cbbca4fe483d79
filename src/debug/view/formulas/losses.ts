/** Losses by Keras's name: the formula of the mean over a batch, and what it asks of the network. */
import type { Loss } from '../../../engine/losses/losses';
import { plural } from '../tex';
import type { Explained } from './reading';

interface LossRow { readonly words: string; readonly term: string; readonly classes: boolean; readonly meaning: string }

const row = (words: string, term: string, meaning: string, classes = false): LossRow => ({ words, term, classes, meaning });

/** `term` is the loss of one example n, `p` standing for the predictions and `y` for the labels. */
export const losses: Readonly<Record<string, LossRow>> = {
  categorical_crossentropy: row('categorical crossentropy', '-\\sum_{k} y[n,k]\\,\\ln p[n,k]', 'the negative logarithm of the probability given to the right class', true),
  sparse_categorical_crossentropy: row('categorical crossentropy', '-\\ln p[n,\\,y[n]]', 'the negative logarithm of the probability given to the right class', true),
  binary_crossentropy: row('binary crossentropy', '-\\bigl(y\\ln p+(1-y)\\ln(1-p)\\bigr)[n]', 'the negative logarithm of the probability given to the right answer'),
  mean_squared_error: row('mean squared error', '(p-y)^{2}[n]', 'the squared distance between prediction and label'),
  mean_absolute_error: row('mean absolute error', '\\left|p-y\\right|[n]', 'the distance between prediction and label'),
  mean_squared_logarithmic_error: row('mean squared logarithmic error', '\\bigl(\\ln(1+p)-\\ln(1+y)\\bigr)^{2}[n]', 'the squared distance of logarithms'),
  mean_absolute_percentage_error: row('mean absolute percentage error', '100\\left|\\tfrac{p-y}{y}\\right|[n]', 'the distance in percent of the label'),
  hinge: row('hinge', '\\max(0,\\,1-y\\,p)[n]', 'how far the prediction falls short of a margin of 1'),
  squared_hinge: row('squared hinge', '\\max(0,\\,1-y\\,p)^{2}[n]', 'the square of how far the prediction falls short of a margin of 1'),
  categorical_hinge: row('categorical hinge', '\\max(0,\\,\\max_{k\\ne y}p[n,k]-p[n,y]+1)', 'how far the right class falls short of the best wrong one'),
  kl_divergence: row('Kullback–Leibler divergence', '\\sum_k y[n,k]\\,\\ln\\tfrac{y[n,k]}{p[n,k]}', 'how far the predicted distribution is from the true one', true),
  poisson: row('Poisson', '(p-y\\ln p)[n]', 'the negative log-likelihood of counts'),
  huber: row('Huber', '\\begin{cases}\\tfrac12(p-y)^2&|p-y|\\le\\delta\\\\\\delta|p-y|-\\tfrac12\\delta^2&\\text{beyond}\\end{cases}', 'squared near zero, linear further away'),
  log_cosh: row('logarithm of cosh', '\\ln\\cosh(p-y)[n]', 'squared near zero, linear further away'),
  cosine_similarity: row('cosine similarity', '-\\tfrac{y\\cdot p}{\\lVert y\\rVert\\,\\lVert p\\rVert}[n]', 'minus the cosine of the angle between prediction and label'),
};

const aliases: Readonly<Record<string, string>> = {
  mse: 'mean_squared_error', mae: 'mean_absolute_error', mape: 'mean_absolute_percentage_error', msle: 'mean_squared_logarithmic_error',
  kullback_leibler_divergence: 'kl_divergence', kld: 'kl_divergence', logcosh: 'log_cosh', bce: 'binary_crossentropy',
};

/** Keras's name for what a person may have written: `MeanSquaredError`, `meanSquaredError`, `mse`. */
export function lossName(type: string): string {
  const snake = type.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase().replace(/^k_l_/, 'kl_');
  return aliases[snake] ?? snake;
}

export const lossWords = (type: string): string => losses[lossName(type)]?.words ?? lossName(type).replaceAll('_', ' ');

export interface LossNames { readonly loss: string; readonly prediction: string; readonly label: string }

/** Predictions that are scores become probabilities inside the loss. */
const fromScores: Readonly<Record<string, string>> = {
  categorical_crossentropy: '\\operatorname{softmax}', sparse_categorical_crossentropy: '\\operatorname{softmax}', binary_crossentropy: '\\sigma',
};

/** The loss over a batch; names are TeX. */
export function explainLoss({ name: type, fromLogits }: Pick<Loss, 'name' | 'fromLogits'>, batch: number, names: LossNames): Explained {
  const name = lossName(type);
  const known = losses[name];
  if (known === undefined) return { formula: `${names.loss}=L(${names.label},\\,${names.prediction})`, explanation: `${lossWords(type)}: one number for ${plural(batch, 'example')}.` };
  const squash = fromLogits ? fromScores[name] : undefined;
  const prediction = squash === undefined ? names.prediction : `${squash}(${names.prediction})`;
  const term = known.term.replace(/\\[A-Za-z]+|(?<![A-Za-z])[py](?![A-Za-z])/g, (found) => (found === 'p' ? prediction : found === 'y' ? names.label : found));
  const mean = batch === 1 ? '' : `\\frac{1}{${batch}}\\sum_{n=0}^{${batch - 1}}`;
  const best = name === 'cosine_similarity' ? '−1 would be perfect' : name === 'poisson' ? 'lower is better' : '0 would be perfect';
  return { formula: `${names.loss}=${mean}${batch > 1 && term.startsWith('-') ? `\\Bigl(${term}\\Bigr)` : term}`, explanation: `Mean over ${plural(batch, 'example')} of ${known.meaning}; ${best}.` };
}
