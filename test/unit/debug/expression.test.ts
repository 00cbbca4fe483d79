/** The expression language: values against arithmetic done by hand, errors with their positions, limits, and a fuzzer. */
import assert from 'node:assert/strict';
import { completions } from '../../../src/debug/expression/completions';
import { evaluate, truth } from '../../../src/debug/expression/evaluate';
import { functions } from '../../../src/debug/expression/functions';
import { nearest } from '../../../src/engine/nearest';
import { parseExpression, parseMessage } from '../../../src/debug/expression/syntax';
import { Failure } from '../../../src/tensor/failure';
import { createRandom } from '../../../src/engine/data/random';
import { testScope } from './scope';

const scope = testScope();

/** Numbers, booleans and texts as they are; tensors as [shape, elements]. */
function result(text: string): unknown {
  const value = evaluate(parseExpression(text), scope);
  return typeof value === 'object' ? [value.shape, Array.from(value.data() as Float64Array, Number)] : value;
}

const cases: Readonly<Record<string, unknown>> = {
  // arithmetic and its precedence
  '1 + 2 * 3': 7, '(1 + 2) * 3': 9, '2 ** 3 ** 2': 512, '2 ^ 3': 8, '-2 ** 2': -4, '2 ** -1': 0.5, '7 % 4 - 1': 2, '8 / 2 / 2': 2, '10 - 4 - 3': 3, '- - 3': 3, '+.5e1': 5, '1.5E-1': 0.15,
  // comparisons and logic
  '1 < 2': true, '1 >= 2': false, '1 == 1.0': true, '1 !== 1': false, '"a" == "a"': true, "'a' != \"b\"": true, 'true && !false': true, 'not true or false': false, '1 < 2 and 2 < 1': false,
  'false && later': false, 'true || later': true, '1 + 1 == 2 && 3 > 2': true, 'word == "forward"': true, '"it\\"s" == "it\\"s"': true,
  // names
  loss: 0.5, s: [[], [2.5]], 's + 1': 3.5, dense: [[2, 3], [1, 2, 3, 4, 5, 6]], 'dense.output[0, 0]': 1, 'layer("a b/c").output[1, 2]': 6, 'shared#1.kernel': [[3], [1, -2, 2]], 'dense . kernel [ 0 ]': 1,
  'grad(a)[0, 0] < 0.11': true, 'a.grad[1, 2] > 0.59': true, 'nan == nan': false, 'inf > 1e300': true, 'pi > 3.14': true, 'nan != nan': true,
  // slices as in NumPy
  'a[0]': [[3], [1, 2, 3]], 'a[-1, -1]': 6, 'a[:, 1]': [[2], [2, 5]], 'a[1, ::2]': [[2], [4, 6]], 'a[0, ::-1]': [[3], [3, 2, 1]], 'a[0, 1:]': [[2], [2, 3]], 'a[0, :-1]': [[2], [1, 2]], 'a[0, 5:]': [[0], []],
  'a[0, -100:100]': [[3], [1, 2, 3]], 't[..., 3]': [[2, 2], [3, 7, 11, 15]], 't[1, ...]': [[2, 4], [8, 9, 10, 11, 12, 13, 14, 15]], 't[0, ..., 1:3]': [[2, 2], [1, 2, 5, 6]], 't[:, 1, 0]': [[2], [4, 12]],
  't[1][1][3]': 15, 'v[2 - 1]': 20, 'v[1,]': 20, 'a[0:1, 1:2]': [[1, 1], [2]], 'a[::-1, ::-1]': [[2, 3], [6, 5, 4, 3, 2, 1]], 't[0, 0, 2:0:-1]': [[2], [2, 1]], 'a[...]': [[2, 3], [1, 2, 3, 4, 5, 6]],
  // elementwise with broadcasting
  'a + v': [[2, 3], [11, 22, 33, 14, 25, 36]], 'a * 2 > 6': [[2, 3], [0, 0, 0, 1, 1, 1]], 'a[:, 0:1] + v': [[2, 3], [11, 21, 31, 14, 24, 34]], '-v': [[3], [-10, -20, -30]], '!b': [[3], [0, 1, 0]], 'a - a == 0': [[2, 3], [1, 1, 1, 1, 1, 1]],
  't[0] - t[1]': [[2, 4], [-8, -8, -8, -8, -8, -8, -8, -8]], 'long * 2': [[2], [6, -8]], 'where(a > 3, a, 0)': [[2, 3], [0, 0, 0, 4, 5, 6]], 'where(b, v, -1)': [[3], [10, -1, 30]], 'empty + 1': [[0], []],
  // functions
  'norm(dense.kernel)': 3, 'mean(a)': 3.5, 'sum(a)': 21, 'min(a)': 1, 'max(a)': 6, 'min(a, 3)': [[2, 3], [1, 2, 3, 3, 3, 3]], 'max(1, 2)': 2, 'abs(dense.kernel)': [[3], [1, 2, 2]], 'std(v) ** 2 - var(v) < 1e-9': true,
  'var(v) > 66.6 && var(v) < 66.7': true, 'shape(a)': [[2], [2, 3]], 'size(t)': 16, 'rank(t)': 3, 'any(isnan(n))': true, 'all(isfinite(n))': false, 'count(isinf(n))': 1, 'isnan(loss)': false, 'argmax(v)': 2, 'argmin(v)': 0,
  'mean(a, axis=0)': [[3], [2.5, 3.5, 4.5]], 'sum(a, axis=-1)': [[2], [6, 15]], 'max(t, axis=1)[0]': [[4], [4, 5, 6, 7]], 'any(a > 5, axis=1)': [[2], [0, 1]], 'sum(empty)': 0, 'max(empty)': NaN, 'max(n)': NaN, 'min(n[1:])': -1,
  'sqrt(4) + exp(0) + log(1) + sign(-2) + round(1.4) + floor(1.9) + ceil(1.1)': 6, 'reshape(a, 3, 2)[2]': [[2], [5, 6]], 'a.shape[0]': 2, 'a.size': 6, 'a.rank': 2, 'a.dtype': 'float32', 'shape(big)': [[2], [4096, 4096]], 'norm(sum(a, axis=0))': Math.sqrt(25 + 49 + 81),
};

