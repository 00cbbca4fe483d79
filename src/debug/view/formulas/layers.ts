/** What a whole layer computes, forwards and backwards; a layer of one op is explained by that op. */
import type { LayerTensors, Op, OpGroup } from '../../../engine/trace';
import type { Layer } from '../../../network/network';
import { derivativeOf } from '../derivatives';
import { plural, texName } from '../tex';
import type { TraceIndex } from '../trace-index';
import { explainOp } from './index';
import { Reading } from './reading';
import type { Explained } from './reading';

export interface LayerReading {
  readonly index: TraceIndex;
  readonly group: OpGroup;
  readonly layer: Layer | undefined;
}

const activations: Readonly<Record<string, string>> = {
  relu: '\\operatorname{relu}', relu6: '\\operatorname{relu6}', tanh: '\\tanh', sigmoid: '\\sigma', softmax: '\\operatorname{softmax}', elu: '\\operatorname{elu}', selu: '\\operatorname{selu}',
  gelu: '\\operatorname{gelu}', softplus: '\\operatorname{softplus}', swish: '\\operatorname{silu}', silu: '\\operatorname{silu}', exponential: '\\exp', leaky_relu: '\\operatorname{leaky\\,relu}', hard_sigmoid: '\\operatorname{hard\\,\\sigma}',
};

/** Layers of several ops that a formula says better than their last op; `x`, `y` are the layer's input and output. */
const wholeLayers: Readonly<Record<string, { readonly right: string; readonly words: string }>> = {
  BatchNormalization: { right: '\\gamma\\,\\frac{x-\\mu}{\\sqrt{\\sigma^{2}+\\varepsilon}}+\\beta', words: 'Each channel is shifted to mean 0 and scaled to deviation 1 over the batch, then scaled by γ and shifted by β.' },
  LayerNormalization: { right: '\\gamma\\,\\frac{x-\\mu}{\\sqrt{\\sigma^{2}+\\varepsilon}}+\\beta', words: 'Each example is shifted to mean 0 and scaled to deviation 1 over its features, then scaled by γ and shifted by β.' },
  GroupNormalization: { right: '\\gamma\\,\\frac{x-\\mu}{\\sqrt{\\sigma^{2}+\\varepsilon}}+\\beta', words: 'Each group of channels of an example is shifted to mean 0 and scaled to deviation 1, then scaled by γ and shifted by β.' },
  UnitNormalization: { right: '\\frac{x}{\\lVert x\\rVert}', words: 'Each vector is scaled to length 1.' },
  Dropout: { right: '\\frac{x\\cdot\\text{mask}}{1-\\text{rate}}', words: 'A random part of the values is set to 0, the rest scaled up, so that no unit can rely on another.' },
  Embedding: { right: 'W[x]', words: 'Every index picks its row of the table.' },
  SimpleRNN: { right: '\\tanh(x_t W+h_{t-1}U+b)', words: 'The state h is carried from step to step, mixed with the input of the step.' },
  LSTM: { right: 'o_t\\odot\\tanh c_t,\\quad c_t=f_t\\odot c_{t-1}+i_t\\odot\\tilde c_t', words: 'Gates i, f and o decide at each step what the cell takes in, keeps and shows.' },
  GRU: { right: 'z_t\\odot h_{t-1}+(1-z_t)\\odot\\tilde h_t', words: 'The update gate z decides at each step how much of the old state stays.' },
  MultiHeadAttention: { right: '\\operatorname{softmax}\\Bigl(\\frac{QK^{\\mathsf T}}{\\sqrt{d}}\\Bigr)V', words: 'Each position looks at all others, weighted by how well its query fits their keys, in several heads at once.' },
  Attention: { right: '\\operatorname{softmax}(QK^{\\mathsf T})V', words: 'Each position looks at all others, weighted by how well its query fits their keys.' },
};

const products = new Set(['Conv2D', 'Conv3D', 'DepthwiseConv2dNative', 'BatchMatMul', '_FusedMatMul', 'FusedConv2D', 'FusedDepthwiseConv2D']);

const letters = (formula: string, values: Readonly<Record<string, string>>): string =>
  formula.replace(/\\[A-Za-z]+|(?<![A-Za-z])[xW](?![A-Za-z_])/g, (found) => values[found] ?? found);

