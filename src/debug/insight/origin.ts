/** Where the value of an element comes from and where it goes; and, asked for by itself, its gradient by the network's inputs. */
import type { Run } from '../../engine/run';
import { findLayer } from '../../network/layer-path';
import type { ElementView, InfluencePart, InfluenceView, OriginRequest, OriginView } from '../../protocol/insight';
import { Failure } from '../../tensor/failure';
import { pictureOf } from '../../tensor/picture';
import { placeAt } from '../../tensor/slice';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import type { View } from '../place';
import { contributionsOf } from './contributions';
import { downstreamOf } from './downstream';
import { elementAt } from './elements';
import { exampleOf, fieldsAt, layoutOf, maxElements, outsideForward } from './fields';
import { madeOf } from './made-of';
import type { Asking } from './questions';

export function originView(view: View, { tensor, index }: OriginRequest): OriginView {
  const { trace } = view, element = elementAt(view, tensor, index);
  const { parts, words, notes, problem } = fieldsAt(view, element);
  const contributions = attempt(() => contributionsOf(view, element));
  const op = trace.ops[trace.tensors.get(tensor)?.writer ?? -1];
  const late = op?.phase === 'backward' || op?.phase === 'update';
  const { downstream, more } = late ? { downstream: [], more: 0 } : downstreamOf(view, element);
  return {
    element, layer: op?.layer ?? null, fields: parts, fieldWords: words, fieldNotes: notes, fieldProblem: problem,
    gradientProblem: problem ?? (sourcesOf(view, element).length > 0 ? null : 'The input holds whole numbers and goes through no embedding, so there is no gradient by it.'),
    contributions: 'answer' in contributions ? contributions.answer : null, contributionsProblem: 'problem' in contributions ? contributions.problem : null,
    downstream, moreDownstream: more,
    downstreamProblem: downstream.length > 0 ? null : late ? 'The forward pass lies behind: what is made of this value feeds the update of the weights alone.' : 'Nothing in the forward pass and the loss reads this element.',
  };
}

function attempt<T>(work: () => T): { readonly answer: T } | { readonly problem: string } {
  try {
    return { answer: work() };
  } catch (error) {
    if (error instanceof Failure) return { problem: error.message };
    throw error;
  }
}

interface Source { readonly name: string; readonly tensor: number }

/** The inputs that have a gradient; where they are tokens, what their embeddings made of them. */
function sourcesOf(view: View, { tensor, index }: ElementView): Source[] {
  const { trace, info } = view, from = madeOf(view, tensor, index, { masks: false }).boxes;
  const inputs = Object.entries(trace.inputs).flatMap(([name, { value }]) => (from.has(value) && trace.tensors.get(value)?.dtype === 'float32' ? [{ name, tensor: value }] : []));
  if (inputs.length > 0) return inputs;
  return trace.layers.flatMap(({ layer, outputs: [output] }) => (output !== undefined && from.has(output) && findLayer(info.network, layer)?.type === 'Embedding' ? [{ name: `${layer}, the embedding of the tokens`, tensor: output }] : []));
}

/** @throws Failure `insight.gradient` for an element that no pass from the input made, `gradient.…` where an op has none */
export async function influenceView(run: Run, view: View, { tensor, index }: OriginRequest, { signal }: Asking): Promise<InfluenceView> {
  const { trace } = view, element = elementAt(view, tensor, index), problem = outsideForward(view, tensor);
  if (problem !== null) throw new Failure('insight.gradient', problem);
  const sources = sourcesOf(view, element);
  const gradients = await run.gradientsOf(trace, { tensor, element: placeAt(trace.tensors.get(tensor)?.shape ?? [], index) }, sources.map(({ tensor: id }) => id), { signal });
  const example = exampleOf(view, element, madeOf(view, tensor, index, { masks: false }).boxes);
  return { parts: sources.flatMap((source, i) => { const gradient = gradients[i]; return gradient === null || gradient === undefined ? [] : [partOf(view, source, gradient, example)]; }) };
}

/** The example of the element; for one made of all examples, the example that matters most. */
function partOf(view: View, { name, tensor }: Source, gradient: TensorValue, wanted: number | null): InfluencePart {
  const each = sizeOf(gradient.shape.slice(1)), examples = gradient.shape[0] ?? 1;
  const squares = Array.from({ length: examples }, (_, n) => { let sum = 0; for (let i = n * each; i < (n + 1) * each; i += 1) sum += Number(gradient.data[i]) ** 2; return sum; });
  const all = squares.reduce((a, b) => a + b, 0);
  const example = wanted ?? squares.indexOf(squares.reduce((a, b) => Math.max(a, b), -Infinity));
  const own: TensorValue = { dtype: 'float32', shape: [1, ...gradient.shape.slice(1)], data: gradient.data.slice(Math.max(0, example) * each, (Math.max(0, example) + 1) * each) };
  return { input: name, tensor, example: Math.max(0, example), picture: pictureOf(own, { name, use: layoutOf(view, tensor), maxElements }), share: all === 0 ? 1 : (squares[Math.max(0, example)] ?? 0) / all };
}
