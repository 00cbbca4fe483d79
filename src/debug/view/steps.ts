/** Title, formula and tensors of the step under the cursor, one function a depth. */
import type { OpGroup } from '../../engine/trace';
import { callForms } from '../../listing/calls';
import { findLayer } from '../../network/layer-path';
import type { View } from '../place';
import { opCards } from './cards';
import type { WantedCard } from './cards';
import { derivativeOf } from './derivatives';
import { explainOp } from './formulas/index';
import { explainLayer } from './formulas/layers';
import { explainLoss, lossWords } from './formulas/losses';
import { explainStep, optimizerWords } from './formulas/optimizers';
import { Reading } from './formulas/reading';
import type { Explained } from './formulas/reading';
import { gradientWords } from './roles';
import { runSettings } from './settings';
import { listText, plural, texName, texNumber } from './tex';
import type { TraceIndex } from './trace-index';
import { opWords } from './words';

export interface StepView extends Explained { readonly title: string; readonly cards: readonly WantedCard[] }

const shownWeights = 6;

const phaseWords = { forward: 'forward', loss: 'loss', backward: 'backward', update: 'update' } as const;

export function describeStep(view: View, index: TraceIndex): StepView {
  const op = view.trace.ops[view.cursor.op];
  const group = view.trace.groups.find(({ first, last }) => first <= view.cursor.op && view.cursor.op <= last);
  if (op === undefined || group === undefined || view.cursor.depth === 'iteration') return iterationStep(view);
  if (view.cursor.depth === 'op' || view.cursor.depth === 'cell') return opStep(view, index, group);
  return view.cursor.depth === 'layer' ? groupStep(view, index, group) : phaseStep(view, index, group.phase);
}

/** Layer as it is called in titles: its path, with the call's number when it is shared. */
function layerTitle(index: TraceIndex, { layer, call, phase }: { readonly layer: string | null; readonly call: number; readonly phase: keyof typeof phaseWords }): string {
  if (layer === null) return phaseWords[phase];
  return (index.calls.get(layer) ?? 1) > 1 ? `${layer}#${call}` : layer;
}

function opStep(view: View, index: TraceIndex, group: OpGroup): StepView {
  const op = view.trace.ops[view.cursor.op];
  if (op === undefined) return iterationStep(view);
  const { formula, explanation } = explainOp(new Reading(op, index));
  const words = opWords[op.kernel] ?? callForms.get(op.kernel)?.name ?? op.kernel;
  const gradient = op.phase === 'backward' ? gradientWords(index, op) : null;
  const weight = op.weight === null ? '' : ` / ${op.weight}`;
  return {
    title: `${layerTitle(index, group)}${weight} · ${gradient ?? words}`,
    formula, explanation: [explanation, forwardSentence(index, op.forwardOp)].filter((part) => part !== '').join(' '),
    cards: opCards(index, op.index),
  };
}

/** What the op takes part in, when it is one of several that make the gradient of a forward op. */
function forwardSentence(index: TraceIndex, forwardOp: number | null): string {
  const forward = index.trace.ops[forwardOp ?? -1];
  return forward === undefined ? '' : derivativeOf(forward.kernel, index.backwardKernels.get(forward.index) ?? [])?.sentence ?? '';
}

