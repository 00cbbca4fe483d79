import assert from 'node:assert/strict';
import { colorMap, colorOf, domainOf } from '../../src/tensor/colormap';
import type { ThemeKind } from '../../src/tensor/colormap';
import type { TensorCard } from '../../src/protocol/run';
import { pictureOf } from '../../src/tensor/picture';
import { cardRows } from '../../webview/render/tensor/cards';
import { columnNumber, compact, exactNumber, fitText, shapeText, shortNumber } from '../../webview/render/numbers';
import { paint, wholeTiles } from '../../webview/render/tensor/pixels';
import type { Scene } from '../../webview/render/tensor/pixels';
import { offsetPolyline, segmentsOf } from '../../webview/render/graph/polyline';
import { arrangeTiles, cellAt, cellOf, indexOf, neighbourCell, offsetOf, sliceText, tileRect } from '../../webview/render/tensor/tiles';
import { windowAround } from '../../webview/render/tensor/numbers-window';
import { noise, statistics } from './fixtures/values';

const themes: readonly ThemeKind[] = ['dark', 'light', 'hcDark', 'hcLight'];
/** Relative luminance (WCAG 2). */
function luminance(color: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = color.map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('colour maps', () => {
  for (const theme of themes) {
    it(`show zero as the ${theme} background and grow away from it on both sides`, () => {
      const map = colorMap('diverging', theme);
      const at = (value: number) => colorOf(map, { low: -1, high: 1 }, value);
      const dark = theme === 'dark' || theme === 'hcDark';
      assert.ok(dark ? luminance(at(0)) < 0.03 : luminance(at(0)) > 0.9);
      for (const sign of [-1, 1]) {
        for (let step = 0; step < 9; step++) {
          const [near, far] = [luminance(at((sign * step) / 10)), luminance(at((sign * (step + 1)) / 10))];
          assert.ok(dark ? far >= near : far <= near, `${sign * step}`);
        }
      }
      const [negative, positive] = [at(-1), at(1)];
      assert.ok(negative[2] > negative[0] + 80 && positive[0] > positive[2] + 80, 'blue below zero, orange above');
    });
  }

  it('rise in lightness from end to end in the sequential map, so that it reads in grey', () => {
    const map = colorMap('sequential', 'dark');
    for (let value = 0; value < 1; value += 0.05) assert.ok(luminance(colorOf(map, { low: 0, high: 1 }, value + 0.05)) > luminance(colorOf(map, { low: 0, high: 1 }, value)));
  });

  it('tell NaN and the infinities from every number', () => {
    for (const kind of ['diverging', 'sequential'] as const) {
      for (const theme of themes) {
        const map = colorMap(kind, theme);
        const special = [NaN, Infinity, -Infinity].map((value) => colorOf(map, { low: -1, high: 1 }, value));
        for (const color of special) {
          for (let entry = 0; entry < 256; entry++) {
            const distance = Math.hypot(...color.map((part, index) => part - (map.table[entry * 4 + index] ?? 0)));
            assert.ok(distance > 60, `${kind} ${theme} ${color.join()} is like entry ${entry}`);
          }
        }
      }
    }
  });

  it('centre the domain of signed values on zero, and give constants a domain', () => {
    assert.deepEqual(domainOf('diverging', -0.2, 0.6), { low: -0.6, high: 0.6 });
    assert.deepEqual(domainOf('sequential', 0, 3), { low: 0, high: 3 });
    assert.deepEqual(domainOf('diverging', 0, 0), { low: -1, high: 1 });
    assert.deepEqual(domainOf('sequential', 2, 2), { low: 2, high: 3 });
    assert.deepEqual(domainOf('sequential', NaN, Infinity), { low: 0, high: 1 });
  });
});

describe('tiles', () => {
  const kernel = pictureOf(noise([5, 5, 6, 16], 1, 3), { name: 'kernel', use: 'weight' });
  const floats = new Float32Array(kernel.values);
  const space = { width: 600, height: 200, scale: 1 };
  const arrangement = arrangeTiles(kernel, space);

  it('fit into their space', () => {
    for (const shape of [[5, 5, 6, 16], [400, 120], [120], [32, 28, 28, 1], [3, 3, 64, 64], [1], [7, 1], [1, 512]]) {
      const picture = pictureOf(noise(shape, 1, 1), { name: '', use: 'weight' });
      const { width, height } = arrangeTiles(picture, space);
      assert.ok(width <= 601 && height <= 201, `${shape.join('×')} takes ${width}×${height}`);
    }
  });

  it('follow the tensor where there is room: a row of tiles an input channel', () => assert.equal(arrangement.perRow, 16));

  it('tell which element lies where, there and back', () => {
    for (const cell of [{ tile: 0, row: 0, column: 0 }, { tile: 17, row: 2, column: 3 }, { tile: 95, row: 4, column: 4 }]) {
      const rect = tileRect(arrangement, kernel, cell.tile);
      const point = [rect.x + (cell.column + 0.5) * arrangement.cellWidth, rect.y + (cell.row + 0.5) * arrangement.cellHeight] as const;
      assert.deepEqual(cellAt(arrangement, kernel, ...point), cell);
      assert.deepEqual(cellOf(kernel, indexOf(kernel, cell)), cell);
    }
    assert.deepEqual(indexOf(kernel, { tile: 17, row: 2, column: 3 }), [2, 3, 1, 1]);
    assert.equal(cellAt(arrangement, kernel, -1, 0), null);
    assert.equal(cellAt(arrangement, kernel, tileRect(arrangement, kernel, 0).width + 0.5, 1), null, 'gaps belong to none');
    assert.equal(sliceText(kernel, [2, 3, 1, 2]), '[:, :, 1, 2]');
  });

  it('have the element of the tensor under each index', () => {
    const tensor = noise([5, 5, 6, 16], 1, 3);
    const [cell, index] = [{ tile: 41, row: 3, column: 1 }, [3, 1, 2, 9]];
    assert.deepEqual(indexOf(kernel, cell), index);
    assert.equal(floats[offsetOf(kernel, cell)], (tensor.data as Float32Array)[((3 * 5 + 1) * 6 + 2) * 16 + 9]);
  });

  it('lead over their edges by arrow keys', () => {
    assert.deepEqual(neighbourCell(arrangement, kernel, { tile: 0, row: 0, column: 4 }, 'ArrowRight'), { tile: 1, row: 0, column: 0 });
    assert.deepEqual(neighbourCell(arrangement, kernel, { tile: 0, row: 4, column: 2 }, 'ArrowDown'), { tile: 16, row: 0, column: 2 });
    assert.deepEqual(neighbourCell(arrangement, kernel, { tile: 0, row: 0, column: 0 }, 'ArrowLeft'), { tile: 0, row: 0, column: 0 });
    assert.deepEqual(neighbourCell(arrangement, kernel, { tile: 95, row: 4, column: 4 }, 'ArrowDown'), { tile: 95, row: 4, column: 4 });
  });

  it('are painted with the colour of each value, gaps transparent', () => {
    const map = colorMap('diverging', 'light');
    const { min, max } = statistics({ dtype: 'float32', shape: [floats.length], data: floats });
    const domain = domainOf('diverging', min, max);
    const scene: Scene = { arrangement, extent: kernel, channels: 1, map, domain: () => domain, source: wholeTiles(floats, kernel) };
    const pixels = paint(scene, { x: 0, y: 0, width: arrangement.width, height: arrangement.height });
    for (const cell of [{ tile: 0, row: 0, column: 0 }, { tile: 50, row: 4, column: 1 }, { tile: 95, row: 4, column: 4 }]) {
      const rect = tileRect(arrangement, kernel, cell.tile);
      const at = 4 * (Math.floor(rect.y + (cell.row + 0.5) * arrangement.cellHeight) * arrangement.width + Math.floor(rect.x + (cell.column + 0.5) * arrangement.cellWidth));
      assert.deepEqual([...pixels.slice(at, at + 4)], [...colorOf(map, domain, floats[offsetOf(kernel, cell)] ?? NaN), 255]);
    }
    assert.equal(pixels[4 * Math.floor(tileRect(arrangement, kernel, 0).width) + 3], 0);
  });

  it('show NaN and infinity in their own colours', () => {
    const map = colorMap('sequential', 'dark');
    const extent = { tiles: 1, rows: 1, columns: 4 };
    const pixels = paint({
      arrangement: { perRow: 1, cellWidth: 1, cellHeight: 1, gap: 0, width: 4, height: 1 }, extent, channels: 1, map, domain: () => ({ low: 0, high: 1 }), source: wholeTiles(Float32Array.of(NaN, Infinity, -Infinity, 1), extent),
    }, { x: 0, y: 0, width: 4, height: 1 });
    assert.deepEqual([0, 1, 2].map((index) => [...pixels.slice(index * 4, index * 4 + 3)]), [map.nan, map.positiveInfinity, map.negativeInfinity].map((color) => [...color]));
  });
});

describe('numbers', () => {
  it('are short, with a real minus sign', () => {
    assert.deepEqual([0, 1, -0.0062, 0.97123, 1234.6, -1.3e-5, 2.5e7, NaN, -Infinity, 130.2].map((value) => shortNumber(value)), ['0', '1', '−0.00620', '0.971', '1,235', '−1.3e−5', '2.5e7', 'NaN', '−∞', '130']);
    assert.deepEqual([exactNumber(0.8312000036), exactNumber(-2)], ['0.8312', '−2']);
    assert.deepEqual([850, 61706, 25_600_000, 4.1e9].map(compact), ['850', '61.7 k', '25.6 M', '4.1 G']);
    assert.deepEqual([shapeText([]), shapeText([32, 10])], ['scalar', '32×10']);
  });

  it('have the same number of decimals in a table', () => assert.deepEqual([0.0189, -0.002, 0].map((value) => columnNumber(value, 0.0189)), ['0.0189', '−0.0020', '0']));

  it('are windowed around the selection', () => {
    assert.deepEqual(windowAround(0, 7, 5), { first: 0, last: 4 });
    assert.deepEqual(windowAround(50, 7, 100), { first: 47, last: 53 });
    assert.deepEqual(windowAround(99, 7, 100), { first: 93, last: 99 });
  });
});

describe('cards', () => {
  const card = (tensor: number, gradientOf: number | null = null): TensorCard => ({ tensor, gradientOf, checkable: false, cellOp: null, title: '', variable: '', use: 'input', shape: [2], dtype: 'float32', diverging: true, statistics: statistics(noise([2], 1, tensor)) });
  const rows = (cards: readonly TensorCard[]) => cardRows(cards).map((row) => row.map(({ tensor }) => tensor));
  it('stand a gradient right of its value, and pair the rest in order', () => {
    assert.deepEqual(rows([card(1), card(2), card(3, 4), card(4)]), [[1, 2], [4, 3]]);
    assert.deepEqual(rows([card(1), card(2), card(3, 2), card(5)]), [[1, 5], [2, 3]]);
    assert.deepEqual(rows([card(1, 1)]), [[1]]);
  });
});

describe('lines', () => {
  it('run beside each other around corners', () => {
    const line = [{ x: 0, y: 0 }, { x: 0, y: 10 }, { x: 10, y: 10 }, { x: 10, y: 20 }];
    assert.deepEqual(offsetPolyline(line, 2), [{ x: -2, y: 0 }, { x: -2, y: 12 }, { x: 8, y: 12 }, { x: 8, y: 20 }]);
  });
  it('are given as shares and distances that cytoscape turns back into the corners', () => {
    const line = [{ x: 3, y: 0 }, { x: 3, y: 10 }, { x: 20, y: 10 }, { x: 20, y: 40 }];
    const { weights, distances } = segmentsOf(line);
    const [first, last] = [line[0]!, line[3]!];
    const length = Math.hypot(last.x - first.x, last.y - first.y);
    weights.forEach((weight, index) => {
      const x = first.x + weight * (last.x - first.x) - (distances[index]! * (last.y - first.y)) / length;
      const y = first.y + weight * (last.y - first.y) + (distances[index]! * (last.x - first.x)) / length;
      assert.ok(Math.hypot(x - line[index + 1]!.x, y - line[index + 1]!.y) < 1e-9);
    });
  });
});

describe('the value that is written into a cell', () => {
  const within = (length: number) => (text: string): boolean => text.length <= length;
  it('has as many digits as fit, and none that mislead', () => {
    assert.equal(fitText(within(6), 0.0771, { low: -0.18, high: 0.18 }), '0.0771');
    assert.equal(fitText(within(5), 0.0771, { low: -0.18, high: 0.18 }), '0.077');
    assert.equal(fitText(within(4), 0.00312, { low: -0.18, high: 0.18 }), '≈0');
    assert.equal(fitText(within(4), 0.0771, { low: -0.18, high: 0.18 }), '0.08');
    assert.equal(fitText(within(3), -123456, { low: -2e5, high: 0 }), null);
  });
});
