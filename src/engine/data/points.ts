/** Two-dimensional data sets for classifiers: seeded points with their class, 0 or 1. */
import type { TensorValue } from '../../tensor/value';
import { createRandom } from './random';
import type { Random } from './random';

export interface Examples { readonly x: TensorValue; readonly y: TensorValue }

type Point = readonly [x: number, y: number];
/** Draws one point of class 0 or 1; `noise` is the spread, 0 for none. */
type Draw = (label: number, noise: number, random: Random) => Point;

/** Each generator draws points roughly within [-1, 1]². */
export const pointGenerators: Readonly<Record<'clusters' | 'circles' | 'xor' | 'spiral', { readonly noise: number; readonly draw: Draw }>> = {
  /** Two normal clouds around (-0.5, -0.5) and (0.5, 0.5). */
  clusters: {
    noise: 0.2,
    draw: (label, noise, random) => {
      const center = label === 0 ? -0.5 : 0.5;
      return [center + noise * random.normal(), center + noise * random.normal()];
    },
  },
  /** A ring (class 0) around a disc (class 1). */
  circles: {
    noise: 0.05,
    draw: (label, noise, random) => {
      const radius = label === 0 ? random.uniform(0.7, 1) : 0.5 * Math.sqrt(random.next());
      const angle = random.uniform(0, 2 * Math.PI);
      return [radius * Math.cos(angle) + noise * random.normal(), radius * Math.sin(angle) + noise * random.normal()];
    },
  },
  /** Class 1 where the coordinates differ in sign. */
  xor: {
    noise: 0.05,
    draw: (label, noise, random) => {
      const sign = random.next() < 0.5 ? -1 : 1;
      const x = sign * random.uniform(0.1, 1);
      const y = (label === 1 ? -sign : sign) * random.uniform(0.1, 1);
      return [x + noise * random.normal(), y + noise * random.normal()];
    },
  },
  /** Two arms of an Archimedean spiral, half a turn apart. */
  spiral: {
    noise: 0.02,
    draw: (label, noise, random) => {
      const radius = random.uniform(0.05, 1);
      const angle = 3.5 * Math.PI * radius + label * Math.PI;
      return [radius * Math.cos(angle) + noise * random.normal(), radius * Math.sin(angle) + noise * random.normal()];
    },
  },
};

/** `examples` points, classes in turn: x float32 `[examples, 2]`, y int32 `[examples]`. */
export function generatePoints(name: keyof typeof pointGenerators, examples: number, seed: number, noise?: number): Examples {
  const { draw, noise: usual } = pointGenerators[name];
  const random = createRandom(seed, 'points', name);
  const x = new Float32Array(examples * 2);
  const y = new Int32Array(examples);
  for (let i = 0; i < examples; i += 1) {
    const label = i % 2;
    x.set(draw(label, noise ?? usual, random), i * 2);
    y[i] = label;
  }
  return { x: { dtype: 'float32', shape: [examples, 2], data: x }, y: { dtype: 'int32', shape: [examples], data: y } };
}