function groupStep(view: View, index: TraceIndex, group: OpGroup): StepView {
  if (group.layer === null) return group.phase === 'backward' ? lossGradientStep(view) : phaseStep(view, index, group.phase);
  if (group.weight !== null) return weightStep(view, group.layer, group.weight);
  const layer = findLayer(view.info.network, group.layer);
  const tensors = index.layerCall(group.layer, group.call);
  const weights = view.trace.weights.filter((entry) => entry.layer === group.layer);
  const inputs = tensors?.inputs ?? [], outputs = tensors?.outputs ?? [];
  const use = (use: 'input' | 'output') => (tensor: number): WantedCard => ({ tensor, use });
  const explained = explainLayer({ index, group, layer });
  const type = layer === undefined ? '' : ` · ${layer.type}`;
  if (group.phase !== 'backward') {
    return { title: `${layerTitle(index, group)}${type}`, ...explained, cards: [...inputs.map(use('input')), ...weights.map(({ before }) => ({ tensor: before, use: 'input' as const })), ...outputs.map(use('output'))] };
  }
  const done = (tensor: number | null | undefined): tensor is number => tensor !== null && tensor !== undefined && (index.tensor(tensor)?.writer ?? Infinity) <= view.last;
  return {
    title: `${layerTitle(index, group)}${type} · gradients`, ...explained,
    cards: [
      ...outputs.map(use('input')), ...(tensors?.outputGradients ?? []).filter(done).map(use('input')),
      ...weights.flatMap(({ before, gradient }): WantedCard[] => (done(gradient) ? [{ tensor: before, use: 'input' }, { tensor: gradient, use: 'output' }] : [])),
      ...inputs.map(use('input')), ...(tensors?.inputGradients ?? []).filter(done).map(use('output')),
    ],
  };
}

/** The learning rate of this iteration as a number. */
const rateText = (view: View): string => texNumber(runSettings(view.info).optimizer?.rate(view.trace.iteration + (view.info.stepsBefore ?? 0)) ?? NaN);

function stepExplained(view: View, names: { readonly weight: string; readonly next: string; readonly gradient: string }): Explained {
  const { optimizer } = runSettings(view.info);
  return optimizer === null ? { formula: `${names.next}\\leftarrow ${names.weight}`, explanation: 'This run trains nothing.' } : explainStep(optimizer, { ...names, rate: rateText(view) }, view.info.convention);
}

function weightStep(view: View, layer: string, weight: string): StepView {
  const entry = view.trace.weights.find((candidate) => candidate.layer === layer && candidate.weight === weight);
  const next = nameOf(view, entry?.after, 'w'), before = nameOf(view, entry?.before, 'w');
  if (entry !== undefined && entry.gradient === null) {
    return {
      title: `${layer} / ${weight} · update`, formula: `${next}\\leftarrow ${before}`, explanation: 'Not trained by gradients: a running statistic of the layer, carried on.',
      cards: [{ tensor: entry.before, use: 'input', title: weight }, { tensor: entry.after, use: 'output' }],
    };
  }
  const { optimizer } = runSettings(view.info);
  return {
    title: `${layer} / ${weight} · ${optimizer === null ? 'update' : `${optimizerWords(optimizer.type)} step`}`,
    ...stepExplained(view, { weight: before, next, gradient: nameOf(view, entry?.gradient, 'g') }),
    cards: entry === undefined ? [] : [
      { tensor: entry.before, use: 'input' }, ...(entry.gradient === null ? [] : [{ tensor: entry.gradient, use: 'input' as const }]),
      ...Object.values(entry.slots).flatMap(({ before: slot, after }): WantedCard[] => [{ tensor: slot, use: 'input' }, { tensor: after, use: 'output' }]),
      { tensor: entry.after, use: 'output' },
    ],
  };
}

/** A tensor's variable in TeX. */
function nameOf(view: View, id: number | null | undefined, otherwise: string): string {
  const found = id === null || id === undefined ? undefined : view.listing.names.get(id);
  return found === undefined ? otherwise : texName(found);
}

const batchText = (view: View): string => plural(view.trace.batch.size, 'example');
const values = (record: Readonly<Record<string, number>>): number[] => Object.values(record);

function lossExplained(view: View): Explained {
  const losses = Object.entries(runSettings(view.info).losses);
  const loss = nameOf(view, view.trace.lossTensor, 'L');
  const [only] = losses;
  if (only !== undefined && losses.length === 1) return explainLoss(only[1], view.trace.batch.size, { loss, prediction: nameOf(view, values(view.trace.predictions)[0], 'p'), label: nameOf(view, values(view.trace.labels)[0], 'y') });
  return {
    formula: `${loss}=${losses.map(([output, { weight }]) => `${weight === 1 ? '' : `${texNumber(weight)}\\,`}L_{${texName(output)}}`).join('+') || 'L(y,\\,p)'}`,
    explanation: losses.length > 1 ? `The sum of ${plural(losses.length, 'loss', 'losses')}: ${listText(losses.map(([output, { name }]) => `${lossWords(name)} of ${output}`))}.` : 'One number that says how wrong the predictions are.',
  };
}

