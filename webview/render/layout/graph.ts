/** What the layout gets and gives. All lengths are pixels at zoom 1; x grows to the right, y downwards. */

export interface Point { readonly x: number; readonly y: number }
export interface Rect { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

export interface LayoutNode { readonly id: string; readonly width: number; readonly height: number; readonly parent: string | null }
export interface LayoutGroup { readonly id: string; readonly parent: string | null }
/** Source and target may be nodes or groups. */
export interface LayoutEdge { readonly source: string; readonly target: string }

export interface LayoutInput {
  readonly nodes: readonly LayoutNode[];
  readonly groups: readonly LayoutGroup[];
  readonly edges: readonly LayoutEdge[];
}

export interface LayoutResult {
  /** Rectangle of every node. */
  readonly nodes: ReadonlyMap<string, Rect>;
  /** Rectangle of every group, with its title above the content. */
  readonly groups: ReadonlyMap<string, Rect>;
  /** Corner points of every edge in the order of the input, from the source's bottom to the target's top; empty for loops. */
  readonly edges: readonly (readonly Point[])[];
  readonly width: number;
  readonly height: number;
}

/** Distances of the drawing. */
export const spacing = {
  /** Least height between two ranks; holds the shape that labels an edge. */
  rankGap: 30,
  /** From a node to the first horizontal track below it, and from the last track to the node under it. */
  trackAbove: 20,
  trackBelow: 12,
  track: 14,
  nodeGap: 32,
  lineGap: 18,
  groupTitle: 26,
  groupPadding: 16,
} as const;

/** One level of the drawing, without groups: vertices by number. */
export interface Level {
  readonly vertices: readonly Vertex[];
  readonly edges: readonly LevelEdge[];
}
export interface Vertex {
  readonly width: number;
  readonly height: number;
  /** Where edges enter or leave the surrounding group: always the first or the last rank. */
  readonly border: 'top' | 'bottom' | null;
}
/** An edge leaves `from` at `fromX` and enters `to` at `toX`, measured from the vertices' centres; one that goes on `inside` a group at an end has to meet its top or bottom. */
export interface LevelEdge { readonly from: number; readonly to: number; readonly fromX: number; readonly toX: number; readonly inside?: boolean }
