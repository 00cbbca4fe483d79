/** The graph of a network with what its layers gave for an input, and the parts of a layer that can be looked at. */
import type { GraphView, NodeView } from '../../protocol/graph';
import { weightExpression } from './inspector';
import type { LookOf } from './look';
import type { LayerOutputReply } from './reply';

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** Nodes say mean, largest value and share of zeros of their output in place of their settings. */
export function liveGraph(graph: GraphView, outputs: readonly LayerOutputReply[]): GraphView {
  const byLayer = new Map(outputs.map((output) => [output.layer.join('/'), output]));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => {
      const output = byLayer.get(node.id);
      if (output === undefined) return node;
      const { mean, max, zeros, nan, count } = output.statistics;
      const zero = Math.round((100 * zeros) / Math.max(1, count));
      const words = [`mean ${short(mean)}`, `max ${short(max)}`, ...(zero > 0 ? [`${zero} % zeros`] : []), ...(nan > 0 ? [`${nan} NaN`] : [])];
      return { ...node, detail: words.join(' · ') };
    }),
  };
}

/** Names of the models around a layer and its own, outermost first. */
export function namesOf(graph: GraphView, id: string): readonly string[] {
  const node = graph.nodes.find((candidate) => candidate.id === id);
  if (node === undefined) return [id];
  return node.parent === null ? [id] : [...namesOf(graph, node.parent), id.slice(node.parent.length + 1)];
}

/** What of a layer can be shown: its outputs where they were computed, and its weights, each with its expression. */
export function partsOf(debuggerType: string, model: string, graph: GraphView, node: NodeView, input: string | null, outputs: readonly LayerOutputReply[]): readonly { readonly expression: string; readonly of: LookOf }[] {
  const layer = namesOf(graph, node.id);
  const own = input === null ? [] : outputs.filter((output) => output.layer.join('/') === layer.join('/'));
  return [
    ...own.map(({ call, output }) => {
      const which = own.length === 1 ? '' : ` (call ${call + 1}, output ${output + 1})`;
      return { expression: model, of: { title: `output of ${node.name}${which}`, use: 'activation' as const, output: { input: input ?? '', layer, call, output } } };
    }),
    ...node.weights.map(({ name }, index) => ({ expression: weightExpression(debuggerType, model, layer, index), of: { title: `${node.name} / ${name}`, use: 'weight' as const, output: undefined } })),
  ];
}
