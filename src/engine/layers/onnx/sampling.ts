/** Ops that look up an image between its elements, with gradients by the image, and by the places where these are tensors. */
import { add, clipByValue, floor, gather, matMul, max, mul, reshape, round, scalar, sub, tensor, tensor1d, transpose, unsortedSegmentSum, cast, logicalAnd, greaterEqual, lessEqual, mod, abs, minimum } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../tensor/value';
import type { LayerCallContext, LayerForward } from '../layer';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { floats, ints, misfit, numberOf, numbersOf, op, operand, stepsOf, tensorOf, wordOf } from './operands';

/** One look along an axis: where, and how much it counts. */
interface Tap { readonly place: Tensor; readonly share: Tensor }

/** Places outside an axis of `extent` elements folded back at its borders. */
function reflected(x: Tensor, extent: number, aligned: boolean): Tensor {
  const [low, span] = aligned ? [0, extent - 1] : [-0.5, extent];
  if (span === 0) return mul(x, 0);
  const inside = mod(abs(sub(x, low)), 2 * span);
  return clipByValue(add(minimum(inside, sub(2 * span, inside)), low), 0, extent - 1);
}

/** Keys 1981 with a = -0.75, for distances to the four taps around `t` behind the second. */
function cubicShares(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (d: Tensor): Tensor => add(mul(mul(sub(mul(d, a + 2), a + 3), d), d), 1);
  const far = (d: Tensor): Tensor => mul(sub(mul(add(mul(sub(d, 5), d), 8), d), 4), a);
  return [far(add(t, 1)), near(t), near(sub(1, t)), far(sub(2, t))];
}

function tapsOf(x: Tensor, mode: string): Tap[] {
  if (mode === 'nearest') return [{ place: round(x), share: add(mul(x, 0), 1) }];
  const low = floor(x);
  const t = sub(x, low);
  if (mode !== 'cubic') return [{ place: low, share: sub(1, t) }, { place: add(low, 1), share: t }];
  return cubicShares(t).map((share, index) => ({ place: add(low, index - 1), share }));
}

/** `[batch, channels, …]` looked up at the places of a grid `[batch, …, axes]` between -1 and 1, the last axis first. Jaderberg and others 2015. */
function gridSampled(call: LayerCallContext): Tensor {
  const [x, grid] = [floats(operand(call, 0)), floats(operand(call, 1))];
  const extents = x.shape.slice(2);
  const axes = extents.length;
  const [batch = 1, channels = 1] = x.shape;
  const [mode, border] = [({ bilinear: 'linear', bicubic: 'cubic' } as Readonly<Record<string, string>>)[wordOf(call, 'mode', 'linear')] ?? wordOf(call, 'mode', 'linear'), wordOf(call, 'padding_mode', 'zeros')];
  const aligned = numberOf(call, 'align_corners', 0) === 1;
  const places = grid.shape.slice(1, -1);
  const count = sizeOf(places);
  if (grid.shape[grid.rank - 1] !== axes || grid.shape[0] !== batch) throw misfit(call, `looks at places of shape [${grid.shape.join(', ')}] in an input of shape [${x.shape.join(', ')}]`);
  const flat = reshape(grid, [batch * count, axes]);
  const along = extents.map((extent, axis) => {
    // The last number of a place is that of the first axis.
    const own = reshape(matMul(flat, tensor(Array.from({ length: axes }, (_, row) => [Number(row === axes - 1 - axis)]))), [batch * count]);
    const at = aligned ? mul(add(own, 1), (extent - 1) / 2) : sub(mul(add(own, 1), extent / 2), 0.5);
    const held = mode === 'cubic' || border === 'zeros' ? at : border === 'border' ? clipByValue(at, 0, extent - 1) : reflected(at, extent, aligned);
    return tapsOf(held, mode).map(({ place, share }) => {
      const inside = border === 'reflection' ? reflected(place, extent, aligned) : place;
      if (border !== 'zeros') return { place: ints(clipByValue(inside, 0, extent - 1)), share };
      const there = cast(logicalAnd(greaterEqual(place, 0), lessEqual(place, extent - 1)), 'float32');
      return { place: ints(clipByValue(place, 0, extent - 1)), share: mul(share, there) };
    });
  });
  const rows = reshape(toChannelsLast(x), [batch * sizeOf(extents), channels]);
  const steps = stepsOf(extents);
  const base: Tap = { place: tensor(Int32Array.from({ length: batch * count }, (_, index) => Math.floor(index / count) * sizeOf(extents)), [batch * count], 'int32'), share: scalar(1) };
  const corners = along.reduce<Tap[]>((sofar, taps, axis) => sofar.flatMap((corner) => taps.map(({ place, share }) => ({ place: add(corner.place, mul(place, scalar(steps[axis] ?? 1, 'int32'))), share: mul(corner.share, share) }))), [base]);
  const looked = corners.map(({ place, share }) => mul(gather(rows, place), reshape(share, [batch * count, 1])));
  const [first = rows, ...others] = looked;
  return toChannelsFirst(reshape(others.reduce<Tensor>((total, one) => add(total, one), first), [batch, ...places, channels]));
}