const failures: Readonly<Record<string, readonly [code: string, sentence: RegExp]>> = {
  '': ['expression.empty', /no expression/], 'a +': ['expression.syntax', /too early \(position 4/], 'a b': ['expression.syntax', /"b" does not fit here \(position 3/], '1 < 2 < 3': ['expression.syntax', /"<" does not fit here/],
  'f)': ['expression.syntax', /position 2/], '3x': ['expression.syntax', /position/], 'x = 3': ['expression.syntax', /"=" does not fit/], '"open': ['expression.syntax', /./], 'a[1': ['expression.syntax', /too early/], 'a..b': ['expression.syntax', /./],
  dens: ['expression.name', /'dens' is not a tensor, layer or weight of this network; did you mean 'dense'\? \(position 1 of "dens"\)/], later: ['expression.later', /backward phase \(position 1 of "later"\)\.$/], '1 + norm(later)': ['expression.later', /position 10/],
  'dense.kernl': ['expression.member', /has no 'kernl'; did you mean 'kernel'\?/], 'a.T': ['expression.member', /A tensor has no 'T'/], 'layer("nowhere")': ['expression.name', /no layer 'nowhere'/], 'layer(1)': ['expression.argument', /in quotes/], 'layer("a b/c")': ['expression.value', /no value by itself; it has output/],
  'nrm(a)': ['expression.function', /did you mean 'norm'/], 'norm()': ['expression.argument', /takes 1 value, not 0/], 'norm(a, 1)': ['expression.argument', /not 2/], 'norm(a, axes=1)': ['expression.argument', /no parameter 'axes'/], 'mean(a, axis=2)': ['expression.axis', /Axis 2 does not exist/], 'abs(a, axis=0)': ['expression.argument', /./],
  'a[2]': ['expression.index', /Index 2 lies outside axis 0, which has 2 elements/], 'a[0, 0, 0]': ['expression.index', /at most 2 indices/], 'a[0.5]': ['expression.index', /whole number/], 'a[a]': ['expression.index', /./], 'a[..., ...]': ['expression.index', /Only one/], 'a[::0]': ['expression.index', /steps of 0/], 'loss[0]': ['expression.index', /at most 0/],
  'a + t': ['expression.shape', /Shapes \[2, 3\] and \[2, 2, 4\] do not fit/], '"x" + 1': ['expression.type', /not the text "x"/], 'grad(a[0])': ['expression.type', /as it is/], 'grad(v)': ['expression.gradient', /No gradient/], 'reshape(a, 4)': ['expression.shape', /cannot become/], 'a && true': ['expression.type', /any\(…\) or all\(…\)/], '!"a"': ['expression.type', /./],
  'reshape(big, 16777216, 1) + reshape(big, 1, 16777216)': ['expression.large', /Take a slice/], 'big + big + big + big + big + big + big + big + big + big': ['expression.large', /./],
};

describe('expressions', () => {
  for (const [text, expected] of Object.entries(cases)) {
    it(`evaluates ${text}`, () => { assert.deepEqual(result(text), expected); });
  }
  for (const [text, [code, sentence]] of Object.entries(failures)) {
    it(`refuses ${text === '' ? 'nothing' : text} with a sentence`, () => {
      assert.throws(() => { result(text); }, (error) => {
        assert.ok(error instanceof Failure, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, sentence);
        assert.ok(!error.message.includes('\n') && error.message.endsWith('.'), error.message);
        return true;
      });
    });
  }

  it('holds as a condition when it is true, or a number that is not zero', () => {
    const holds = (text: string): boolean => truth(evaluate(parseExpression(text), scope));
    assert.deepEqual(['true', '2', 's > 2', 's', '0', 'nan', 'false'].map(holds), [true, true, true, true, false, false, false]);
    assert.throws(() => holds('a > 1'), /any\(…\)/);
    assert.throws(() => holds('"yes"'), /not text/);
  });

  it('reads no elements for a shape, and none of the tensor outside a slice along the first axis', () => {
    const forbidden = { ...scope, lookup: () => ({ kind: 'tensor' as const, dtype: 'float32' as const, shape: [7, 5], source: 1, data: () => { throw new Error('read'); } }) };
    assert.deepEqual(evaluate(parseExpression('size(x) + x.shape[1]'), forbidden), 40);
    const data = new Float32Array(35);
    const shared = { ...scope, lookup: () => ({ kind: 'tensor' as const, dtype: 'float32' as const, shape: [7, 5], source: 1, data: () => data }) };
    const row = evaluate(parseExpression('x[2]'), shared);
    assert.ok(typeof row === 'object' && row.data().buffer === data.buffer);
  });

  it('takes log messages apart', () => {
    const parts = (text: string): unknown => parseMessage(text).map((part) => (typeof part === 'string' ? part : { text: part.text }));
    assert.deepEqual(parts('loss {loss} of \\{n\\} {norm(a)}'), ['loss ', { text: 'loss' }, ' of ', '{', 'n', '}', ' ', { text: 'norm(a)' }]);
    assert.deepEqual(parts('plain'), ['plain']);
    assert.deepEqual(parts('open {loss'), ['open ', '{', 'loss']);
    assert.throws(() => parts('x {1 +}'), Failure);
  });

  it('completes names, members and functions, whatever has been typed', () => {
    const labels = (text: string, column = text.length): string[] => completions(text, column, scope).map(({ label }) => label);
    assert.deepEqual(labels('norm(den'), ['dense']);
    assert.deepEqual(labels('dense.ker'), ['kernel']);
    assert.ok(labels('a.').includes('shape'));
    assert.deepEqual(labels('layer("a b/c").'), ['output']);
    assert.deepEqual(labels('nowhere.'), []);
    assert.deepEqual(labels('a[0].'), labels('').length > 0 ? labels('a[0].') : []);
    assert.ok(labels('').length > functions.size);
    assert.deepEqual(completions('1 + no', 6, scope), [{ label: 'norm', kind: 'function', detail: 'norm(x, axis=…): Euclidean norm', start: 4, length: 2 }]);
  });

  it('suggests names that are near, and none that are not', () => {
    assert.deepEqual(nearest('conv9', ['conv2d', 'conv2_d', 'dense']), []);
    assert.deepEqual(nearest('conv2_d', ['conv2d', 'dense']), ['conv2d']);
    assert.deepEqual(nearest('Dense_1', ['dense_1', 'dense_2']), ['dense_1']);
    assert.deepEqual(nearest('tf', ['op', 'x']), []);
  });

  it('never throws anything but a Failure, and never hangs, on anything that can be typed', function () {
    this.timeout(60_000);
    const random = createRandom('fuzz');
    const pieces = ['a', 'v', 't', 's', 'n', 'b', 'loss', 'dense', '.kernel', '.output', '.grad', '[', ']', '(', ')', '[0]', '[-1]', '[::2]', '[...]', ':', ',', '...', '+', '-', '*', '/', '%', '**', '^', '==', '!=', '<', '>=', '&&', '||', '!', 'not ',
      ' and ', 'norm(', 'mean(', 'axis=', 'grad(', 'layer(', '"a b/c"', "'", '"', '\\', '0', '1', '2.5', '1e9', '1e999', '-', ' ', '#', 'shape(', 'where(', 'reshape(', '{', '}', 'é', '\u0000', '$', '_', '`', ';', '=', '__proto__', 'constructor', '.constructor', 'toString', 'true', 'nan'];
    const nested = ['('.repeat(500), '['.repeat(500), 'a['.repeat(60), '-'.repeat(900), '!'.repeat(900), `${'('.repeat(30)}1${')'.repeat(30)}`, `${'norm('.repeat(35)}a${')'.repeat(35)}`, `1${' ** 1'.repeat(150)}`, `1${' + 1'.repeat(200)}`, `a${'.a'.repeat(400)}`, `a${'[0]'.repeat(300)}`, 'x'.repeat(2000), `"${'\\'.repeat(500)}`];
    for (let i = 0; i < 5_000; i += 1) {
      const text = nested[i] ?? Array.from({ length: 1 + random.integer(14) }, () => pieces[random.integer(pieces.length)]).join('');
      for (const attempt of [() => { truth(evaluate(parseExpression(text), scope)); }, () => { parseMessage(text); }]) {
        try {
          attempt();
        } catch (error) {
          assert.ok(error instanceof Failure, `${JSON.stringify(text)}: ${String(error)}`);
          assert.ok(error.message.length < 400, error.message);
        }
      }
      completions(text, random.integer(text.length + 1), scope);
    }
  });
});
