import assert from 'node:assert/strict';
import { generateDigits } from '../../../src/engine/data/digits';
import { generatePoints, pointGenerators } from '../../../src/engine/data/points';
import { createRandom, hashSeed } from '../../../src/engine/data/random';

describe('seeded random numbers', () => {
  it('repeat with the same seed and differ with another', () => {
    const draw = (seed: number): number[] => { const random = createRandom(seed, 'x'); return Array.from({ length: 5 }, () => random.next()); };
    assert.deepEqual(draw(1), draw(1));
    assert.notDeepEqual(draw(1), draw(2));
    assert.notEqual(hashSeed(1, 'a'), hashSeed(1, 'b'));
  });

  it('have the moments of their distributions', () => {
    const random = createRandom(3);
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const uniform = Array.from({ length: 50_000 }, () => random.next());
    const normal = Array.from({ length: 50_000 }, () => random.normal());
    assert.ok(Math.abs(mean(uniform) - 0.5) < 0.01);
    assert.ok(Math.abs(mean(uniform.map((value) => value ** 2)) - 1 / 3) < 0.01);
    assert.ok(Math.abs(mean(normal)) < 0.02);
    assert.ok(Math.abs(mean(normal.map((value) => value ** 2)) - 1) < 0.03);
    assert.ok(uniform.every((value) => value >= 0 && value < 1));
  });
});

describe('generators of points', () => {
  for (const name of Object.keys(pointGenerators) as (keyof typeof pointGenerators)[]) {
    it(`${name}: as many of each class, the same for a seed, learnable by a nearest neighbour`, () => {
      const { x, y } = generatePoints(name, 400, 5);
      assert.deepEqual(x.shape, [400, 2]);
      assert.equal([...y.data].filter((label) => label === 1).length, 200);
      assert.deepEqual(generatePoints(name, 400, 5), { x, y });
      assert.notDeepEqual(generatePoints(name, 400, 6).x.data, x.data);
      const nearest = (i: number): number => {
        let best = { distance: Infinity, label: -1 };
        for (let j = 0; j < 400; j += 1) {
          const distance = (Number(x.data[2 * i]) - Number(x.data[2 * j])) ** 2 + (Number(x.data[2 * i + 1]) - Number(x.data[2 * j + 1])) ** 2;
          if (j !== i && distance < best.distance) best = { distance, label: Number(y.data[j]) };
        }
        return best.label;
      };
      const right = Array.from({ length: 400 }, (_, i) => (nearest(i) === Number(y.data[i]) ? 1 : 0)).reduce<number>((a, b) => a + b, 0);
      assert.ok(right >= 360, `${right} of 400`);
    });
  }
});

describe('generated digits', () => {
  it('are 28 × 28, in 0 … 1, evenly spread over the ten classes and the same for a seed', () => {
    const { x, y } = generateDigits(200, 1);
    assert.deepEqual([x.shape, y.shape], [[200, 28, 28, 1], [200]]);
    assert.ok((x.data as Float32Array).every((value) => value >= 0 && value <= 1));
    for (let digit = 0; digit < 10; digit += 1) assert.equal([...y.data].filter((label) => label === digit).length, 20);
    assert.deepEqual(generateDigits(200, 1), { x, y });
    assert.notDeepEqual(generateDigits(200, 2).x.data, x.data);
  });

  it('are drawn by hand anew each time: no two of a class are alike, and all have ink', () => {
    const { x, y } = generateDigits(100, 4, 0);
    const pictures = Array.from({ length: 100 }, (_, i) => (x.data as Float32Array).slice(i * 784, (i + 1) * 784));
    assert.equal(new Set(pictures.map((picture) => picture.join())).size, 100);
    pictures.forEach((picture, i) => {
      const ink = picture.reduce((a, b) => a + b, 0);
      assert.ok(ink > 25 && ink < 260, `digit ${String(y.data[i])} has ink ${ink}`);
    });
  });
});
