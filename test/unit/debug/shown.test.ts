/** How values, losses and hit counts are shown and counted. */
import assert from 'node:assert/strict';
import type { TraceTensor } from '../../../src/engine/trace';
import { tensorOf } from '../../../src/debug/expression/values';
import { copyText, formatNumber, formatValue } from '../../../src/debug/format';
import { HitCounter, parseHitCondition } from '../../../src/debug/breakpoints/hits';
import { LossLog } from '../../../src/debug/loss-log';
import { TensorReader } from '../../../src/debug/reader';
import { Handles, valueEntry } from '../../../src/debug/scopes/variables';
import { Failure } from '../../../src/tensor/failure';

const floats = (shape: readonly number[], values: readonly number[]): ReturnType<typeof tensorOf> => tensorOf('float32', shape, Float32Array.from(values));

describe('values as text', () => {
  it('shows float32 with the digits that it has, integers whole, and hexadecimal on demand', () => {
    assert.deepEqual([Math.fround(0.1), Math.fround(1 / 3), 1e-30, 123456.789, -0, NaN, Infinity].map((value) => formatNumber(value, 'float32')), ['0.1', '0.3333333', '1e-30', '123456.8', '-0', 'NaN', 'Infinity']);
    assert.equal(formatNumber(0.1 + 0.2), '0.3');
    assert.equal(formatNumber(255, 'int32', { hex: true }), '0xff');
    assert.equal(formatNumber(-255, 'uint8', { hex: true }), '-0xff');
    assert.equal(formatNumber(1.5, 'float32', { hex: true }), '1.5');
    assert.equal(formatNumber(1, 'bool'), 'true');
  });

  it('shows a tensor by type, range, mean and norm, and by what is odd about it', () => {
    assert.equal(formatValue(floats([3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])), 'float32 3×4 · min 1 … max 12 · mean 6.5 · norm 25.5');
    assert.equal(formatValue(floats([3, 3], [NaN, 0, 0, -Infinity, 3, 4, 0, 0, 0])), 'float32 3×3 · min 0 … max 4 · mean 1 · norm 5 · zeros 5 (55.56 %) · NaN 1 (11.11 %) · infinite 1 (11.11 %)');
    assert.equal(formatValue(floats([1, 2], [NaN, NaN])), 'float32 1×2 · NaN 2 (100 %)');
    assert.equal(formatValue(floats([2, 5], new Array<number>(10).fill(0))), 'float32 2×5 · all zeros');
    assert.equal(formatValue(floats([0, 5], [])), 'float32 0×5 · empty');
    assert.equal(formatValue(floats([3], [1, 0.5, -2])), 'float32 3 [1, 0.5, -2]');
    assert.equal(formatValue(floats([], [2.5])), '2.5');
    assert.equal(formatValue(tensorOf('bool', [2, 2], Uint8Array.of(1, 0, 1, 1))), 'bool 2×2 · 3 true, 1 false');
    assert.equal(formatValue('forward'), 'forward');
  });

  it('copies tensors as nested arrays unless they are too large', () => {
    assert.equal(copyText(floats([2, 1, 2], [1, 2, 3, 4])), '[[[1, 2]], [[3, 4]]]');
    assert.equal(copyText(floats([2, 0], [])), '[[], []]');
    assert.match(copyText(tensorOf('float32', [400, 400], new Float32Array(160_000))), /too large to copy: 160000 elements/);
    assert.equal(copyText(3), '3');
  });

  it('unfolds a tensor axis by axis, only as far as asked', () => {
    const data = new Float32Array(1000 * 50).fill(1);
    let reads = 0;
    const { children } = valueEntry('w', { kind: 'tensor', dtype: 'float32', shape: [1000, 50], source: 3, data: () => { reads += 1; return data; } }, 'w');
    assert.equal(children?.indexed, 1000);
    const page = children?.entries(990, 100) ?? [];
    assert.deepEqual(page.map(({ name }) => name), ['990', '991', '992', '993', '994', '995', '996', '997', '998', '999']);
    assert.ok(reads <= 10);
    assert.deepEqual(page[0]?.children?.entries(48, 5).map(({ name, value, evaluateName }) => [name, value({}), evaluateName]), [['48', '1', 'w[990][48]'], ['49', '1', 'w[990][49]']]);
    assert.deepEqual(children?.entries(2000, 5), []);
  });
});

describe('hit counts', () => {
  it('understands all forms, and refuses others', () => {
    const hits = (text: string): number[] => [1, 2, 3, 4, 5, 6].filter(parseHitCondition(text));
    assert.deepEqual(['3', '==3', '= 3', '>4', '>= 5', '<2', ' <=2 ', '%3'].map(hits), [[3], [3], [3], [5, 6], [5, 6], [1], [1, 2], [3, 6]]);
    for (const text of ['', 'x', '%0', '-1', '1.5', '>>2', '99999999999999999999']) assert.throws(() => parseHitCondition(text), Failure, text);
  });

  it('numbers hits by where they are, in whatever order they come', () => {
    const counter = new HitCounter();
    assert.deepEqual([counter.count(0, 5), counter.count(2, 5), counter.count(2, 5), counter.count(1, 9), counter.count(2, 5), counter.count(0, 5), counter.count(2, 4)], [1, 2, 2, 2, 3, 1, 3]);
  });
});

describe('the log of losses', () => {
  it('writes each loss while they come slowly, and one for many when they come fast', () => {
    const lines: string[] = [];
    let time = 0;
    const log = new LossLog((text) => { lines.push(text); }, () => time);
    const losses = [0.5, 0.25, 0.125, 0.0625, 0.03125];
    log.passed(0, losses);
    for (const iteration of [1, 2, 3]) { time += 10; log.passed(iteration, losses); }
    log.reached(4, losses);
    log.reached(4, losses);
    log.reached(2, losses);
    log.reached(9, losses);
    log.restart();
    log.reached(0, losses);
    assert.deepEqual(lines, ['iteration 1: loss 0.5', 'iterations 2 to 5: loss 0.03125', 'iteration 1: loss 0.5']);
  });
});

describe('what a stop keeps at hand', () => {
  it('reads a tensor once, and forgets the oldest beyond its budget', () => {
    let reads = 0;
    const tensor = (id: number): TraceTensor => ({ id, dtype: 'float32', shape: [4], role: { kind: 'value' }, writer: 0, gradientOf: null, read: () => { reads += 1; return { dtype: 'float32', shape: [4], data: new Float32Array(4) }; } });
    const reader = new TensorReader(32), [a, b, c] = [tensor(0), tensor(1), tensor(2)];
    for (const wanted of [a, a, b, a, c, a]) reader.read(wanted);
    assert.equal(reads, 3);
    reader.read(b);
    assert.equal(reads, 4);
    assert.throws(() => reader.read({ ...a, dtype: 'string' }), Failure);
  });

  it('never gives an old handle a new meaning', () => {
    const handles = new Handles<string>();
    const first = handles.create('a');
    handles.clear();
    assert.notEqual(handles.create('b'), first);
    assert.throws(() => handles.get(first), /earlier stop/);
  });
});