/** The places of a grid turned by matrices `[batch, axes, axes + 1]`. */
function affineGrid(call: LayerCallContext): Tensor {
  const theta = floats(operand(call, 0));
  const [batch = 1, , ...extents] = numbersOf(call, 'size') ?? [...operand(call, 1).dataSync()];
  const aligned = numberOf(call, 'align_corners', 0) === 1;
  const steps = stepsOf(extents);
  const at = (index: number, extent: number): number => (aligned ? (extent === 1 ? 0 : -1 + (2 * index) / (extent - 1)) : (2 * index + 1) / extent - 1);
  const data = Array.from({ length: sizeOf(extents) }, (_, index) => [...extents.map((extent, axis) => at(Math.floor(index / (steps[axis] ?? 1)) % extent, extent)).reverse(), 1]).flat();
  const points = tensorOf(call, { dtype: 'float32', shape: [1, sizeOf(extents), extents.length + 1], data });
  return reshape(matMul(points, transpose(theta, [0, 2, 1])), [batch, ...extents, extents.length]);
}

/** Regions of interest as pictures of one size (He and others 2017). The regions are read as numbers: the gradient is that by the image. */
function regions(call: LayerCallContext): Tensor {
  const [x, boxes, numbers] = [floats(operand(call, 0)), operand(call, 1).dataSync(), operand(call, 2).dataSync()];
  const [, channels = 1, height = 1, width = 1] = x.shape;
  const [rows, columns] = [numberOf(call, 'output_height', 1), numberOf(call, 'output_width', 1)];
  const [scale, ratio] = [numberOf(call, 'spatial_scale', 1), numberOf(call, 'sampling_ratio', 0)];
  const half = wordOf(call, 'coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const greatest = wordOf(call, 'mode', 'avg') === 'max';
  const count = numbers.length;
  const bins: { places: number[]; shares: number[] }[] = [];
  for (let region = 0; region < count; region += 1) {
    const [left = 0, top = 0, right = 0, bottom = 0] = Array.from(boxes.subarray(4 * region, 4 * region + 4), (edge) => edge * scale - (half ? 0.5 : 0));
    const [high, wide] = half ? [bottom - top, right - left] : [Math.max(bottom - top, 1), Math.max(right - left, 1)];
    const [down, across] = [ratio > 0 ? ratio : Math.ceil(high / rows), ratio > 0 ? ratio : Math.ceil(wide / columns)];
    for (let bin = 0; bin < rows * columns; bin += 1) {
      const made: (typeof bins)[number] = { places: [], shares: [] };
      for (let sample = 0; sample < down * across; sample += 1) {
        const y = top + (high / rows) * (Math.floor(bin / columns) + (Math.floor(sample / across) + 0.5) / down);
        const z = left + (wide / columns) * ((bin % columns) + ((sample % across) + 0.5) / across);
        const outside = y < -1 || y > height || z < -1 || z > width;
        const [cy, cz] = [Math.min(Math.max(y, 0), height - 1), Math.min(Math.max(z, 0), width - 1)];
        const [y0, z0] = [Math.floor(cy), Math.floor(cz)];
        const base = (numbers[region] ?? 0) * height * width;
        for (const [ty, sy] of [[y0, 1 - (cy - y0)], [Math.min(y0 + 1, height - 1), cy - y0]] as const) for (const [tz, sz] of [[z0, 1 - (cz - z0)], [Math.min(z0 + 1, width - 1), cz - z0]] as const) {
          made.places.push(base + ty * width + tz);
          made.shares.push(outside ? 0 : (sy * sz) / (greatest ? 1 : Math.max(down * across, 1)));
        }
      }
      bins.push(made);
    }
  }
  const flat = reshape(toChannelsLast(x), [-1, channels]);
  const shape = [count, rows, columns, channels];
  const look = (places: number[], shares: number[]): Tensor => mul(gather(flat, tensor(Int32Array.from(places), [places.length], 'int32')), tensor(Float32Array.from(shares), [shares.length, 1]));
  if (!greatest) {
    const owner = tensor(Int32Array.from(bins.flatMap(({ places }, bin) => places.map(() => bin))), [bins.reduce((total, { places }) => total + places.length, 0)], 'int32');
    return toChannelsFirst(reshape(unsortedSegmentSum(look(bins.flatMap(({ places }) => places), bins.flatMap(({ shares }) => shares)), owner as Tensor1D, bins.length), shape));
  }
  const most = Math.max(1, ...bins.map(({ places }) => places.length));
  const filled = (list: number[]): number[] => Array.from({ length: most }, (_, index) => list[Math.min(index, list.length - 1)] ?? 0);
  const all = look(bins.flatMap(({ places }) => filled(places)), bins.flatMap(({ shares }) => filled(shares)));
  return toChannelsFirst(reshape(max(reshape(all, [bins.length, most, channels]), 1), shape));
}

/** Blocks of columns added up where they overlap: the opposite of taking the windows of a convolution. */
function columnsToImage(call: LayerCallContext): Tensor {
  const x = operand(call, 0);
  const [image, block] = [numbersOf(call, 'image_shape') ?? [...operand(call, 1).dataSync()], numbersOf(call, 'block_shape') ?? [...operand(call, 2).dataSync()]];
  const axes = image.length;
  const [strides, dilations, pads] = [numbersOf(call, 'strides') ?? image.map(() => 1), numbersOf(call, 'dilations') ?? image.map(() => 1), numbersOf(call, 'pads') ?? Array<number>(2 * axes).fill(0)];
  const [batch = 1, depth = 1] = x.shape;
  const taps = sizeOf(block);
  const channels = depth / taps;
  const counts = image.map((extent, axis) => Math.floor((extent + (pads[axis] ?? 0) + (pads[axis + axes] ?? 0) - (dilations[axis] ?? 1) * ((block[axis] ?? 1) - 1) - 1) / (strides[axis] ?? 1)) + 1);
  const size = sizeOf(image);
  const [blockSteps, countSteps, imageSteps] = [stepsOf(block), stepsOf(counts), stepsOf(image)];
  // Places outside the picture go to one more row, which is dropped.
  const places = Array.from({ length: taps * sizeOf(counts) }, (_, index) => {
    const [tap, window] = [Math.floor(index / sizeOf(counts)), index % sizeOf(counts)];
    const at = image.map((_extent, axis) => (Math.floor(window / (countSteps[axis] ?? 1)) % (counts[axis] ?? 1)) * (strides[axis] ?? 1) - (pads[axis] ?? 0) + (Math.floor(tap / (blockSteps[axis] ?? 1)) % (block[axis] ?? 1)) * (dilations[axis] ?? 1));
    return at.every((place, axis) => place >= 0 && place < (image[axis] ?? 0)) ? at.reduce((total, place, axis) => total + place * (imageSteps[axis] ?? 1), 0) : size;
  });
  const rows = reshape(transpose(reshape(x, [batch * channels, taps * sizeOf(counts)])), [places.length, batch * channels]);
  const put = unsortedSegmentSum(rows, tensor1d(Int32Array.from(places), 'int32'), size + 1);
  return reshape(transpose(gather(put, tensor(Int32Array.from({ length: size }, (_, index) => index), [size], 'int32'))), [batch, channels, ...image]);
}

/** Elements put back where MaxPool has found them. */
function unpooled(call: LayerCallContext): Tensor {
  const [x, places] = [floats(operand(call, 0)), operand(call, 1)];
  const [kernel, strides, pads] = [numbersOf(call, 'kernel_shape') ?? [], numbersOf(call, 'strides') ?? [], numbersOf(call, 'pads') ?? []];
  const whole = [...x.shape.slice(0, 2), ...x.shape.slice(2).map((extent, axis) => (extent - 1) * (strides[axis] ?? 1) + (kernel[axis] ?? 1) - (pads[axis] ?? 0) - (pads[axis + kernel.length] ?? 0))];
  const wanted = numbersOf(call, 'output_shape') ?? (call.args.length > 2 ? [...operand(call, 2).dataSync()] : whole);
  // Places count in the picture that was pooled; a larger one has it in its corner.
  const [from, to] = [stepsOf(whole), stepsOf(wanted)];
  const moved = tensor(Int32Array.from(places.dataSync(), (place) => from.reduce((total, step, axis) => total + (Math.floor(place / step) % (whole[axis] ?? 1)) * (to[axis] ?? 1), 0)), [places.size], 'int32');
  return reshape(unsortedSegmentSum(reshape(x, [x.size]), moved as Tensor1D, sizeOf(wanted)), wanted);
}

export const samplingOps = {
  GridSample: op(gridSampled), AffineGrid: op(affineGrid), RoiAlign: op(regions), Col2Im: op(columnsToImage), MaxUnpool: op(unpooled),
} satisfies Readonly<Record<string, LayerForward>>;
