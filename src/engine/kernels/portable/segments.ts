/** Sums of rows by segment: the gradient of a gather, hence of an embedding. */
import type { PortableKernel } from './portable';

/**
 * Row r of x is added to row segmentIds[r] of the output; negative segments are dropped. Sums in double precision and the order of
 * the rows, as the cpu backend's own kernel does, which however passes over x once for each segment.
 */
export const unsortedSegmentSum: PortableKernel = (operand, attrs) => {
  const x = operand('x'), segments = operand('segmentIds');
  const count = Number(attrs.numSegments);
  const shape = [count, ...x.shape.slice(segments.shape.length)];
  const rows = segments.values.length;
  const width = rows === 0 ? 0 : x.values.length / rows;
  const sums = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
  for (let row = 0; row < rows; row += 1) {
    const segment = segments.values[row] ?? -1;
    if (segment < 0 || segment >= count) continue;
    for (let column = 0; column < width; column += 1) sums[segment * width + column] = (sums[segment * width + column] ?? 0) + (x.values[row * width + column] ?? 0);
  }
  return { shape, dtype: x.dtype, values: x.dtype === 'int32' ? Int32Array.from(sums) : Float32Array.from(sums) };
};
