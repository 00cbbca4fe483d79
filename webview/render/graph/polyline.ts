/** Geometry of edge lines: a line beside another one, and points along it. */
import type { Point } from '../layout/graph';

/** The polyline at a distance to the right of the direction of travel (downwards: to the left on the screen); corners stay sharp. */
export function offsetPolyline(points: readonly Point[], distance: number): Point[] {
  const normals = points.slice(1).map((point, index) => {
    const from = points[index] ?? point;
    const length = Math.hypot(point.x - from.x, point.y - from.y) || 1;
    return { x: -(point.y - from.y) / length, y: (point.x - from.x) / length };
  });
  return points.map((point, index) => {
    const before = normals[index - 1] ?? normals[index] ?? { x: 0, y: 0 };
    const after = normals[index] ?? before;
    const scale = distance / Math.max(0.2, 1 + before.x * after.x + before.y * after.y);
    return { x: point.x + (before.x + after.x) * scale, y: point.y + (before.y + after.y) * scale };
  });
}

/**
 * Corners between the ends as cytoscape wants them for `edge-distances: endpoints`: for each, the share of the way from first to last
 * point, and the distance to the right of that line, seen along it.
 */
export function segmentsOf(points: readonly Point[]): { readonly weights: number[]; readonly distances: number[] } {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return { weights: [], distances: [] };
  const [dx, dy] = [last.x - first.x, last.y - first.y];
  const squared = dx * dx + dy * dy || 1;
  const length = Math.sqrt(squared);
  const inner = points.slice(1, -1);
  return {
    weights: inner.map(({ x, y }) => ((x - first.x) * dx + (y - first.y) * dy) / squared),
    distances: inner.map(({ x, y }) => ((y - first.y) * dx - (x - first.x) * dy) / length),
  };
}
