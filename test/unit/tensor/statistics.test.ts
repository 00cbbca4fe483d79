/** Statistics and histograms against values computed by hand and by the plain two-pass formulas. */
import assert from 'node:assert/strict';
import { histogramOf } from '../../../src/tensor/histogram';
import { statisticsOf } from '../../../src/tensor/statistics';

const close = (actual: number, expected: number, relative = 1e-12): void => {
  assert.ok(Math.abs(actual - expected) <= relative * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
};

describe('statistics of a tensor', () => {
  it('gives the values of a small tensor that can be reckoned by hand', () => {
    const found = statisticsOf(Float32Array.of(3, -4, 0, 0, 12));
    assert.deepEqual({ ...found, standardDeviation: 0 }, { count: 5, min: -4, max: 12, mean: 2.2, standardDeviation: 0, norm: 13, zeros: 2, nan: 0, infinite: 0 });
    close(found.standardDeviation, Math.sqrt((0.8 ** 2 + 6.2 ** 2 + 2 * 2.2 ** 2 + 9.8 ** 2) / 5));
  });

  it('counts NaN and infinities and keeps them out of everything else', () => {
    const found = statisticsOf(Float32Array.of(NaN, 1, Infinity, 3, -Infinity, NaN, -0));
    assert.deepEqual([found.count, found.nan, found.infinite, found.zeros, found.min, found.max], [7, 2, 2, 1, 0, 3].map((value, i) => (i === 4 ? -0 : value)));
    close(found.mean, 4 / 3);
    close(found.norm, Math.sqrt(10));
  });

  it('has no range where nothing is finite or nothing is there', () => {
    for (const data of [new Float32Array(), Float32Array.of(NaN, Infinity)]) {
      const found = statisticsOf(data);
      assert.ok([found.min, found.max, found.mean, found.standardDeviation].every(Number.isNaN));
      assert.equal(found.norm, 0);
      assert.equal(found.count, data.length);
    }
  });

  it('keeps a small deviation beside a large mean', () => {
    const data = Float64Array.from({ length: 1000 }, (_, i) => 1e8 + (i % 2 === 0 ? 0.001 : -0.001));
    close(statisticsOf(data).standardDeviation, 0.001, 1e-4);
  });

  it('reads every element type, 64-bit integers too', () => {
    for (const data of [Int8Array.of(-1, 5), Uint8Array.of(1, 0), Int32Array.of(-7, 7), BigInt64Array.of(-3n, 4n), BigUint64Array.of(1n, 2n), Float64Array.of(0.5, 1)]) {
      const [a, b] = [Number(data[0]), Number(data[1])];
      const found = statisticsOf(data);
      assert.deepEqual([found.min, found.max, found.mean], [Math.min(a, b), Math.max(a, b), (a + b) / 2]);
    }
  });

  it('agrees with two passes in double precision on many values', () => {
    const data = Float32Array.from({ length: 10_000 }, (_, i) => Math.sin(i) * (1 + (i % 7)));
    const found = statisticsOf(data);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    close(found.mean, mean);
    close(found.standardDeviation, Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length));
    close(found.norm, Math.hypot(...data));
  });

  it('goes through 25 million elements in well under a second', () => {
    const data = new Float32Array(25_000_000).fill(0.5);
    const started = process.cpuUsage();
    const found = statisticsOf(data);
    assert.ok(process.cpuUsage(started).user < 1e6);
    assert.deepEqual([found.count, found.mean, found.standardDeviation], [25_000_000, 0.5, 0]);
  });
});

describe('histogram of a tensor', () => {
  it('counts each value once, the edges in the outer bins', () => {
    const data = Float32Array.of(0, 0.5, 1, 1.5, 2, 4);
    const found = histogramOf(data, { min: 0, max: 4 }, 4);
    assert.deepEqual(found, { min: 0, max: 4, counts: [2, 2, 1, 1] });
  });

  it('leaves out NaN and infinity', () => {
    const data = Float32Array.of(NaN, 0, Infinity, 1, -Infinity);
    assert.deepEqual(histogramOf(data, statisticsOf(data), 2).counts, [1, 1]);
  });

  it('has one bin for equal values and none without finite ones', () => {
    const data = Float32Array.of(2, 2, 2, NaN);
    assert.deepEqual(histogramOf(data, statisticsOf(data)), { min: 2, max: 2, counts: [3] });
    const none = Float32Array.of(NaN);
    assert.deepEqual(histogramOf(none, statisticsOf(none)).counts, []);
  });

  it('keeps all values through extreme ranges', () => {
    for (const data of [Float64Array.of(-1.7e308, 0, 1.7e308), Float64Array.of(0, 5e-324), Float32Array.of(0, 1e-45)]) {
      const counts = histogramOf(data, statisticsOf(data)).counts;
      assert.equal(counts.reduce((sum, count) => sum + count, 0), data.length);
    }
  });
});
