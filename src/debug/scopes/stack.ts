/** The call stack at a stop: element, op, layer, phase, iteration, innermost first, each with its line in the listing. */
import { cellName } from '../cells';
import { depths, lineOf } from '../cursor';
import type { Depth } from '../cursor';
import type { View } from '../place';

export interface Frame { readonly depth: Depth; readonly name: string; readonly line: number; readonly column: number }

/** Path of a layer with the number of its call where it has several. */
export function layerName({ trace }: View, layer: string, call: number): string {
  return trace.layers.filter((other) => other.layer === layer).length > 1 ? `${layer}#${call}` : layer;
}

const names: Readonly<Record<Depth, (view: View) => string>> = {
  iteration: ({ trace }) => `iteration ${trace.iteration + 1}`,
  phase: ({ trace, cursor }) => trace.ops[cursor.op]?.phase ?? 'forward',
  layer: (view) => {
    const group = view.trace.groups[view.steps.numberAt('layer', view.cursor.op)];
    if (group === undefined || group.layer === null) return group?.phase ?? 'layer';
    const name = layerName(view, group.layer, group.call);
    return group.weight === null ? name : `${name} ${group.weight}`;
  },
  op: ({ trace, cursor }) => trace.ops[cursor.op]?.kernel ?? 'op',
  cell: (view) => cellName(view) ?? 'element',
};

/** Lines are 1-based, columns too: the first sign of the line's text. */
export function framesOf(view: View): readonly Frame[] {
  const lines = view.listing.text.split('\n');
  return depths.slice(0, depths.indexOf(view.cursor.depth) + 1).reverse().map((depth) => {
    const line = lineOf({ ...view.cursor, depth }, view.steps, view.listing);
    const indent = (lines[line - 1] ?? '').search(/\S/);
    return { depth, name: names[depth](view), line, column: Math.max(0, indent) + 1 };
  });
}