export function explainLayer(reading: LayerReading): Explained {
  const { group, index } = reading;
  const tensors = index.layerCall(group.layer, group.call);
  if (tensors === undefined) return explainLast(reading);
  return group.phase === 'backward' ? backward(reading, tensors) : forward(reading, tensors);
}

const opsOf = ({ group, index }: LayerReading): readonly Op[] => index.trace.ops.slice(group.first, group.last + 1);

function explainLast(reading: LayerReading): Explained {
  const op = reading.index.trace.ops[reading.group.last];
  return op === undefined ? { formula: '', explanation: '' } : explainOp(new Reading(op, reading.index));
}

function nameOf({ index }: LayerReading, id: number | null | undefined): string | null {
  const name = id === null || id === undefined ? undefined : index.names.get(id);
  return name === undefined ? null : texName(name);
}

function forward(reading: LayerReading, tensors: LayerTensors): Explained {
  const { index, layer } = reading;
  const x = nameOf(reading, tensors.inputs[0]) ?? 'x', y = nameOf(reading, tensors.outputs[0]) ?? 'y';
  const whole = wholeLayers[layer?.type ?? ''];
  if (whole !== undefined) {
    const table = index.trace.weights.find((entry) => entry.layer === tensors.layer);
    return { formula: `${y}=${letters(whole.right, { x, W: nameOf(reading, table?.before) ?? 'W' })}`, explanation: whole.words };
  }
  const ops = opsOf(reading);
  const main = ops.filter((op) => products.has(op.kernel));
  const [only] = main;
  if (only === undefined || main.length > 1) return explainOutput(reading, tensors);
  const product = new Reading(only, index);
  const { formula, explanation } = explainOp(product);
  const split = formula.indexOf('=');
  const biases = index.trace.weights.filter((entry) => entry.layer === tensors.layer && entry.weight.endsWith('bias')).map((entry) => `+${nameOf(reading, entry.before) ?? 'b'}[k]`).join('');
  const activation = typeof layer?.config.activation === 'string' ? layer.config.activation : 'linear';
  const inner = `${formula.slice(split + 1)}${biases}`;
  const known = activations[activation] ?? `\\operatorname{${activation.replace(/[^A-Za-z]/g, '')}}`;
  return {
    formula: `${formula.slice(0, split).replace(product.out, () => y)}=${activation === 'linear' ? inner : `${known}\\Bigl(${inner}\\Bigr)`}`,
    // Before the remark on what lies outside the input.
    explanation: explanation.replace(/(?=;|\.$)/, () => `${biases === '' ? '' : ', plus a bias'}${activation === 'linear' ? '' : `, through ${activation.replaceAll('_', ' ')}`}`),
  };
}

/** Ops that only hand values on. */
const movers = new Set(['Cast', 'Identity', 'Reshape', 'ExpandDims']);

/** The op that makes the layer's output, past those that only hand it on. */
function outputOp(reading: LayerReading, tensors: LayerTensors): Op | undefined {
  const writerOf = (tensor: number | undefined): Op | undefined => {
    const writer = reading.index.trace.ops[reading.index.tensor(tensor)?.writer ?? -1];
    return writer?.layer === tensors.layer && writer.call === tensors.call ? writer : undefined;
  };
  let op = writerOf(tensors.outputs[0]);
  while (op !== undefined && movers.has(op.kernel)) {
    const before = writerOf(Object.values(op.inputs)[0]);
    if (before === undefined) break;
    op = before;
  }
  return op;
}

/** The formula of the op that makes the layer's output. */
function explainOutput(reading: LayerReading, tensors: LayerTensors): Explained {
  const op = outputOp(reading, tensors);
  if (op === undefined) return explainLast(reading);
  const of = new Reading(op, reading.index), y = nameOf(reading, tensors.outputs[0]);
  const { formula, explanation } = explainOp(of);
  return { formula: y !== null && formula.startsWith(of.out) ? `${y}${formula.slice(of.out.length)}` : formula, explanation };
}

