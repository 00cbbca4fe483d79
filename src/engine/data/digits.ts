/** Handwritten-like digits, 28 × 28: strokes drawn with jitter, slant, rotation, thickness and noise, all from a seed. */
import type { Random } from './random';
import { createRandom } from './random';
import type { Examples } from './points';

const side = 28;

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

/** Points along an ellipse; angles in turns, 0 is right, clockwise (y runs downwards). */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Point[] {
  const steps = 14;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / steps);
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)] as const;
  });
}

/** Ways of writing each digit, in a unit square with y downwards. */
const shapes: readonly (readonly (readonly Stroke[])[])[] = [
  [[arc(0.5, 0.5, 0.27, 0.4, 0, 1)], [arc(0.5, 0.5, 0.34, 0.38, -0.2, 0.82)]],
  [[[[0.5, 0.1], [0.5, 0.9]]], [[[0.33, 0.3], [0.53, 0.1], [0.53, 0.9]]], [[[0.35, 0.28], [0.52, 0.1], [0.52, 0.9]], [[0.34, 0.9], [0.7, 0.9]]]],
  [[[...arc(0.5, 0.33, 0.25, 0.23, 0.52, 1.1), [0.22, 0.9], [0.8, 0.9]]], [[...arc(0.48, 0.32, 0.26, 0.22, 0.5, 1.12), ...arc(0.34, 0.8, 0.12, 0.09, 0.9, 0.3), [0.56, 0.86], [0.8, 0.86]]]],
  [[arc(0.46, 0.3, 0.25, 0.2, 0.58, 1.25), arc(0.46, 0.7, 0.28, 0.2, 0.75, 1.42)], [[[0.24, 0.12], [0.72, 0.12], [0.45, 0.44]], arc(0.46, 0.68, 0.26, 0.23, 0.74, 1.42)]],
  [[[[0.6, 0.1], [0.2, 0.62], [0.82, 0.62]], [[0.62, 0.35], [0.62, 0.92]]], [[[0.28, 0.12], [0.24, 0.52], [0.74, 0.52]], [[0.7, 0.12], [0.68, 0.92]]]],
  [[[[0.75, 0.12], [0.32, 0.12], [0.28, 0.46]], arc(0.46, 0.66, 0.27, 0.24, 0.68, 1.4)]],
  [[[[0.66, 0.1], [0.4, 0.34], [0.26, 0.62]], arc(0.5, 0.68, 0.24, 0.22, 0.5, 1.55)], [[...arc(0.6, 0.5, 0.34, 0.4, 0.8, 0.5), ...arc(0.5, 0.7, 0.24, 0.2, 0.5, 1.5)]]],
  [[[[0.22, 0.13], [0.78, 0.13], [0.42, 0.9]]], [[[0.22, 0.15], [0.78, 0.13], [0.45, 0.9]], [[0.36, 0.5], [0.7, 0.5]]]],
  [[arc(0.5, 0.3, 0.2, 0.19, 0.25, 1.25), arc(0.5, 0.7, 0.25, 0.21, -0.25, 0.75)]],
  [[arc(0.5, 0.32, 0.23, 0.22, 0, 1), [[0.73, 0.32], [0.7, 0.6], [0.58, 0.9]]], [[...arc(0.5, 0.32, 0.22, 0.22, 0, 1), [0.72, 0.4], [0.72, 0.9]]]],
];

/** `examples` digits: x float32 `[examples, 28, 28, 1]` in 0 … 1 (ink is 1), y int32 `[examples]`, every class equally often, in random order. */
export function generateDigits(examples: number, seed: number, noise = 0.08): Examples {
  const random = createRandom(seed, 'digits');
  const x = new Float32Array(examples * side * side);
  const y = Int32Array.from({ length: examples }, (_, i) => i % 10);
  for (let i = examples - 1; i > 0; i -= 1) {
    const j = random.integer(i + 1);
    const swap = y[i] ?? 0;
    y[i] = y[j] ?? 0;
    y[j] = swap;
  }
  y.forEach((digit, i) => { drawDigit(x.subarray(i * side * side, (i + 1) * side * side), digit, noise, random); });
  return { x: { dtype: 'float32', shape: [examples, side, side, 1], data: x }, y: { dtype: 'int32', shape: [examples], data: y } };
}

function drawDigit(pixels: Float32Array, digit: number, noise: number, random: Random): void {
  const ways = shapes[digit] ?? [];
  const strokes = ways[random.integer(ways.length)] ?? [];
  const scaleX = random.uniform(15, 21);
  const scaleY = random.uniform(18, 23);
  const slant = random.uniform(-0.25, 0.35);
  const turn = random.uniform(-0.12, 0.12);
  const center = { x: side / 2 + random.uniform(-2, 2), y: side / 2 + random.uniform(-2, 2) };
  const thickness = random.uniform(0.8, 1.7);
  const wobble = { x: random.uniform(-0.04, 0.04), y: random.uniform(-0.04, 0.04), phase: random.uniform(0, 6.28) };
  const place = ([px, py]: Point): Point => {
    const bentX = px - 0.5 + wobble.x * Math.sin(7 * py + wobble.phase) + 0.012 * random.normal();
    const bentY = py - 0.5 + wobble.y * Math.sin(7 * px + wobble.phase) + 0.012 * random.normal();
    const sx = scaleX * (bentX - slant * bentY);
    const sy = scaleY * bentY;
    return [center.x + sx * Math.cos(turn) - sy * Math.sin(turn), center.y + sx * Math.sin(turn) + sy * Math.cos(turn)];
  };
  for (const stroke of strokes) {
    const points = stroke.map(place);
    for (let i = 1; i < points.length; i += 1) drawSegment(pixels, points[i - 1] ?? [0, 0], points[i] ?? [0, 0], thickness);
  }
  if (noise > 0) {
    for (let i = 0; i < pixels.length; i += 1) pixels[i] = Math.min(1, Math.max(0, (pixels[i] ?? 0) + noise * random.normal()));
  }
}

/** Inks the pixels near a segment: full within the thickness, fading over one pixel. */
function drawSegment(pixels: Float32Array, [x0, y0]: Point, [x1, y1]: Point, thickness: number): void {
  const reach = thickness + 1;
  const length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const clip = (value: number): number => Math.min(side - 1, Math.max(0, Math.round(value)));
  for (let row = clip(Math.min(y0, y1) - reach); row <= clip(Math.max(y0, y1) + reach); row += 1) {
    for (let column = clip(Math.min(x0, x1) - reach); column <= clip(Math.max(x0, x1) + reach); column += 1) {
      const along = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((column - x0) * (x1 - x0) + (row - y0) * (y1 - y0)) / length2));
      const distance = Math.hypot(column - x0 - along * (x1 - x0), row - y0 - along * (y1 - y0));
      const ink = Math.min(1, Math.max(0, thickness + 0.5 - distance));
      const at = row * side + column;
      if (ink > (pixels[at] ?? 0)) pixels[at] = ink;
    }
  }
}
