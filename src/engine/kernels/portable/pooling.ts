/** Gradients of poolings in plain JavaScript, right with padding too, where the cpu backend's own are not. */
import { pooling2, pooling3 } from '../geometry';
import type { Geometry } from '../geometry';
import type { Operand, PortableKernel } from './portable';

type Attributes = Parameters<typeof pooling2>[1];

interface Range { readonly start: number; readonly first: number; readonly end: number; readonly dilation: number }

function rangeOf(output: number, stride: number, pad: number, dilation: number, filter: number, extent: number): Range {
  const start = output * stride - pad;
  const first = start >= 0 ? 0 : Math.ceil(-start / dilation);
  return { start, first, end: Math.max(first, Math.min(filter, Math.ceil((extent - start) / dilation))), dilation };
}

/** Calls `visit` for every output element with the row-major positions of its window that lie inside the image. */
function eachWindow(geometry: Geometry, visit: (output: number, inside: readonly number[]) => void): void {
  const [batch = 0, inD = 0, inH = 0, inW = 0, channels = 0, outD = 0, outH = 0, outW = 0, , fD = 0, fH = 0, fW = 0, sD = 0, sH = 0, sW = 0, dD = 0, dH = 0, dW = 0, pD = 0, pH = 0, pW = 0] = geometry;
  let output = 0;
  for (let b = 0; b < batch; b += 1) {
    for (let d = 0; d < outD; d += 1) {
      const deep = rangeOf(d, sD, pD, dD, fD, inD);
      for (let h = 0; h < outH; h += 1) {
        const high = rangeOf(h, sH, pH, dH, fH, inH);
        for (let w = 0; w < outW; w += 1) {
          const wide = rangeOf(w, sW, pW, dW, fW, inW);
          const cells: number[] = [];
          for (let i = deep.first; i < deep.end; i += 1) {
            for (let j = high.first; j < high.end; j += 1) {
              for (let k = wide.first; k < wide.end; k += 1) {
                cells.push((((b * inD + deep.start + i * dD) * inH + high.start + j * dH) * inW + wide.start + k * dW) * channels);
              }
            }
          }
          for (let c = 0; c < channels; c += 1, output += 1) visit(output, c === 0 ? cells : cells.map((cell) => cell + c));
        }
      }
    }
  }
}

const collect = (x: Operand, fill: (sums: Float64Array) => void): ReturnType<PortableKernel> => {
  const sums = new Float64Array(x.values.length);
  fill(sums);
  return { shape: x.shape, dtype: 'float32', values: Float32Array.from(sums) };
};

/** Shares the gradient of a window equally among its elements inside the image. */
const average = (geometryOf: (shape: readonly number[], attrs: Attributes) => Geometry): PortableKernel => (operand, attrs) => {
  const x = operand('input'), dy = operand('dy');
  return collect(x, (sums) => {
    eachWindow(geometryOf(x.shape, attrs as Attributes), (output, inside) => {
      const share = (dy.values[output] ?? 0) / inside.length;
      for (const cell of inside) sums[cell] = (sums[cell] ?? 0) + share;
    });
  });
};

/** Gives the gradient of a window to its first largest element. */
const largest = (geometryOf: (shape: readonly number[], attrs: Attributes) => Geometry): PortableKernel => (operand, attrs) => {
  const x = operand('input'), dy = operand('dy');
  return collect(x, (sums) => {
    eachWindow(geometryOf(x.shape, attrs as Attributes), (output, inside) => {
      let [best = -1] = inside;
      for (const cell of inside) if ((x.values[cell] ?? 0) > (x.values[best] ?? 0)) best = cell;
      if (best >= 0) sums[best] = (sums[best] ?? 0) + (dy.values[output] ?? 0);
    });
  });
};

export const averagePoolGradient = average(pooling2);
export const averagePool3Gradient = average((shape, attrs) => pooling3('AvgPool3DGrad', shape, attrs));
export const maxPool3Gradient = largest((shape, attrs) => pooling3('MaxPool3DGrad', shape, attrs));