function backward(reading: LayerReading, tensors: LayerTensors): Explained {
  const { index, layer } = reading;
  const ops = opsOf(reading);
  const d = (id: number | null | undefined, otherwise: string): string => nameOf(reading, id) ?? otherwise;
  const z = [...index.trace.tensors.values()].find(({ gradientOf }) => gradientOf !== null && !gradientOf.partial && index.preActivations.get(gradientOf.tensor) === tensors);
  const dz = d(z?.id ?? tensors.outputGradients[0], '\\frac{\\partial L}{\\partial z}');
  const weights = index.trace.weights.filter((entry) => entry.layer === tensors.layer && entry.gradient !== null);
  const kernel = weights.find((entry) => /(kernel|weight)$/.test(entry.weight)), bias = weights.find((entry) => entry.weight.endsWith('bias'));
  const x = d(tensors.inputs[0], 'x');
  const convolution = ops.some((op) => op.kernel.includes('BackpropFilter'));
  if (kernel !== undefined && weights.length <= 2 && (convolution || layer?.type === 'Dense')) {
    const times = convolution ? '\\star ' : '', transposed = convolution ? x : `${x}^{\\mathsf T}`;
    const parts = [`${d(kernel.gradient, 'dW')}=${transposed}${times === '' ? '\\,' : times}${dz}`];
    if (bias !== undefined) parts.push(`${d(bias.gradient, 'db')}=\\sum ${dz}`);
    if (tensors.inputGradients[0] != null) parts.push(`${d(tensors.inputGradients[0], 'dx')}=${dz}${convolution ? `*${d(kernel.before, 'W')}` : `\\,${d(kernel.before, 'W')}^{\\mathsf T}`}`);
    const examples = index.trace.batch.size;
    return { formula: parts.join(',\\quad '), explanation: `The gradient of the output becomes the gradient of ${weights.map((entry) => `the ${entry.weight}`).join(' and ')}, summed over ${plural(examples, 'example')}${parts.length > 2 || (bias === undefined && parts.length > 1) ? ', and of the input, for the layer below' : ''}.` };
  }
  const working = ops.filter((op) => !movers.has(op.kernel));
  const output = outputOp(reading, tensors);
  const forwardOps = new Set(ops.map((op) => op.forwardOp));
  const rule = output === undefined || !forwardOps.has(output.index) || forwardOps.size > 2 ? null : derivativeOf(output.kernel, index.backwardKernels.get(output.index) ?? []);
  const [only] = working;
  if (only !== undefined && working.length === 1 && (weights.length === 0 || index.weights.get(only.outputs[0] ?? -1)?.moment === 'gradient')) return explainOp(new Reading(only, index));
  if (rule !== null) return { formula: rule.formula, explanation: rule.sentence.replace(/^Part of the/, 'The') };
  if (working.length === 0 && ops[0] !== undefined) return explainOp(new Reading(ops.at(-1) ?? ops[0], index));
  if (tensors.inputGradients.every((gradient) => gradient === null) && weights[0] !== undefined) {
    const { weight, before, gradient } = weights[0];
    return {
      formula: layer?.type === 'Embedding' ? `${d(gradient, 'dW')}[k]=\\sum_{n:\\,${x}[n]=k}${d(tensors.outputGradients[0], 'dy')}[n]` : `${d(gradient, 'dW')}=${d(tensors.outputGradients[0], '\\frac{\\partial L}{\\partial y}')}\\,\\frac{\\partial y}{\\partial ${d(before, 'W')}}`,
      explanation: layer?.type === 'Embedding' ? 'Each row of the table collects the gradients of the places that picked it.' : `The gradient of the output becomes the gradient of the ${weight}${weights.length > 1 ? ` and ${plural(weights.length - 1, 'more weight')}` : ''}; the input needs none.`,
    };
  }
  return {
    formula: `${d(tensors.inputGradients[0], '\\frac{\\partial L}{\\partial x}')}=${d(tensors.outputGradients[0], '\\frac{\\partial L}{\\partial y}')}\\,\\frac{\\partial y}{\\partial x}`,
    explanation: `The chain rule: the gradient of the output times the derivative of the layer${weights.length > 0 ? `, and the gradients of ${plural(weights.length, 'weight')}` : ''}.`,
  };
}
