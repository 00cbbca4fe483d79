// Gradients of a convolution (channels last) with respect to its filter and its input. With P the padded input,
//   y[b, o, n] = sum over f, c of P[b, o * stride + f * dilation, c] * w[f, c, n]
// so dw[f, c, n] = sum over b, o of P[...] * dy[b, o, n]  and  dP[b, o * stride + f * dilation, c] += sum over n of dy[b, o, n] * w[f, c, n].
// Where the dilation along the width is 1, the (filter column, channel) pairs of a window row are neighbours in memory; they
// are handled as one run of filterWidth * channels floats, otherwise as filterWidth runs of channels floats.
import {
  at, packImage, paddedD, paddedH, paddedW, repitch, roundUp4, unpackImage,
  BATCH, DILATION_D, DILATION_H, DILATION_W, FILTER_D, FILTER_H, FILTER_W, IN_C, IN_D, IN_H, IN_W, OUT_C, OUT_D, OUT_H, OUT_W, STRIDE_D, STRIDE_H, STRIDE_W,
} from './geometry';

/** Bytes of scratch memory that filterGradient needs: a padded image, an image of dy and the filter with rows of whole vectors. */
export function filterGradientScratch(g: usize): i32 {
  const row = roundUp4(at(g, OUT_C));
  const image = paddedD(g) * paddedH(g) * paddedW(g) * at(g, IN_C);
  const gradient = at(g, OUT_D) * at(g, OUT_H) * at(g, OUT_W) * row;
  const filter = at(g, FILTER_D) * at(g, FILTER_H) * at(g, FILTER_W) * at(g, IN_C) * row;
  return (roundUp4(image) + gradient + filter) * 4 + 64;
}

/** dw [filterDepth, filterHeight, filterWidth, inChannels, outChannels]; sums of one image are added image by image. */
export function filterGradient(x: usize, dy: usize, dw: usize, scratch: usize, g: usize): void {
  const inC = at(g, IN_C), outC = at(g, OUT_C), fW = at(g, FILTER_W), fH = at(g, FILTER_H), fD = at(g, FILTER_D);
  const row = roundUp4(outC);
  const pixels = at(g, OUT_D) * at(g, OUT_H) * at(g, OUT_W);
  const packed = (scratch + 15) & ~15;
  const gradients = packed + (<usize>roundUp4(paddedD(g) * paddedH(g) * paddedW(g) * inC) << 2);
  const sums = gradients + (<usize>(pixels * row) << 2);
  const pH = paddedH(g), pW = paddedW(g);
  memory.fill(sums, 0, <usize>(fD * fH * fW * inC * row) << 2);
  const taps = fW * inC;
  for (let b = 0; b < at(g, BATCH); b++) {
    packImage(x + (<usize>(b * at(g, IN_D) * at(g, IN_H) * at(g, IN_W) * inC) << 2), packed, g, 1, inC);
    repitch(dy + (<usize>(b * pixels * outC) << 2), gradients, pixels, outC, row);
    for (let d = 0; d < fD; d++) {
      for (let h = 0; h < fH; h++) {
        const window = packed + (<usize>((d * at(g, DILATION_D) * pH + h * at(g, DILATION_H)) * pW * inC) << 2);
        const target = sums + (<usize>((d * fH + h) * taps * row) << 2);
        filterRows(window, gradients, target, g, taps, row);
      }
    }
  }
  repitch(sums, dw, fD * fH * taps, row, outC);
}

/** Byte offset of tap `t` = (filter column, channel) within a window row. */
// @ts-ignore: decorator
@inline
function tapOffset(t: i32, inC: i32, dilation: i32): usize { return <usize>((t / inC) * dilation * inC + t % inC) << 2; }

/** Adds one image's contribution to all taps of one filter row: four taps by eight output channels at a time. */
function filterRows(window: usize, gradients: usize, target: usize, g: usize, taps: i32, row: i32): void {
  const inC = at(g, IN_C), dilation = at(g, DILATION_W);
  let t = 0;
  for (; t + 4 <= taps; t += 4) {
    const o0 = tapOffset(t, inC, dilation), o1 = tapOffset(t + 1, inC, dilation), o2 = tapOffset(t + 2, inC, dilation), o3 = tapOffset(t + 3, inC, dilation);
    let n = 0;
    for (; n + 8 <= row; n += 8) filterBlock8(window, o0, o1, o2, o3, gradients + (<usize>n << 2), target + (<usize>(t * row + n) << 2), g, row);
    if (n < row) filterBlock4(window, o0, o1, o2, o3, gradients + (<usize>n << 2), target + (<usize>(t * row + n) << 2), g, row);
  }
  for (; t < taps; t++) {
    const offset = tapOffset(t, inC, dilation);
    for (let n = 0; n < row; n += 4) filterBlock1(window + offset, gradients + (<usize>n << 2), target + (<usize>(t * row + n) << 2), g, row);
  }
}

// @ts-ignore: decorator
@inline
function add(address: usize, value: v128): void { v128.store(address, f32x4.add(v128.load(address), value)); }

