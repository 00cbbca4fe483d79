import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { inspect, inspectClipped, inspectPart, inspectWhole } from '../../../src/debug/inspect/inspector';
import type { InspectOptions } from '../../../src/debug/inspect/inspector';
import { Failure } from '../../../src/tensor/failure';
import { pythonWith } from '../../pythons';

let python = '';

/** A program that has run `setup`; the debugger evaluates in a function's frame and answers with the repr of the text. */
const run = (setup: string, text: string): Promise<string> => {
  const program = `import base64, sys\n${setup}\ndef frame():\n    local = 3\n    before = (set(globals()), set(locals()))\n    answer = eval(sys.stdin.read(), globals(), locals())\n    assert set(globals()) == before[0], 'globals changed'\n    return answer\nprint(repr(frame()))`;
  const { stdout, stderr, status } = spawnSync(python, ['-c', program], { input: text, encoding: 'utf8', maxBuffer: 1 << 26 });
  return Promise.resolve(status === 0 ? stdout.trim() : `error: ${stderr}`);
};
const look = (setup: string, expression: string, options?: InspectOptions) => inspect('debugpy', expression, (text) => run(setup, text), options);
const valuesOf = async (...args: Parameters<typeof look>): Promise<{ shape: readonly number[]; dtype: string; values: number[] }> => {
  const seen = await look(...args);
  return seen.kind === 'tensor' ? { shape: seen.picture.shape, dtype: seen.picture.dtype, values: [...new Float32Array(seen.picture.values)] } : assert.fail();
};
const fails = (code: string, word: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof Failure && error.code === code && word.test(error.message), String(error));
  return true;
};