function lossCards(view: View): WantedCard[] {
  return [
    ...values(view.trace.predictions).map((tensor) => ({ tensor, use: 'input' as const, title: 'predictions' })),
    ...values(view.trace.labels).map((tensor) => ({ tensor, use: 'input' as const, title: 'labels' })),
    { tensor: view.trace.lossTensor, use: 'output', title: 'loss' },
  ];
}

function lossGradientStep(view: View): StepView {
  const gradients = [...view.trace.tensors.values()].filter(({ gradientOf, writer }) => gradientOf !== null && !gradientOf.partial && writer >= 0 && writer <= view.last && view.trace.ops[writer]?.layer === null);
  return {
    title: 'loss · gradient of the predictions', formula: '\\frac{\\partial L}{\\partial p}', explanation: `How the loss of ${batchText(view)} would change with each prediction: here the backward pass starts.`,
    cards: [...lossCards(view).slice(0, -1), ...gradients.slice(-2).map(({ id }) => ({ tensor: id, use: 'output' as const }))],
  };
}

function phaseStep(view: View, index: TraceIndex, phase: OpGroup['phase']): StepView {
  const { trace } = view;
  const trained = trace.weights.filter(({ gradient }) => gradient !== null);
  switch (phase) {
    case 'forward': return {
      title: 'forward · the whole network', formula: 'p=f(x;\\,\\theta)', explanation: `${batchText(view)} through ${plural(index.calls.size, 'layer')}, with the weights θ as they are.`,
      cards: [...Object.values(trace.inputs).map(({ value }) => ({ tensor: value, use: 'input' as const })), ...values(trace.predictions).map((tensor) => ({ tensor, use: 'output' as const, title: 'predictions' }))],
    };
    case 'loss': return { title: `loss · ${listText(Object.values(runSettings(view.info).losses).map(({ name }) => lossWords(name))) || 'one number'}`, ...lossExplained(view), cards: lossCards(view) };
    case 'backward': return {
      title: 'backward · all gradients', formula: '\\nabla_{\\theta}L=\\frac{\\partial L}{\\partial p}\\,\\frac{\\partial p}{\\partial\\theta}',
      explanation: `From the loss back to the input, layer by layer: the gradient of ${plural(trained.length, 'weight tensor')} by the chain rule.`,
      cards: trained.slice(0, shownWeights).flatMap(({ layer, weight, before, gradient }): WantedCard[] => [{ tensor: before, use: 'input', title: `${layer} ${weight}` }, ...(gradient === null ? [] : [{ tensor: gradient, use: 'output' as const, title: `∂L/∂ ${layer} ${weight}` }])]),
    };
    case 'update': {
      const { optimizer } = runSettings(view.info);
      return {
        title: `update · ${optimizer === null ? 'all weights' : optimizerWords(optimizer.type)}`,
        ...stepExplained(view, { weight: 'w', next: 'w_{\\text{new}}', gradient: '\\frac{\\partial L}{\\partial w}' }),
        cards: trained.slice(0, shownWeights).flatMap(({ layer, weight, before, after }): WantedCard[] => [{ tensor: before, use: 'input', title: `${layer} ${weight}` }, { tensor: after, use: 'output', title: `${layer} ${weight}, new` }]),
      };
    }
  }
}

function iterationStep(view: View): StepView {
  const { trace } = view;
  return {
    title: `iteration ${trace.iteration + 1} · one step of training`, formula: '\\theta\\leftarrow\\operatorname{step}\\bigl(\\theta,\\,\\nabla_{\\theta}L\\bigr)',
    explanation: `${batchText(view)} forward, their loss, its gradient backward, and one update of every weight.`,
    cards: [...Object.values(trace.inputs).map(({ value }) => ({ tensor: value, use: 'input' as const })), ...lossCards(view)],
  };
}
