/** Where the arrow keys lead: along edges up and down, left and right among the other ends of the same edges, so that every edge can be walked. Pure. */
import type { Drawing } from './model';
import { neighbourNode } from './model';

/** The layer that the last step came from, and whether it went down its outputs. */
export interface Way { readonly from: string; readonly down: boolean }

/** The next box and the way that led there; null for keys that lead nowhere. */
export function walkFrom(drawing: Drawing, id: string, key: string, way: Way | null): { readonly id: string; readonly way: Way | null } | null {
  if ((key === 'ArrowLeft' || key === 'ArrowRight') && way !== null) {
    const ends = [...new Set((way.down ? drawing.below : drawing.above).get(way.from) ?? [])].flatMap((end) => drawing.byId.get(end) ?? []);
    const row = ends.sort((a, b) => a.rect.x - b.rect.x || a.rect.y - b.rect.y).map((node) => node.id);
    const next = row.includes(id) ? row[row.indexOf(id) + (key === 'ArrowLeft' ? -1 : 1)] : undefined;
    if (next !== undefined) return { id: next, way };
  }
  const next = neighbourNode(drawing, id, key);
  if (next === null) return null;
  return { id: next, way: key === 'ArrowDown' || key === 'ArrowUp' ? { from: id, down: drawing.below.get(id)?.includes(next) === true } : null };
}
