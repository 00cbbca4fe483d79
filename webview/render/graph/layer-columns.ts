/** How wide the columns of the table of layers are: as wide as what stands in them, so that nothing is cut. Pure. */
import type { LayerTree } from './layer-rows';
import { titleIn } from './layer-rows';

/** The room at both sides of a cell's text, and what digits of even width take more. */
const sides = 15;
const even = 1.03;
/** Before a layer's name: the edge, the mark that folds a group, and a step for each level. */
export const indent = { edge: 12, mark: 13, level: 13 } as const;
/** Longer names end in an ellipsis; the tooltip has all of it. */
const widest = { name: 340, type: 240, output: 260 } as const;
/** Parameters, multiply-adds, activations, weights, field: room for all numbers that there are. */
const numbers = [88, 92, 80, 66, 68];

/** The width of a text of the table in pixels. */
export type Measure = (text: string, bold: boolean) => number;

export interface ColumnWidths {
  /** The columns of a row, for its grid; those of texts take what is left over. */
  readonly template: string;
  readonly total: number;
}

/** The widest of texts, each with the room before it: only the longest ones are measured. */
class Widest {
  private readonly longest = new Map<string, readonly [room: number, bold: boolean]>();
  private least = 0;

  add(text: string, room = 0, bold = false): void {
    const rank = text.length + room / 7;
    if (rank < this.least * 0.8) return;
    this.least = Math.max(this.least, rank);
    this.longest.set(text, [Math.max(room, this.longest.get(text)?.[0] ?? 0), bold]);
  }

  width(measure: Measure, most: number, least: number): number {
    let width = least;
    for (const [text, [room, bold]] of [...this.longest].sort(([a], [b]) => b.length - a.length).slice(0, 40)) width = Math.max(width, room + measure(text, bold) * even + sides);
    return Math.ceil(Math.min(most, width));
  }
}

/** Widths for all rows of the tree, whichever are open and however they are sorted. */
export function columnWidths(tree: LayerTree, measure: Measure): ColumnWidths {
  const [names, types, outputs] = [new Widest(), new Widest(), new Widest()];
  const before = indent.edge + (tree.scopes.groups.size > 0 ? indent.mark : 0);
  const depths = new Map<string, number>();
  const depthOf = (id: string): number => {
    const parent = tree.scopes.parentOf.get(id) ?? null;
    const depth = depths.get(id) ?? (parent === null ? 0 : depthOf(parent) + 1);
    depths.set(id, depth);
    return depth;
  };
  for (const id of tree.scopes.parentOf.keys()) {
    const depth = depthOf(id);
    const view = tree.views.get(id);
    names.add(titleIn(tree, id, depth), before + indent.level * depth, tree.scopes.groups.has(id));
    if (view === undefined) continue;
    // Sorted by a column, layers stand there without their groups.
    names.add(view.name, before);
    types.add(view.type);
    outputs.add(view.batchShape ?? view.outputShape);
  }
  const [name, type, output] = [names.width(measure, widest.name, 90), types.width(measure, widest.type, 74), outputs.width(measure, widest.output, 72)];
  return {
    total: name + type + output + numbers.reduce((sum, width) => sum + width, 0),
    template: `minmax(${name}px, 1.4fr) minmax(${type}px, 0.6fr) minmax(${output}px, 0.6fr) ${numbers.map((width) => `${width}px`).join(' ')}`,
  };
}
