/** How wide the columns of the table of layers are: as wide as what stands in them, so that nothing is cut. Pure. */
import type { Column, LayerTree } from './layer-rows';
import { titleIn } from './layer-rows';

/** The room at both sides of a cell's text, and what digits of even width take more. */
const sides = 15;
const even = 1.03;
/** Before a layer's name: the edge, the mark that folds a group, and a step for each level. */
export const indent = { edge: 12, mark: 13, level: 13 } as const;
/** Longer names end in an ellipsis; the tooltip has all of it. */
const widest = { name: 340, type: 240, output: 260 } as const;
/** Room for all numbers that there are. */
const numbers = { parameters: 88, macs: 92, activations: 80, weights: 66, field: 68 } as const;

/** The width of a text of the table in pixels. */
export type Measure = (text: string, bold: boolean) => number;

export interface ColumnWidths {
  /** The columns of a row, for its grid; those of texts take what is left over. */
  readonly template: string;
  readonly total: number;
  /** The columns behind the name; those in which nothing would stand (a file of weights tells no shapes of outputs) are left out. */
  readonly columns: readonly Column[];
  /** What the column of outputs holds: their shapes, or where none is known the sizes that the weights tell (`768→3072`). */
  readonly outputs: 'shapes' | 'sizes';
}

/** The columns of a table in which something stands, and what stands in that of outputs. */
export function filledColumns({ views }: LayerTree): Pick<ColumnWidths, 'columns' | 'outputs'> {
  const all = [...views.values()];
  const shapes = all.some(({ outputShape, batchShape }) => (batchShape ?? outputShape) !== '');
  const filled: Readonly<Partial<Record<Column, boolean>>> = {
    output: shapes || all.some(({ detail, weights }) => weights.length > 0 && detail !== ''), macs: all.some(({ macs }) => macs !== null && macs !== 0),
    activations: all.some(({ activationBytes }) => activationBytes != null && activationBytes !== 0), field: all.some(({ receptiveField }) => receptiveField != null),
  };
  const columns: readonly Column[] = ['type', 'output', 'parameters', 'macs', 'activations', 'weights', 'field'];
  return { columns: columns.filter((column) => filled[column] !== false), outputs: shapes ? 'shapes' : 'sizes' };
}

/** A cell of the column of outputs. */
export const outputText = (outputs: ColumnWidths['outputs'], view: { readonly batchShape?: string; readonly outputShape: string; readonly detail: string; readonly weights: readonly unknown[] } | null): string => (
  view === null ? '' : outputs === 'shapes' ? view.batchShape ?? view.outputShape : view.weights.length > 0 ? view.detail : '');

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
  const filled = filledColumns(tree);
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
    outputs.add(outputText(filled.outputs, view));
  }
  const [name, type, output] = [names.width(measure, widest.name, 90), types.width(measure, widest.type, 74), outputs.width(measure, widest.output, 72)];
  const has = (column: Column): boolean => filled.columns.includes(column);
  const widths = (['parameters', 'macs', 'activations', 'weights', 'field'] as const).filter(has).map((column) => numbers[column]);
  return {
    ...filled,
    total: name + type + (has('output') ? output : 0) + widths.reduce<number>((sum, width) => sum + width, 0),
    template: `minmax(${name}px, 1.4fr) minmax(${type}px, 0.6fr) ${has('output') ? `minmax(${output}px, 0.6fr) ` : ''}${widths.map((width) => `${width}px`).join(' ')}`,
  };
}
