/** What made a value: back over activations, biases and copies to the sum, its largest terms, and its sums by channel of the input. */
import { numbersOf } from '../../engine/cells/attributes';
import { arithmeticOf, hasCells } from '../../engine/cells/cells';
import type { Arithmetic, Factor, Term } from '../../engine/cells/arithmetic';
import type { ContributionsView, ContributionTerm, ElementView } from '../../protocol/insight';
import { indexAt, placeAt } from '../../tensor/slice';
import { Failure } from '../../tensor/failure';
import type { Op } from '../../engine/trace';
import type { View } from '../place';
import { positionsOf } from './positions';
import { elementView, readerOf } from './elements';
import { channelAxisOf } from './fields';

const listed = 12, listedChannels = 64;
/** How far back a value is followed over ops of one term. */
const farthest = 24;

/** @throws Failure `insight.…` or `cell.…` with the sentence why there are none */
export function contributionsOf(view: View, element: ElementView): ContributionsView {
  const { trace } = view, read = readerOf(view);
  const via: { element: ElementView; text: string }[] = [];
  let { tensor, index } = element;
  for (let step = 0; ; step += 1) {
    const op = trace.ops[trace.tensors.get(tensor)?.writer ?? -1];
    if (op === undefined) throw new Failure('insight.source', sourceSentence(view, tensor, via.length > 0));
    if (!hasCells(op)) throw new Failure('insight.kernel', `${op.kernel} cannot be taken apart into terms.`);
    const arithmetic = arithmeticOf(op, index, read, Math.max(0, op.outputs.indexOf(tensor)));
    const back = step < farthest ? onlySource(view, arithmetic) : null;
    if (back === null) return viewOf(view, arithmetic, op, via, positionsOf(view, op, arithmetic, read));
    via.push({ element: elementView(view, tensor, index, arithmetic.shown), text: textOf(view, op.kernel, arithmetic) });
    ({ tensor, index } = back);
  }
}

function sourceSentence({ trace }: View, tensor: number, followed: boolean): string {
  const role = trace.tensors.get(tensor)?.role.kind;
  const what = role === 'input' || role === 'label' ? 'the data: nothing was summed to make it' : role === 'weight' ? 'a weight as the iteration found it' : role === 'state' ? 'state of the optimizer as the iteration found it' : 'a constant';
  return `${followed ? 'Step by step it is a copy or function of one element, which' : 'This'} is ${what}.`;
}

const isParameter = ({ trace }: View, { tensor }: Factor): boolean => { const kind = trace.tensors.get(tensor)?.role.kind; return kind === 'weight' || kind === 'constant' || kind === 'state'; };

/** The one element, not a weight, that an op of a single term read and that an op made; null for sums, and where a choice would have to be made. */
function onlySource(view: View, { terms }: Arithmetic): Factor | null {
  const [term, ...others] = terms;
  if (term === undefined || others.length > 0) return null;
  const [only, ...more] = term.factors.filter((factor) => !isParameter(view, factor));
  return only === undefined || more.length > 0 || (view.trace.tensors.get(only.tensor)?.writer ?? -1) < 0 ? null : only;
}

function textOf(view: View, kernel: string, { terms }: Arithmetic): string {
  const [term] = terms;
  const parameter = term?.factors.find((factor) => isParameter(view, factor) && view.trace.tensors.get(factor.tensor)?.role.kind === 'weight');
  const name = parameter === undefined ? '' : `${view.listing.names.get(parameter.tensor) ?? 'weight'}[${parameter.index.join(', ')}]`;
  return parameter === undefined ? term?.text ?? kernel.replace(/^_/, '') : `${term?.text ?? kernel}, with ${name} = ${Number(parameter.value.toPrecision(4))}`;
}

const named = (view: View, { tensor, index, value }: Factor): ElementView => elementView(view, tensor, index, value);

