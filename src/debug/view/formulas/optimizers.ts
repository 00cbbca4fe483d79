/** Optimizers by Keras's name: the step of one weight, as the convention of the run does it. */
import type { Optimizer } from '../../../engine/optimizers/optimizers';
import type { Convention } from '../../../network/network';
import type { Explained } from './reading';

/** TeX names of what a step reads and writes; `rate` is a number. */
export interface StepNames { readonly weight: string; readonly next: string; readonly gradient: string; readonly rate: string }

type Step = (n: StepNames, convention: Convention) => Explained;

const explained = (formula: string, explanation: string): Explained => ({ formula, explanation });

/** Keras adds epsilon before the correction of the bias, TensorFlow.js and PyTorch after it. */
const adamText: Step = (n, convention) => explained(
  convention === 'keras'
    ? `${n.next}=${n.weight}-${n.rate}\\,\\frac{\\sqrt{1-\\beta_2^t}}{1-\\beta_1^t}\\,\\frac{m}{\\sqrt{v}+\\varepsilon},\\quad m\\leftarrow\\beta_1 m+(1-\\beta_1)g,\\quad v\\leftarrow\\beta_2 v+(1-\\beta_2)g^{2}`
    : `${n.next}=${n.weight}-${n.rate}\\,\\frac{\\hat m}{\\sqrt{\\hat v}+\\varepsilon},\\quad \\hat m=\\frac{m}{1-\\beta_1^t},\\quad \\hat v=\\frac{v}{1-\\beta_2^t}`,
  `Each value goes against the running mean m of its gradient g = ∂L/∂w, in units of its running size √v: early and late steps are about as long as the learning rate.`);

/** PyTorch adds epsilon to the root, the others below it. */
const rootPlus = (value: string, convention: Convention): string => (convention === 'pytorch' ? `\\sqrt{${value}}+\\varepsilon` : `\\sqrt{${value}+\\varepsilon}`);

