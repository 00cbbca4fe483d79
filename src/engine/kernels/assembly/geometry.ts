// The geometry of a convolution or pooling, of three spatial dimensions (two have depth 1), as 24 int32 in memory, and
// packing of images with their padding written out.

/** Offsets into the geometry record, in the order in which geometry.ts of the host writes it. */
export const BATCH: usize = 0;
export const IN_D: usize = 4;
export const IN_H: usize = 8;
export const IN_W: usize = 12;
export const IN_C: usize = 16;
export const OUT_D: usize = 20;
export const OUT_H: usize = 24;
export const OUT_W: usize = 28;
export const OUT_C: usize = 32;
export const FILTER_D: usize = 36;
export const FILTER_H: usize = 40;
export const FILTER_W: usize = 44;
export const STRIDE_D: usize = 48;
export const STRIDE_H: usize = 52;
export const STRIDE_W: usize = 56;
export const DILATION_D: usize = 60;
export const DILATION_H: usize = 64;
export const DILATION_W: usize = 68;
export const PAD_D: usize = 72;
export const PAD_H: usize = 76;
export const PAD_W: usize = 80;

// @ts-ignore: decorator
@inline
export function at(geometry: usize, field: usize): i32 { return load<i32>(geometry + field); }

// @ts-ignore: decorator
@inline
export function roundUp4(value: i32): i32 { return (value + 3) & ~3; }

/** Extent of the padded image along a dimension: what the windows touch, and at least the image itself behind its padding. */
// @ts-ignore: decorator
@inline
export function paddedExtent(input: i32, output: i32, filter: i32, stride: i32, dilation: i32, pad: i32): i32 {
  const touched = (output - 1) * stride + (filter - 1) * dilation + 1;
  return touched > pad + input ? touched : pad + input;
}

export function paddedD(g: usize): i32 { return paddedExtent(at(g, IN_D), at(g, OUT_D), at(g, FILTER_D), at(g, STRIDE_D), at(g, DILATION_D), at(g, PAD_D)); }
export function paddedH(g: usize): i32 { return paddedExtent(at(g, IN_H), at(g, OUT_H), at(g, FILTER_H), at(g, STRIDE_H), at(g, DILATION_H), at(g, PAD_H)); }
export function paddedW(g: usize): i32 { return paddedExtent(at(g, IN_W), at(g, OUT_W), at(g, FILTER_W), at(g, STRIDE_W), at(g, DILATION_W), at(g, PAD_W)); }

/** Copies one image [depth, height, width, channels] into a zeroed padded image; each channel `repeat` times, rows of `channels` floats. */
export function packImage(image: usize, packed: usize, g: usize, repeat: i32, channels: i32): void {
  const inD = at(g, IN_D), inH = at(g, IN_H), inW = at(g, IN_W), inC = at(g, IN_C);
  const pH = paddedH(g), pW = paddedW(g);
  memory.fill(packed, 0, <usize>(paddedD(g) * pH * pW * channels) << 2);
  for (let d = 0; d < inD; d++) {
    for (let h = 0; h < inH; h++) {
      let from = image + (<usize>((d * inH + h) * inW * inC) << 2);
      let to = packed + (<usize>((((d + at(g, PAD_D)) * pH + h + at(g, PAD_H)) * pW + at(g, PAD_W)) * channels) << 2);
      if (repeat == 1 && channels == inC) {
        memory.copy(to, from, <usize>(inW * inC) << 2);
        continue;
      }
      for (let w = 0; w < inW; w++) {
        let cell = to;
        for (let c = 0; c < inC; c++) {
          const value = load<f32>(from);
          from += 4;
          for (let r = 0; r < repeat; r++) { store<f32>(cell, value); cell += 4; }
        }
        to += <usize>channels << 2;
      }
    }
  }
}

/** The way back: takes the image out of a padded one, adding up the `repeat` copies of each channel. */
export function unpackImage(packed: usize, image: usize, g: usize, repeat: i32, channels: i32): void {
  const inD = at(g, IN_D), inH = at(g, IN_H), inW = at(g, IN_W), inC = at(g, IN_C);
  const pH = paddedH(g), pW = paddedW(g);
  for (let d = 0; d < inD; d++) {
    for (let h = 0; h < inH; h++) {
      let to = image + (<usize>((d * inH + h) * inW * inC) << 2);
      let from = packed + (<usize>((((d + at(g, PAD_D)) * pH + h + at(g, PAD_H)) * pW + at(g, PAD_W)) * channels) << 2);
      if (repeat == 1 && channels == inC) {
        memory.copy(to, from, <usize>(inW * inC) << 2);
        continue;
      }
      for (let w = 0; w < inW; w++) {
        let cell = from;
        for (let c = 0; c < inC; c++) {
          let sum: f32 = 0;
          for (let r = 0; r < repeat; r++) { sum += load<f32>(cell); cell += 4; }
          store<f32>(to, sum);
          to += 4;
        }
        from += <usize>channels << 2;
      }
    }
  }
}

/** Copies rows of `from` floats into rows of `to` floats; longer rows end in zeros. */
export function repitch(source: usize, target: usize, rows: i32, from: i32, to: i32): void {
  const width = <usize>min(from, to) << 2;
  if (to > from) memory.fill(target, 0, <usize>(rows * to) << 2);
  for (let row = 0; row < rows; row++) {
    memory.copy(target, source, width);
    source += <usize>from << 2;
    target += <usize>to << 2;
  }
}
