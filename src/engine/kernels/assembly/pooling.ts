// Pooling over windows of [depth, height, width], channel by channel; positions in the padding take no part.
import {
  at, BATCH, DILATION_D, DILATION_H, DILATION_W, FILTER_D, FILTER_H, FILTER_W, IN_C, IN_D, IN_H, IN_W, OUT_D, OUT_H, OUT_W, PAD_D, PAD_H, PAD_W,
  STRIDE_D, STRIDE_H, STRIDE_W,
} from './geometry';

/** First filter position inside the image: the smallest f >= 0 with start + f * dilation >= 0. */
// @ts-ignore: decorator
@inline
function firstInside(start: i32, dilation: i32): i32 { return start >= 0 ? 0 : (-start + dilation - 1) / dilation; }

/** One past the last filter position inside the image. */
// @ts-ignore: decorator
@inline
function endInside(start: i32, dilation: i32, extent: i32, filter: i32): i32 {
  const end = (extent - start + dilation - 1) / dilation;
  return end < filter ? (end < 0 ? 0 : end) : filter;
}

/** Where channel 0 of a position of the image lies, in bytes from the start of the tensor. */
// @ts-ignore: decorator
@inline
function rowStart(base: usize, d: i32, h: i32, w: i32, inH: i32, inW: i32, cell: usize): usize {
  return base + <usize>((d * inH + h) * inW + w) * cell;
}

/** kind 0: maximum of each window; 1: dy goes to the first maximum of its window; 2: dy is shared equally by the window. */
// @ts-ignore: decorator
@inline
function pool(kind: i32, x: usize, dy: usize, result: usize, g: usize): void {
  const inD = at(g, IN_D), inH = at(g, IN_H), inW = at(g, IN_W), channels = at(g, IN_C);
  const outD = at(g, OUT_D), outH = at(g, OUT_H), outW = at(g, OUT_W);
  const dD = at(g, DILATION_D), dH = at(g, DILATION_H), dW = at(g, DILATION_W);
  const image = <usize>(inD * inH * inW * channels) << 2, cell = <usize>channels << 2, vectors = cell & ~15;
  if (kind != 0) memory.fill(result, 0, image * <usize>at(g, BATCH));
  let out: usize = kind == 0 ? result : dy;
  for (let b = 0; b < at(g, BATCH); b++) {
    const base = <usize>b * image;
    for (let od = 0; od < outD; od++) {
      const startD = od * at(g, STRIDE_D) - at(g, PAD_D), d0 = firstInside(startD, dD), d1 = endInside(startD, dD, inD, at(g, FILTER_D));
      for (let oh = 0; oh < outH; oh++) {
        const startH = oh * at(g, STRIDE_H) - at(g, PAD_H), h0 = firstInside(startH, dH), h1 = endInside(startH, dH, inH, at(g, FILTER_H));
        for (let ow = 0; ow < outW; ow++) {
          const startW = ow * at(g, STRIDE_W) - at(g, PAD_W), w0 = firstInside(startW, dW), w1 = endInside(startW, dW, inW, at(g, FILTER_W));
          const share: f32 = kind == 2 ? 1 / <f32>(max(0, d1 - d0) * max(0, h1 - h0) * max(0, w1 - w0)) : 0;
          let c: usize = 0;
          for (; c < vectors; c += 16) {
            let best = f32x4.splat(-Infinity);
            let where = i32x4.splat(-1);
            const gradient = kind == 0 ? best : v128.load(out + c);
            const part = f32x4.mul(gradient, f32x4.splat(share));
            for (let d = d0; d < d1; d++) {
              for (let h = h0; h < h1; h++) {
                let p = rowStart(base, startD + d * dD, startH + h * dH, startW + w0 * dW, inH, inW, cell) + c;
                for (let w = w0; w < w1; w++) {
                  if (kind == 2) {
                    v128.store(result + p, f32x4.add(v128.load(result + p), part));
                  } else {
                    const value = v128.load(x + p);
                    // The first one, a larger one, or a NaN after numbers: a NaN wins and stays, as it does in TensorFlow.
                    const wins = v128.or(v128.or(f32x4.gt(value, best), i32x4.eq(where, i32x4.splat(-1))), v128.and(f32x4.ne(value, value), f32x4.eq(best, best)));
                    best = v128.bitselect(value, best, wins);
                    where = v128.bitselect(i32x4.splat(<i32>p), where, wins);
                  }
                  p += <usize>dW * cell;
                }
              }
            }
            if (kind == 0) v128.store(out + c, best);
            else if (kind == 1 && i32x4.extract_lane(where, 0) != -1) {
              give(result, where, gradient);
            }
          }
          for (; c < cell; c += 4) {
            let best: f32 = -Infinity;
            let where: i32 = -1;
            const gradient: f32 = kind == 0 ? 0 : load<f32>(out + c);
            for (let d = d0; d < d1; d++) {
              for (let h = h0; h < h1; h++) {
                let p = rowStart(base, startD + d * dD, startH + h * dH, startW + w0 * dW, inH, inW, cell) + c;
                for (let w = w0; w < w1; w++) {
                  if (kind == 2) {
                    store<f32>(result + p, load<f32>(result + p) + gradient * share);
                  } else {
                    const value = load<f32>(x + p);
                    if (where == -1 || value > best || (value != value && best == best)) { best = value; where = <i32>p; }
                  }
                  p += <usize>dW * cell;
                }
              }
            }
            if (kind == 0) store<f32>(out + c, best);
            else if (kind == 1 && where != -1) store<f32>(result + <usize>where, load<f32>(result + <usize>where) + gradient);
          }
          out += cell;
        }
      }
    }
  }
}

/** Adds the four gradients, of neighbouring channels, each at the place that its window chose (bytes from the start of the tensor). */
function give(result: usize, where: v128, gradient: v128): void {
  const p0 = result + <usize>i32x4.extract_lane(where, 0), p1 = result + 4 + <usize>i32x4.extract_lane(where, 1);
  const p2 = result + 8 + <usize>i32x4.extract_lane(where, 2), p3 = result + 12 + <usize>i32x4.extract_lane(where, 3);
  store<f32>(p0, load<f32>(p0) + f32x4.extract_lane(gradient, 0));
  store<f32>(p1, load<f32>(p1) + f32x4.extract_lane(gradient, 1));
  store<f32>(p2, load<f32>(p2) + f32x4.extract_lane(gradient, 2));
  store<f32>(p3, load<f32>(p3) + f32x4.extract_lane(gradient, 3));
}

export function maxPool(x: usize, y: usize, g: usize): void { pool(0, x, 0, y, g); }
export function maxPoolGradient(x: usize, dy: usize, dx: usize, g: usize): void { pool(1, x, dy, dx, g); }
export function averagePoolGradient(dy: usize, dx: usize, g: usize): void { pool(2, 0, dy, dx, g); }