function filterBlock8(window: usize, o0: usize, o1: usize, o2: usize, o3: usize, dy: usize, target: usize, g: usize, row: i32): void {
  const inC = at(g, IN_C), outD = at(g, OUT_D), outH = at(g, OUT_H), outW = at(g, OUT_W);
  const step = <usize>(at(g, STRIDE_W) * inC) << 2, pitch = <usize>row << 2, pH = paddedH(g), pW = paddedW(g);
  let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  for (let d = 0; d < outD; d++) {
    for (let h = 0; h < outH; h++) {
      let p = window + (<usize>((d * at(g, STRIDE_D) * pH + h * at(g, STRIDE_H)) * pW * inC) << 2);
      for (let w = 0; w < outW; w++) {
        const g0 = v128.load(dy), g1 = v128.load(dy, 16);
        const x0 = v128.load32_splat(p + o0), x1 = v128.load32_splat(p + o1), x2 = v128.load32_splat(p + o2), x3 = v128.load32_splat(p + o3);
        a0 = f32x4.add(a0, f32x4.mul(x0, g0)); a1 = f32x4.add(a1, f32x4.mul(x0, g1));
        b0 = f32x4.add(b0, f32x4.mul(x1, g0)); b1 = f32x4.add(b1, f32x4.mul(x1, g1));
        c0 = f32x4.add(c0, f32x4.mul(x2, g0)); c1 = f32x4.add(c1, f32x4.mul(x2, g1));
        d0 = f32x4.add(d0, f32x4.mul(x3, g0)); d1 = f32x4.add(d1, f32x4.mul(x3, g1));
        p += step; dy += pitch;
      }
    }
  }
  add(target, a0); add(target + 16, a1); target += pitch;
  add(target, b0); add(target + 16, b1); target += pitch;
  add(target, c0); add(target + 16, c1); target += pitch;
  add(target, d0); add(target + 16, d1);
}

function filterBlock4(window: usize, o0: usize, o1: usize, o2: usize, o3: usize, dy: usize, target: usize, g: usize, row: i32): void {
  const inC = at(g, IN_C), outD = at(g, OUT_D), outH = at(g, OUT_H), outW = at(g, OUT_W);
  const step = <usize>(at(g, STRIDE_W) * inC) << 2, pitch = <usize>row << 2, pH = paddedH(g), pW = paddedW(g);
  let a0 = f32x4.splat(0), b0 = a0, c0 = a0, d0 = a0;
  for (let d = 0; d < outD; d++) {
    for (let h = 0; h < outH; h++) {
      let p = window + (<usize>((d * at(g, STRIDE_D) * pH + h * at(g, STRIDE_H)) * pW * inC) << 2);
      for (let w = 0; w < outW; w++) {
        const g0 = v128.load(dy);
        a0 = f32x4.add(a0, f32x4.mul(v128.load32_splat(p + o0), g0));
        b0 = f32x4.add(b0, f32x4.mul(v128.load32_splat(p + o1), g0));
        c0 = f32x4.add(c0, f32x4.mul(v128.load32_splat(p + o2), g0));
        d0 = f32x4.add(d0, f32x4.mul(v128.load32_splat(p + o3), g0));
        p += step; dy += pitch;
      }
    }
  }
  add(target, a0); target += pitch;
  add(target, b0); target += pitch;
  add(target, c0); target += pitch;
  add(target, d0);
}

function filterBlock1(window: usize, dy: usize, target: usize, g: usize, row: i32): void {
  const inC = at(g, IN_C), outD = at(g, OUT_D), outH = at(g, OUT_H), outW = at(g, OUT_W);
  const step = <usize>(at(g, STRIDE_W) * inC) << 2, pitch = <usize>row << 2, pH = paddedH(g), pW = paddedW(g);
  let a0 = f32x4.splat(0);
  for (let d = 0; d < outD; d++) {
    for (let h = 0; h < outH; h++) {
      let p = window + (<usize>((d * at(g, STRIDE_D) * pH + h * at(g, STRIDE_H)) * pW * inC) << 2);
      for (let w = 0; w < outW; w++) {
        a0 = f32x4.add(a0, f32x4.mul(v128.load32_splat(p), v128.load(dy)));
        p += step; dy += pitch;
      }
    }
  }
  add(target, a0);
}

/** Bytes of scratch memory that inputGradient needs: a padded image and the filter with input and output channels swapped. */
export function inputGradientScratch(g: usize): i32 {
  const image = paddedD(g) * paddedH(g) * paddedW(g) * at(g, IN_C);
  const filter = at(g, FILTER_D) * at(g, FILTER_H) * at(g, FILTER_W) * at(g, IN_C) * at(g, OUT_C);
  return (roundUp4(image) + filter) * 4 + 64;
}

