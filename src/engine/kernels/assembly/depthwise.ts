// Depthwise convolution and its gradients. Every channel c of the input has `multiplier` filters; with the input's channels
// repeated that many times, all three are elementwise over channels = inChannels * multiplier:
//   y[o, k] = sum over f of P[o * stride + f * dilation, k] * w[f, k]
import {
  at, packImage, paddedD, paddedH, paddedW, repitch, roundUp4, unpackImage,
  BATCH, DILATION_H, DILATION_W, FILTER_H, FILTER_W, IN_C, IN_D, IN_H, IN_W, OUT_C, OUT_H, OUT_W, STRIDE_H, STRIDE_W,
} from './geometry';

/** Bytes of scratch memory that each of the three needs: a padded image, an image of outputs, the filter, in rows of whole vectors. */
export function depthwiseScratch(g: usize): i32 {
  const row = roundUp4(at(g, OUT_C));
  return (paddedD(g) * paddedH(g) * paddedW(g) + at(g, OUT_H) * at(g, OUT_W) + at(g, FILTER_H) * at(g, FILTER_W)) * row * 4 + 64;
}

// @ts-ignore: decorator
@inline
function imageSize(g: usize): usize { return <usize>(at(g, IN_D) * at(g, IN_H) * at(g, IN_W) * at(g, IN_C)) << 2; }

export function depthwise(x: usize, filter: usize, y: usize, scratch: usize, g: usize): void {
  run(0, x, filter, y, scratch, g);
}

export function depthwiseFilterGradient(x: usize, dy: usize, dw: usize, scratch: usize, g: usize): void {
  run(1, x, dw, dy, scratch, g);
}

export function depthwiseInputGradient(dy: usize, filter: usize, dx: usize, scratch: usize, g: usize): void {
  run(2, dx, filter, dy, scratch, g);
}

/** kind 0: y from x and filter; 1: filter from x and y; 2: x from filter and y, where "from" means the sum of products. */
function run(kind: i32, x: usize, filter: usize, y: usize, scratch: usize, g: usize): void {
  const channels = at(g, OUT_C), row = roundUp4(channels), repeat = channels / at(g, IN_C);
  const outH = at(g, OUT_H), outW = at(g, OUT_W), fH = at(g, FILTER_H), fW = at(g, FILTER_W);
  const pH = paddedH(g), pW = paddedW(g), pitch = <usize>row << 2;
  const image = (scratch + 15) & ~15;
  const output = image + <usize>(pH * pW) * pitch;
  const taps = output + <usize>(outH * outW) * pitch;
  const imageBytes = <usize>(pH * pW) * pitch, outputBytes = <usize>(outH * outW) * pitch;
  if (kind == 1) memory.fill(taps, 0, <usize>(fH * fW) * pitch);
  else repitch(filter, taps, fH * fW, channels, row);
  for (let b = 0; b < at(g, BATCH); b++) {
    const picture = x + <usize>b * imageSize(g), result = y + (<usize>(b * outH * outW * channels) << 2);
    if (kind == 2) memory.fill(image, 0, imageBytes);
    else packImage(picture, image, g, repeat, row);
    if (kind == 0) memory.fill(output, 0, outputBytes);
    else repitch(result, output, outH * outW, channels, row);
    for (let fh = 0; fh < fH; fh++) {
      for (let fw = 0; fw < fW; fw++) {
        const tap = taps + <usize>(fh * fW + fw) * pitch;
        for (let k = 0; k < row; k += 4) {
          const lane = <usize>k << 2;
          let sum = f32x4.splat(0);
          const weight = v128.load(tap + lane);
          for (let h = 0; h < outH; h++) {
            let p = image + <usize>((h * at(g, STRIDE_H) + fh * at(g, DILATION_H)) * pW + fw * at(g, DILATION_W)) * pitch + lane;
            let q = output + <usize>(h * outW) * pitch + lane;
            const step = <usize>at(g, STRIDE_W) * pitch;
            for (let w = 0; w < outW; w++) {
              if (kind == 0) v128.store(q, f32x4.add(v128.load(q), f32x4.mul(v128.load(p), weight)));
              else if (kind == 1) sum = f32x4.add(sum, f32x4.mul(v128.load(p), v128.load(q)));
              else v128.store(p, f32x4.add(v128.load(p), f32x4.mul(v128.load(q), weight)));
              p += step; q += pitch;
            }
          }
          if (kind == 1) v128.store(tap + lane, f32x4.add(weight, sum));
        }
      }
    }
    if (kind == 0) repitch(output, result, outH * outW, row, channels);
    else if (kind == 2) unpackImage(image, picture, g, repeat, row);
  }
  if (kind == 1) repitch(taps, filter, fH * fW, row, channels);
}