export const optimizers: Readonly<Record<string, Step>> = {
  sgd: (n) => explained(`${n.next}=${n.weight}-${n.rate}\\cdot ${n.gradient}`, 'Each value takes a small step against its gradient: downhill.'),
  momentum: (n, convention) => explained(convention === 'keras'
    ? `${n.next}=${n.weight}+v,\\quad v\\leftarrow\\mu v-${n.rate}\\cdot ${n.gradient}`
    : `${n.next}=${n.weight}-${n.rate}\\cdot v,\\quad v\\leftarrow\\mu v+${n.gradient}`, 'Steps gather speed where gradients keep their direction.'),
  nesterov: (n, convention) => explained(convention === 'keras'
    ? `${n.next}=${n.weight}+\\mu v-${n.rate}\\cdot ${n.gradient},\\quad v\\leftarrow\\mu v-${n.rate}\\cdot ${n.gradient}`
    : `${n.next}=${n.weight}-${n.rate}\\,(${n.gradient}+\\mu v),\\quad v\\leftarrow\\mu v+${n.gradient}`, 'Momentum that looks ahead to where the step will land.'),
  rmsprop: (n, convention) => explained(`${n.next}=${n.weight}-${n.rate}\\,\\frac{${n.gradient}}{${rootPlus('v', convention)}},\\quad v\\leftarrow\\rho v+(1-\\rho)g^{2}`, 'Each gradient g is divided by its own running size, so that all values move at a similar pace.'),
  adagrad: (n, convention) => explained(`${n.next}=${n.weight}-${n.rate}\\,\\frac{${n.gradient}}{${rootPlus('a', convention)}},\\quad a\\leftarrow a+g^{2}`, 'Each gradient g is divided by the root of the sum of all its squares so far: often moved values slow down.'),
  adadelta: (n) => explained(`${n.next}=${n.weight}-${n.rate}\\,\\frac{\\sqrt{u+\\varepsilon}}{\\sqrt{v+\\varepsilon}}\\,${n.gradient}`, 'Steps in units of earlier steps, so that no learning rate has to be chosen.'),
  adam: adamText,
  adamw: (n, convention) => {
    const { formula, explanation } = adamText(n, convention);
    return explained(formula.replace(`=${n.weight}`, () => `=(1-${n.rate}\\,\\lambda)\\,${n.weight}`), `${explanation} Before it, every weight shrinks a little (weight decay).`);
  },
  adamax: (n) => explained(`${n.next}=${n.weight}-\\frac{${n.rate}}{1-\\beta_1^t}\\,\\frac{m}{u+\\varepsilon},\\quad u\\leftarrow\\max(\\beta_2 u,\\,|g|)`, 'Adam with the largest recent gradient in place of the mean of squares.'),
  nadam: (n) => explained(`${n.next}=${n.weight}-${n.rate}\\,\\frac{\\beta_1\\hat m+(1-\\beta_1)\\hat g}{\\sqrt{\\hat v}+\\varepsilon}`, 'Adam with Nesterov momentum, which looks ahead.'),
  lion: (n) => explained(`${n.next}=${n.weight}-${n.rate}\\operatorname{sign}(\\beta_1 m+(1-\\beta_1)g)`, 'Only the sign of the running mean counts: every value moves equally far.'),
  lamb: (n) => explained(`${n.next}=${n.weight}-${n.rate}\\,\\frac{\\lVert ${n.weight}\\rVert}{\\lVert r\\rVert}\\,r,\\quad r=\\frac{\\hat m}{\\sqrt{\\hat v}+\\varepsilon}`, 'Adam\'s step r, made as long as the weight itself times the learning rate, so that every layer moves at the same pace.'),
  adafactor: (n) => explained(`${n.next}=${n.weight}-\\alpha\\,\\frac{u}{\\max(1,\\,\\operatorname{rms}(u)/d)},\\quad u=\\frac{${n.gradient}}{\\sqrt{v}},\\quad v_{ij}=\\frac{r_i\\,c_j}{\\operatorname{mean}(r)}`, 'The running squares of a matrix are kept as one number r a row and one number c a column; steps grow with the weight and are cut where they are too long.'),
  schedulefreeadamw: (n) => explained(`${n.next}=(1-\\beta_1)\\,z+\\beta_1 x,\\quad z\\leftarrow z-${n.rate}\\,\\frac{${n.gradient}}{\\sqrt{\\hat v}+\\varepsilon},\\quad x\\leftarrow(1-\\tfrac1t)\\,\\frac{${n.weight}-(1-\\beta_1)z}{\\beta_1}+\\tfrac1t z`, 'A fast weight z takes Adam\'s steps, x is the mean of all its values, and the weight that is trained stands between the two: no schedule has to be chosen.'),
  muon: (n) => explained(`${n.next}=${n.weight}-${n.rate}\\,U V^{\\mathsf T},\\quad U\\Sigma V^{\\mathsf T}=m,\\quad m\\leftarrow\\mu m+${n.gradient}`, 'The step of a matrix is the orthogonal matrix nearest to its running gradient m, so that all directions move equally; other weights go by Adam.'),
};

const words: Readonly<Record<string, string>> = { sgd: 'SGD', rmsprop: 'RMSProp', adamw: 'AdamW', nadam: 'Nadam', lamb: 'LAMB', schedulefreeadamw: 'schedule-free AdamW' };

/** `Adam`, `SGD`, `SGD with momentum`. */
export function optimizerWords(type: string): string {
  const name = type.toLowerCase();
  if (name === 'momentum') return 'SGD with momentum';
  return words[name] ?? `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** The step of one weight. */
export function explainStep({ type, settings }: Optimizer, names: StepNames, convention: Convention): Explained {
  const name = type === 'sgd' && settings.number('momentum') > 0 ? 'momentum' : type;
  const step = optimizers[name === 'momentum' && settings.flag('nesterov') ? 'nesterov' : name];
  return step === undefined ? explained(`${names.next}=\\operatorname{step}(${names.weight},\\,${names.gradient})`, `One step of ${optimizerWords(type)}.`) : step(names, convention);
}