function viewOf(view: View, arithmetic: Arithmetic, { kernel, layer }: Op, via: ContributionsView['via'], positions: ContributionsView['positions']): ContributionsView {
  const { terms, combine, total, finish, output, index, shown } = arithmetic;
  const made = terms.map((term) => splitTerm(view, term, layer));
  const order = made.map((_, i) => i).sort((a, b) => size(terms[b]) - size(terms[a]) || a - b).slice(0, listed);
  return {
    via, of: elementView(view, output, index, shown), kernel, combine, count: terms.length, total, finish: finish.map(({ text }) => text),
    positive: terms.reduce((sum, { value }) => (value > 0 ? sum + value : sum), 0), negative: terms.reduce((sum, { value }) => (value < 0 ? sum + value : sum), 0),
    top: order.flatMap((i): ContributionTerm[] => {
      const [term, split] = [terms[i], made[i]];
      return term === undefined || split === undefined ? [] : [{ input: split.input === null ? null : named(view, split.input), weight: split.weight === null ? null : named(view, split.weight), text: term.text ?? null, value: term.value }];
    }),
    channels: combine === 'sum' ? channelsOf(view, made, terms) : null, positions: combine === 'sum' ? positions : null,
  };
}

/** What is not a number comes first: it decides the sum. */
const size = (term: Term | undefined): number => (term === undefined ? 0 : Number.isNaN(term.value) ? Infinity : Math.abs(term.value));

interface Split { readonly input: Factor | null; readonly weight: Factor | null }

/** The same element before its layer turned it round for a kernel: of the layer's input or weight, as the file has it. */
function unturned({ trace }: View, factor: Factor, layer: string | null): Factor {
  let at = factor;
  for (;;) {
    const op = trace.ops[trace.tensors.get(at.tensor)?.writer ?? -1], source = op?.inputs.x;
    if (op?.kernel !== 'Transpose' || op.layer !== layer || source === undefined) return at;
    const index = at.index.map(() => 0);
    for (const [place, axis] of numbersOf(op, 'perm', index.length, 0).entries()) index[axis] = at.index[place] ?? 0;
    at = { tensor: source, index, value: at.value };
  }
}

function splitTerm(view: View, term: Term, layer: string | null): Split {
  const factors = term.factors.map((factor) => unturned(view, factor, layer));
  const weight = factors.find((factor) => view.trace.tensors.get(factor.tensor)?.role.kind === 'weight') ?? null;
  const input = factors.find((factor) => factor !== weight) ?? null;
  return { input, weight: weight ?? factors.find((factor) => factor !== input) ?? null };
}

/** Sums by the channels of what the terms read; a flattened input has the channels of what was flattened. */
function channelsOf(view: View, splits: readonly Split[], terms: readonly Term[]): ContributionsView['channels'] {
  const [first] = splits;
  if (first?.input === null || first === undefined || splits.some(({ input }) => input?.tensor !== first.input?.tensor)) return null;
  const { trace } = view, tensor = first.input.tensor, shape = trace.tensors.get(tensor)?.shape ?? [];
  const writer = trace.ops[trace.tensors.get(tensor)?.writer ?? -1];
  const source = shape.length === 2 && writer?.kernel === 'Reshape' ? writer.inputs['x'] ?? null : null;
  const unflat = source === null ? null : trace.tensors.get(source)?.shape ?? null;
  const real = unflat !== null && unflat.length >= 3 ? unflat : shape;
  const axis = channelAxisOf(view, real === shape ? tensor : source ?? tensor), channels = real[axis] ?? 1;
  if (real.length < 3 || channels < 2) return null;
  const sums = new Map<number, number>();
  splits.forEach(({ input }, i) => {
    if (input === null) return;
    const index = real === shape ? input.index : indexAt(real, placeAt(shape, input.index));
    const channel = index[axis] ?? 0;
    sums.set(channel, (sums.get(channel) ?? 0) + (terms[i]?.value ?? 0));
  });
  if (sums.size < 2) return null;
  const sorted = [...sums].map(([channel, value]) => ({ channel, value })).sort((a, b) => a.channel - b.channel);
  const kept = sorted.length <= listedChannels ? sorted : [...sorted].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, listedChannels).sort((a, b) => a.channel - b.channel);
  return { input: view.listing.names.get(real === shape ? tensor : source ?? tensor) ?? 'input', sums: kept, all: sorted.length };
}