describe('A paused Python program', () => {
  const needs = (modules: readonly string[], title: string, body: () => Promise<void>): void => {
    const found = pythonWith(modules);
    if ('python' in found) it(title, () => { python = found.python; return body(); });
    else it(`${title} (skipped: ${found.missing})`);
  };

  needs(['numpy'], 'shows NumPy arrays: slices, statistics, histograms', async () => {
    const seen = await look('import numpy as np\na = np.arange(48, dtype="float32").reshape(2, 3, 4, 2)', 'a', { example: 1 });
    assert.ok(seen.kind === 'tensor');
    const { picture } = seen;
    assert.deepEqual([picture.tiles, picture.rows, picture.columns, picture.dtype], [2, 3, 4, 'float32']);
    assert.deepEqual([...new Float32Array(picture.values)], [0, 1].flatMap((channel) => Array.from({ length: 12 }, (_, i) => 24 + 2 * i + channel)));
    assert.deepEqual([picture.statistics.min, picture.statistics.max, picture.statistics.mean, picture.histogram.counts.reduce((a, b) => a + b)], [0, 47, 23.5, 48]);
  });

  needs(['numpy'], 'gives windows at full resolution, and percentiles of the whole', async () => {
    const evaluate = (text: string): Promise<string> => run('import numpy as np\na = np.arange(12000, dtype="float32").reshape(3, 50, 40, 2)\na[0, 0, 0, 0] = np.nan', text);
    const slice = { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 2 } };
    const values = new Float32Array(await inspectPart('debugpy', 'a', evaluate, slice, { tile: 1, tiles: 1, row: 10, rows: 2, column: 37, columns: 3 }));
    assert.deepEqual([...values], [10, 11].flatMap((row) => [37, 38, 39].map((column) => ((2 * 50 + row) * 40 + column) * 2 + 1)));
    await assert.rejects(inspectPart('debugpy', 'a', evaluate, slice, { tile: 1, tiles: 2, row: 0, rows: 1, column: 0, columns: 1 }), fails('inspect.slice', /does not fit/));
    const { low, high, histogram } = await inspectClipped('debugpy', 'a', evaluate, 1);
    // Of 1 … 11,999: the percentile lies 1 % of the way from the first to the last.
    assert.ok(Math.abs(low - (1 + 0.01 * 11_998)) < 1e-2 && Math.abs(high - (1 + 0.99 * 11_998)) < 1e-2, `${low} ${high}`);
    assert.equal(histogram.counts.reduce((a, b) => a + b), 11_999 - 2 * 120);
  });

  needs(['numpy'], 'shows expressions over local names, lists, bytes and scalars', async () => {
    assert.deepEqual(await valuesOf('import numpy as np', '[[1, 2, local], [4, 5, 6]]'), { shape: [2, 3], dtype: 'float64', values: [1, 2, 3, 4, 5, 6] });
    assert.deepEqual((await valuesOf('import numpy as np', 'bytes([1, 2, 3, 4])', { shape: [2, 2] })).shape, [2, 2]);
    assert.deepEqual((await valuesOf('import numpy as np', 'np.float32(2.5)')).values, [2.5]);
  });

  needs(['numpy'], 'reduces a large array by whole blocks and keeps NaN visible', async () => {
    const seen = await look('import numpy as np\na = np.ones((1000, 1000), "float32"); a[0, 0] = np.nan', 'a', { maxElements: 10_000 });
    assert.ok(seen.kind === 'tensor');
    assert.deepEqual([seen.picture.reduction, seen.picture.rows, seen.picture.columns, seen.picture.statistics.nan], [10, 100, 100, 1]);
    assert.ok(Number.isNaN(new Float32Array(seen.picture.values)[0]));
    assert.equal(new Float32Array(seen.picture.values)[1], 1);
  });

  needs(['numpy'], 'answers with a sentence for what it cannot show', async () => {
    await assert.rejects(look('a = "text"', 'a'), fails('inspect.not-a-tensor', /"a" is no tensor but a builtins.str/));
    await assert.rejects(look('a = [[1, 2], [3]]', 'a'), fails('inspect.ragged', /do not all have 2 elements/));
    await assert.rejects(look('import numpy as np\na = np.zeros((0, 3))', 'a'), fails('inspect.empty', /no elements/));
    await assert.rejects(look('import numpy as np\na = np.array(["x"])', 'a'), fails('inspect.unreadable', /elements of type/));
    await assert.rejects(look('', 'missing'), fails('inspect.answer', /NameError/));
  });

  needs(['PIL', 'numpy'], 'shows PIL pictures', async () => {
    const { shape, values } = await valuesOf('from PIL import Image\na = Image.new("RGB", (3, 2), (1, 2, 3))', 'a');
    assert.deepEqual(shape, [1, 2, 3, 3]);
    assert.deepEqual(values, [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3]);
  });

  needs(['numpy'], 'counts a large array after its first picture, and one of 10^9 elements by a sample', async () => {
    const setup = 'import numpy as np\na = np.broadcast_to(np.float32(3), (1000, 1000, 1000))';
    const first = await look(setup, 'a', { numbers: 'later' });
    assert.ok(first.kind === 'tensor' && first.whole === null && first.picture.statistics.mean === 3);
    const { sampled, statistics, checksums, blockLength } = await inspectWhole('debugpy', 'a', (text) => run(setup, text));
    assert.deepEqual([sampled, statistics.count, statistics.min, statistics.max, blockLength, checksums.length], [3815, 262_124, 3, 3, 64, 4096]);
  });

  needs(['numpy', 'ml_dtypes'], 'widens of 10^9 elements of a narrow type only those that it counts or shows', async () => {
    const { shape, dtype, values } = await valuesOf('import numpy as np, ml_dtypes, resource\nresource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\na = np.broadcast_to(np.array(-2.5, ml_dtypes.bfloat16), (1000, 1000, 1000))', 'a', { maxElements: 100 });
    assert.deepEqual([dtype, new Set(values)], ['bfloat16', new Set([-2.5])]);
    assert.equal(shape.length, 3);
  });

  needs(['numpy'], 'tells by checksums which elements are others', async () => {
    const sums = async (values: string): Promise<number[]> => {
      const seen = await look(`import numpy as np\na = np.array(${values})`, 'a');
      return seen.kind === 'tensor' ? [...seen.whole?.checksums ?? []] : assert.fail();
    };
    const [before, after] = [await sums('[1.0, 2.0, 3.0]'), await sums('[1.0, 2.0000000001, 3.0]')];
    assert.deepEqual(before.map((sum, i) => sum === after[i]), [true, false, true]);
  });
});
