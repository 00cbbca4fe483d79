/** What of a drawing is in the DOM: of a large one only what is near the part in sight. */
import type { Drawing, DrawnGroup, DrawnLabel, DrawnNode } from '../../render/graph/model';
import type { Rect } from '../../render/layout/graph';
import type { GraphCanvas } from './canvas';
import { textZoom } from './canvas';

/** What of the drawing is in the DOM. */
export interface Shown { readonly nodes: readonly DrawnNode[]; readonly labels: readonly DrawnLabel[]; readonly groups: readonly DrawnGroup[] }

export const nothing: Drawing = { nodes: [], groups: [], edges: [], labels: [], byId: new Map(), width: 1, height: 1, below: new Map(), above: new Map() };

/** Boxes and labels near the visible part of the drawing; all of a small one, none of one that is too small to read. */
export function nearby({ nodes, labels, groups }: Drawing, canvas: GraphCanvas | null): Shown {
  if (nodes.length <= 300) return { nodes, labels, groups };
  if (canvas === null) return { nodes: [], labels: [], groups: [] };
  const { x, y, width, height } = canvas.visible();
  const { zoom } = canvas.view();
  const [left, right, top, bottom] = [x - width / 2, x + 1.5 * width, y - height / 2, y + 1.5 * height];
  const inSight = ({ rect }: { readonly rect: Rect }): boolean => rect.x + rect.width > left && rect.x < right && rect.y + rect.height > top && rect.y < bottom;
  const frames = groups.filter((group) => group.rect.height * zoom > 24 && inSight(group));
  if (zoom < textZoom) return { nodes: [], labels: [], groups: frames };
  return { nodes: nodes.filter(inSight), labels: labels.filter((label) => label.x > left && label.x < right && label.y > top && label.y < bottom), groups: frames };
}

export const same = <Item,>(a: readonly Item[], b: readonly Item[]): boolean => a.length === b.length && a.every((item, index) => item === b[index]);
