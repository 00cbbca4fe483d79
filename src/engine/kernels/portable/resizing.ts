/** Gradients of image resizing, with half-pixel centres too: each output pixel's gradient goes to the pixels that it was made of. */
import type { PortableKernel } from './portable';

interface Axis { readonly low: number; readonly high: number; readonly share: number }

/** The two source positions of an output position and the share of the upper one, as in the forward kernels. */
function bilinear(position: number, scale: number, extent: number, halfPixel: boolean): Axis {
  const source = halfPixel ? (position + 0.5) * scale - 0.5 : position * scale;
  const low = Math.max(0, Math.floor(source));
  return { low, high: Math.min(extent - 1, Math.ceil(source)), share: source - low };
}

function nearest(position: number, scale: number, extent: number, halfPixel: boolean, alignCorners: boolean): number {
  const source = halfPixel ? (position + 0.5) * scale : position * scale;
  return Math.max(0, Math.min(extent - 1, alignCorners ? Math.round(source) : Math.floor(source)));
}

const scaleOf = (input: number, output: number, alignCorners: boolean): number => (alignCorners && output > 1 ? (input - 1) / (output - 1) : input / output);

type Spread = (add: (row: number, column: number, share: number) => void, row: number, column: number) => void;

function gradient(operand: Parameters<PortableKernel>[0], spreadOf: (input: readonly [number, number], output: readonly [number, number]) => Spread): ReturnType<PortableKernel> {
  const { shape } = operand('images'), dy = operand('dy');
  const [batch = 0, height = 0, width = 0, channels = 0] = shape;
  const [, rows = 0, columns = 0] = dy.shape;
  const sums = new Float64Array(batch * height * width * channels);
  const spread = spreadOf([height, width], [rows, columns]);
  for (let b = 0, from = 0; b < batch; b += 1) {
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1, from += channels) {
        spread((h, w, share) => {
          const to = ((b * height + h) * width + w) * channels;
          for (let c = 0; c < channels; c += 1) sums[to + c] = (sums[to + c] ?? 0) + share * (dy.values[from + c] ?? 0);
        }, row, column);
      }
    }
  }
  return { shape, dtype: 'float32', values: Float32Array.from(sums) };
}

export const resizeBilinearGradient: PortableKernel = (operand, attrs) => {
  const alignCorners = attrs.alignCorners === true, halfPixel = attrs.halfPixelCenters === true;
  return gradient(operand, ([height, width], [rows, columns]) => (add, row, column) => {
    const v = bilinear(row, scaleOf(height, rows, alignCorners), height, halfPixel), h = bilinear(column, scaleOf(width, columns, alignCorners), width, halfPixel);
    add(v.low, h.low, (1 - v.share) * (1 - h.share));
    add(v.low, h.high, (1 - v.share) * h.share);
    add(v.high, h.low, v.share * (1 - h.share));
    add(v.high, h.high, v.share * h.share);
  });
};

export const resizeNearestNeighborGradient: PortableKernel = (operand, attrs) => {
  const alignCorners = attrs.alignCorners === true, halfPixel = attrs.halfPixelCenters === true;
  return gradient(operand, ([height, width], [rows, columns]) => (add, row, column) => {
    add(nearest(row, scaleOf(height, rows, alignCorners), height, halfPixel, alignCorners), nearest(column, scaleOf(width, columns, alignCorners), width, halfPixel, alignCorners), 1);
  });
};