/** dx [batch, inDepth, inHeight, inWidth, inChannels]. */
export function inputGradient(dy: usize, filter: usize, dx: usize, scratch: usize, g: usize): void {
  const inC = at(g, IN_C), outC = at(g, OUT_C), fW = at(g, FILTER_W), fH = at(g, FILTER_H), fD = at(g, FILTER_D);
  const pH = paddedH(g), pW = paddedW(g), dilation = at(g, DILATION_W);
  const runs = dilation == 1 ? 1 : fW, length = dilation == 1 ? fW * inC : inC;
  const image = paddedD(g) * pH * pW * inC;
  const packed = (scratch + 15) & ~15;
  const swapped = packed + (<usize>roundUp4(image) << 2);
  const count = fD * fH * runs;
  for (let r = 0; r < count; r++) transpose(filter + (<usize>(r * length * outC) << 2), swapped + (<usize>(r * length * outC) << 2), length, outC);
  const outD = at(g, OUT_D), outH = at(g, OUT_H), outW = at(g, OUT_W);
  for (let b = 0; b < at(g, BATCH); b++) {
    memory.fill(packed, 0, <usize>image << 2);
    for (let d = 0; d < outD; d++) {
      for (let h = 0; h < outH; h++) {
        const gradients = dy + (<usize>(((b * outD + d) * outH + h) * outW * outC) << 2);
        for (let r = 0; r < count; r++) {
          const fd = r / (fH * runs), fh = (r / runs) % fH, fw = r % runs;
          const line = (d * at(g, STRIDE_D) + fd * at(g, DILATION_D)) * pH + h * at(g, STRIDE_H) + fh * at(g, DILATION_H);
          const target = packed + (<usize>((line * pW + fw * dilation) * inC) << 2);
          inputRow(gradients, swapped + (<usize>(r * length * outC) << 2), target, outW, outC, length, <usize>(at(g, STRIDE_W) * inC) << 2);
        }
      }
    }
    unpackImage(packed, dx + (<usize>(b * at(g, IN_D) * at(g, IN_H) * at(g, IN_W) * inC) << 2), g, 1, inC);
  }
}

function transpose(source: usize, target: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) store<f32>(target + (<usize>(j * rows + i) << 2), load<f32>(source + (<usize>(i * columns + j) << 2)));
  }
}

/** target[w * step + j] += sum over n of dy[w, n] * filter[n, j], for a row of output pixels. */
function inputRow(dy: usize, filter: usize, target: usize, outW: i32, outC: i32, length: i32, step: usize): void {
  const pitch = <usize>length << 2, line = <usize>outC << 2;
  let j = 0;
  for (; j + 8 <= length; j += 8) {
    const base = filter + (<usize>j << 2);
    let w = 0;
    for (; w + 4 <= outW; w += 4) {
      let f = base, q = dy + <usize>w * line;
      let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
      for (let n = 0; n < outC; n++) {
        const f0 = v128.load(f), f1 = v128.load(f, 16);
        const x0 = v128.load32_splat(q), x1 = v128.load32_splat(q + line), x2 = v128.load32_splat(q + 2 * line), x3 = v128.load32_splat(q + 3 * line);
        a0 = f32x4.add(a0, f32x4.mul(x0, f0)); a1 = f32x4.add(a1, f32x4.mul(x0, f1));
        b0 = f32x4.add(b0, f32x4.mul(x1, f0)); b1 = f32x4.add(b1, f32x4.mul(x1, f1));
        c0 = f32x4.add(c0, f32x4.mul(x2, f0)); c1 = f32x4.add(c1, f32x4.mul(x2, f1));
        d0 = f32x4.add(d0, f32x4.mul(x3, f0)); d1 = f32x4.add(d1, f32x4.mul(x3, f1));
        f += pitch; q += 4;
      }
      let to = target + <usize>w * step + (<usize>j << 2);
      add(to, a0); add(to + 16, a1); to += step;
      add(to, b0); add(to + 16, b1); to += step;
      add(to, c0); add(to + 16, c1); to += step;
      add(to, d0); add(to + 16, d1);
    }
    for (; w < outW; w++) {
      let f = base, q = dy + <usize>w * line, a0 = f32x4.splat(0), a1 = a0;
      for (let n = 0; n < outC; n++) {
        const x0 = v128.load32_splat(q);
        a0 = f32x4.add(a0, f32x4.mul(x0, v128.load(f)));
        a1 = f32x4.add(a1, f32x4.mul(x0, v128.load(f, 16)));
        f += pitch; q += 4;
      }
      const to = target + <usize>w * step + (<usize>j << 2);
      add(to, a0); add(to + 16, a1);
    }
  }
  for (; j + 4 <= length; j += 4) {
    for (let w = 0; w < outW; w++) {
      let f = filter + (<usize>j << 2), q = dy + <usize>w * line, a0 = f32x4.splat(0);
      for (let n = 0; n < outC; n++) {
        a0 = f32x4.add(a0, f32x4.mul(v128.load32_splat(q), v128.load(f)));
        f += pitch; q += 4;
      }
      add(target + <usize>w * step + (<usize>j << 2), a0);
    }
  }
  for (; j < length; j++) {
    for (let w = 0; w < outW; w++) {
      let f = filter + (<usize>j << 2), q = dy + <usize>w * line;
      let sum: f32 = 0;
      for (let n = 0; n < outC; n++) {
        sum += load<f32>(q) * load<f32>(f);
        f += pitch; q += 4;
      }
      const to = target + <usize>w * step + (<usize>j << 2);
      store<f32>(to, load<f32>(to) + sum);
    }
  }
}
