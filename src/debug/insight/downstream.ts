/** The elements of later tensors that an element feeds: its box carried from op to op through the rest of the forward pass and the loss. */
import { hull, reachOf, sizeOfBox } from '../../engine/cells/reach';
import type { Box } from '../../engine/cells/reach';
import type { Op, Trace } from '../../engine/trace';
import type { DownstreamView, ElementView } from '../../protocol/insight';
import type { View } from '../place';

const listed = 14;

/** Boxes of all tensors that depend on the element, by tensor, in the order in which they are made. */
export function fedBy(trace: Trace, { tensor, index }: Pick<ElementView, 'tensor' | 'index'>): Map<number, Box> {
  const boxes = new Map<number, Box>([[tensor, index.map((at) => [at, at])]]);
  const shapeOf = (id: number): readonly number[] => trace.tensors.get(id)?.shape ?? [];
  for (const op of trace.ops) {
    if (op.phase !== 'forward' && op.phase !== 'loss') break;
    const fed = Object.entries(op.inputs).flatMap(([name, input]) => { const box = boxes.get(input); return box === undefined ? [] : [{ name, box }]; });
    if (fed.length === 0) continue;
    op.outputs.forEach((output, which) => {
      if (output === tensor) return;
      for (const { name, box } of fed) {
        const reached = reachOf(op, name, box, shapeOf, which);
        const known = boxes.get(output);
        if (reached !== null) boxes.set(output, known === undefined ? reached : hull(known, reached));
      }
    });
  }
  boxes.delete(tensor);
  return boxes;
}

/** First what reads the element itself, then the outputs of the layers behind, then the loss. */
export function downstreamOf({ trace, listing }: View, element: ElementView): { readonly downstream: readonly DownstreamView[]; readonly more: number } {
  const boxes = fedBy(trace, element);
  const layerOutputs = new Set(trace.layers.flatMap(({ outputs }) => outputs));
  const reads = (op: Op): boolean => Object.values(op.inputs).includes(element.tensor);
  const found = [...boxes].flatMap(([tensor, box]): DownstreamView[] => {
    const op = trace.ops[trace.tensors.get(tensor)?.writer ?? -1], shape = trace.tensors.get(tensor)?.shape ?? [];
    const name = listing.names.get(tensor);
    if (op === undefined || name === undefined || !(reads(op) || layerOutputs.has(tensor) || tensor === trace.lossTensor)) return [];
    return [{ op: op.index, tensor, name, kernel: op.kernel, layer: op.layer, shape: [...shape], first: box.map(([first]) => first), last: box.map(([, last]) => last), count: sizeOfBox(box), direct: reads(op) }];
  }).sort((a, b) => Number(b.direct) - Number(a.direct) || a.op - b.op);
  return { downstream: found.slice(0, listed), more: Math.max(0, found.length - listed) };
}
