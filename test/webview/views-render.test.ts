/** The pure parts of tensor views: kinds and slices, colours, zoom, windows, lines, what is kept. */
import assert from 'node:assert/strict';
import { pictureOf } from '../../src/tensor/picture';
import { defaultSlice } from '../../src/tensor/slice';
import { rangeOf, tileDomains, imageDomain } from '../../webview/render/tensor/domains';
import { colorAxis, firstKind, fitted, kindForSlice, kindsFor, requestOf, shownPart, sliceForKind } from '../../webview/render/tensor/kinds';
import { paint, wholeTiles } from '../../webview/render/tensor/pixels';
import { nearestLine, seriesOf } from '../../webview/render/tensor/series';
import { colorsOf, readRoles, readViews, usualView, withColors, withView } from '../../webview/render/tensor/settings';
import { arrangeZoomed, blockAt, blocksInSight, blocksOf, inSight, nextZoom, unreduced } from '../../webview/render/tensor/zoom';
import { colorMap, colorOf } from '../../src/tensor/colormap';
import type { TensorValue } from '../../src/tensor/value';
import { noise } from './fixtures/values';

const picture = (value: TensorValue, maxElements = 65_536) => {
  const made = pictureOf(value, { name: '', use: 'activation', maxElements });
  return { ...made, floats: new Float32Array(made.values) };
};

describe('kinds of view', () => {
  it('are those that fit the shape', () => {
    assert.deepEqual(kindsFor([], 'activation'), []);
    assert.deepEqual(kindsFor([1, 1], 'activation'), []);
    assert.deepEqual(kindsFor([10], 'weight'), ['heat', 'lines', 'histogram', 'numbers']);
    assert.deepEqual(kindsFor([8, 20, 20, 3], 'activation'), ['tiles', 'heat', 'image', 'lines', 'histogram', 'numbers']);
    assert.deepEqual(kindsFor([8, 20, 20, 5], 'activation'), ['tiles', 'heat', 'lines', 'histogram', 'numbers']);
  });

  it('find the colours last, third from the end, and in the inputs of a kernel', () => {
    assert.deepEqual([colorAxis([8, 32, 32, 3], 'activation'), colorAxis([8, 3, 32, 32], 'activation'), colorAxis([32, 32, 4], 'activation'), colorAxis([7, 7, 3, 64], 'weight'), colorAxis([5, 5, 6, 16], 'weight'), colorAxis([64, 3, 7, 7], 'weight-first'), colorAxis([8, 3, 32, 3], 'activation-first')], [3, 1, 2, 2, null, 1, 1]);
  });

  it('begin with the one that says most', () => {
    const first = (shape: readonly number[], use: 'weight' | 'activation') => firstKind(shape, use, defaultSlice(shape, use));
    assert.deepEqual([first([8, 24, 24, 3], 'activation'), first([5, 5, 6, 16], 'weight'), first([32, 10], 'activation'), first([16], 'weight'), first([4000], 'activation'), first([8, 60, 3], 'activation'), first([8, 60, 64], 'activation')],
      ['tiles', 'tiles', 'heat', 'heat', 'lines', 'lines', 'heat']);
    // An input of the network is a picture where it can be one.
    const shown = (shape: readonly number[]) => shownPart({ shape, use: 'activation', example: 0, usual: null, kind: 'image', slice: null }).kind;
    assert.deepEqual([shown([8, 24, 24, 3]), shown([8, 28, 28, 1]), shown([8, 2])], ['image', 'tiles', 'heat']);
  });

  it('each have a slice that names every axis once', () => {
    for (const shape of [[7], [3, 4], [3, 4, 2], [4, 3, 5, 5], [2, 4, 4, 3], [2, 3, 2, 4, 3]]) {
      for (const use of ['weight', 'activation', 'weight-first', 'activation-first'] as const) {
        for (const kind of kindsFor(shape, use)) {
          const { tileAxes, rowAxis, columnAxis, at } = sliceForKind(kind, shape, use, defaultSlice(shape, use, 1));
          const axes = [...tileAxes, rowAxis, columnAxis, ...Object.keys(at).map(Number)].filter((axis) => axis !== null);
          assert.deepEqual([...axes].sort(), shape.map((_, axis) => axis), `${kind} of ${shape.join('×')}`);
          if (kind === 'image') assert.equal(tileAxes.at(-1), colorAxis(shape, use));
          if (kind === 'heat' || kind === 'lines') assert.equal(tileAxes.length, 0);
          if (kind === 'tiles') assert.ok(tileAxes.length > 0);
        }
      }
    }
  });

  it('follow a slice that is chosen by hand', () => {
    const tiles = { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 0 } }, flat = { tileAxes: [], rowAxis: 1, columnAxis: 2, at: { 0: 0, 3: 1 } };
    assert.deepEqual([kindForSlice('tiles', [8, 9, 9, 3], 'activation', flat), kindForSlice('heat', [8, 9, 9, 3], 'activation', tiles), kindForSlice('image', [8, 9, 9, 3], 'activation', tiles), kindForSlice('numbers', [8, 9, 9, 3], 'activation', tiles)], ['heat', 'tiles', 'image', 'numbers']);
  });

  it('ask for nothing special while nothing is chosen, so that what was sent ahead is used', () => {
    const base = { address: { kind: 'trace', iteration: 0, tensor: 1 }, example: 3 } as const;
    const shown = shownPart({ shape: [32, 10, 10, 6], use: 'activation', example: 3, usual: null, kind: null, slice: null });
    assert.deepEqual(requestOf(base, shown, 0), base);
    assert.deepEqual(requestOf(base, { ...shown, isUsual: false }, 1), { ...base, slice: shown.slice, clip: 1 });
  });

  it('keep a chosen slice for the next batch, cut to what is there, with the example that is shown', () => {
    const slice = { tileAxes: [], rowAxis: 1, columnAxis: 2, at: { 0: 31, 3: 5 } };
    assert.deepEqual(fitted(slice, [20, 10, 10, 6])?.at, { 0: 19, 3: 5 });
    assert.equal(fitted(slice, [20, 10]), null);
    assert.deepEqual(shownPart({ shape: [20, 10, 10, 6], use: 'activation', example: 2, usual: null, kind: 'heat', slice }).slice.at, { 0: 2, 3: 5 });
  });
});

describe('colours of a picture', () => {
  const value: TensorValue = { dtype: 'float32', shape: [1, 2, 2, 2], data: Float32Array.of(1, -10, 2, 20, 3, NaN, 4, 0) };
  it('span a tile, leaving out what is no number', () => {
    assert.deepEqual(tileDomains(picture(value), 'sequential', 0), [{ low: 1, high: 4 }, { low: -10, high: 20 }]);
    assert.deepEqual(tileDomains(picture(value), 'diverging', 0), [{ low: -4, high: 4 }, { low: -20, high: 20 }]);
  });
  it('span the percentiles that the host found, or those of what is shown', () => {
    const wave = noise([1, 20, 20, 2], 1, 2), shown = picture(wave);
    assert.deepEqual(rangeOf({ ...shown, clipped: { low: -1, high: 2 } }, 1), { min: -1, max: 2 });
    const { min, max } = rangeOf(shown, 5);
    assert.ok(min > shown.statistics.min && max < shown.statistics.max);
  });
  it('of an image go from 0 to 1 or 255 where its values do', () => {
    assert.deepEqual([imageDomain({ min: 0.1, max: 0.9 }), imageDomain({ min: 0, max: 254 }), imageDomain({ min: -2, max: 2 })], [{ low: 0, high: 1 }, { low: 0, high: 255 }, { low: -2, high: 2 }]);
  });
  it('of three channels become red, green and blue, a fourth opacity', () => {
    const map = colorMap('sequential', 'dark'), extent = { tiles: 4, rows: 1, columns: 2 };
    const pixels = paint({ arrangement: { perRow: 1, cellWidth: 1, cellHeight: 1, gap: 0, width: 2, height: 1 }, extent, channels: 4, map, domain: () => ({ low: 0, high: 1 }), source: wholeTiles(Float32Array.of(1, 0.2, 0.5, NaN, 0, 0.6, 1, 0.4), extent) }, { x: 0, y: 0, width: 2, height: 1 });
    assert.deepEqual([...pixels], [255, 128, 0, 255, ...colorOf(map, { low: 0, high: 1 }, NaN), 255]);
  });
});

describe('a picture looked at closely', () => {
  const big = picture(noise([600, 500], 1, 3), 1000);

  it('has a cell for each element', () => {
    assert.ok(big.reduction > 1);
    const whole = unreduced(big);
    assert.deepEqual([whole.rows, whole.columns, whole.reduction], [600, 500, 1]);
  });

  it('goes closer and back in steps from the picture that fits', () => {
    assert.deepEqual([nextZoom(0, 0.3, 1), nextZoom(0, 5, 1), nextZoom(48, 0.3, 1), nextZoom(1, 0.3, -1), nextZoom(8, 5, -1), nextZoom(32, 5, -1), nextZoom(0, 5, -1)], [1, 8, 48, 0, 0, 16, 0]);
  });

  it('finds what is in sight, and the windows that cover it, each once', () => {
    const whole = unreduced(big);
    const arrangement = arrangeZoomed(whole, 16, 700, 1);
    const region = { x: 16 * 120, y: 16 * 250, width: 320, height: 160 };
    const sights = inSight(arrangement, whole, region);
    assert.deepEqual(sights, [{ tile: 0, top: 250, bottom: 259, left: 120, right: 139 }]);
    const parts = blocksInSight(blocksOf(whole), whole, sights);
    assert.deepEqual(parts.map(({ row, rows, column, columns }) => [row, rows, column, columns]), [[128, 128, 0, 128], [128, 128, 128, 128], [256, 128, 0, 128], [256, 128, 128, 128]]);
    assert.ok(parts.every((part) => part.tiles * part.rows * part.columns <= 65_536));
    assert.deepEqual(blockAt(blocksOf(whole), whole, 0, 599, 499), { tile: 0, tiles: 1, row: 512, rows: 88, column: 384, columns: 116 });
  });

  it('shares a window among small tiles, and never asks for more than 256 KiB at once', () => {
    for (const extent of [{ tiles: 64, rows: 112, columns: 112 }, { tiles: 4096, rows: 3, columns: 3 }, { tiles: 1, rows: 1, columns: 1_000_000 }, { tiles: 1, rows: 5000, columns: 5000 }, { tiles: 9, rows: 700, columns: 1 }]) {
      const { tiles, rows, columns } = blocksOf(extent);
      assert.ok(tiles * rows * columns <= 65_536 && tiles >= 1);
    }
    assert.equal(blocksOf({ tiles: 64, rows: 112, columns: 112 }).tiles, 2);
  });

  it('is never wider than a browser lays out', () => assert.ok(arrangeZoomed({ tiles: 1, rows: 1, columns: 25_000_000, tileExtents: [] }, 48, 700, 2).width <= 8_000_001));
});

describe('lines', () => {
  it('run along the time of a sequence, a line a feature; gaps where there is no number', () => {
    const series = seriesOf(picture({ dtype: 'float32', shape: [1, 3, 2], data: Float32Array.of(1, 10, NaN, 20, 3, 30) }), 0);
    assert.deepEqual([series.x, series.lines, series.alongRows], [[0, 1, 2], [{ feature: 0, values: [1, null, 3] }, { feature: 1, values: [10, 20, 30] }], true]);
    assert.deepEqual([nearestLine(series, 0, 4), nearestLine(series, 1, 4), nearestLine(series, 0, 9)], [0, 1, 1]);
  });
  it('of very many features are every n-th', () => {
    const series = seriesOf(picture(noise([1, 10, 200], 1, 1)), 0);
    assert.ok(series.lines.length <= 48 && series.features === 200 && series.lines.at(-1)?.feature === 195);
  });
});

describe('how a variable is looked at', () => {
  const slice = { tileAxes: [3], rowAxis: 1, columnAxis: 2, at: { 0: 4 } };
  it('is kept by its name, and read back as far as it is well formed', () => {
    const views = withView(withView({}, 'a', { kind: 'heat', slice }), 'a', { cell: 8 });
    assert.deepEqual(views, { a: { ...usualView, kind: 'heat', slice, cell: 8 } });
    assert.deepEqual(readViews(JSON.parse(JSON.stringify(views))), views);
    assert.deepEqual(readViews({ a: { kind: 'song', slice: { tileAxes: ['x'] }, cell: 7, colors: { scale: 'sea', map: 3, clip: 'all' }, open: 2 }, b: 3 }), { a: usualView });
    assert.deepEqual([readViews(null), readViews([1]), readRoles('x')], [{}, {}, {}]);
  });
  it('forgets the oldest of very many', () => {
    let views = {};
    for (let count = 0; count < 230; count += 1) views = withView(views, `v${count}`, { cell: 1 });
    assert.equal(Object.keys(views).length, 200);
    assert.ok('v229' in views && !('v0' in views));
  });
  it('shares colours with its role until one of them leaves', () => {
    const shared = withColors({}, {}, 'a', 'weight', { scale: 'role', map: 'auto', clip: 1 });
    assert.equal(colorsOf(shared.views, shared.roles, 'b', 'weight').scale, 'role');
    assert.equal(colorsOf(shared.views, shared.roles, 'b', 'gradient').scale, 'tensor');
    const left = withColors(shared.views, shared.roles, 'b', 'weight', { scale: 'tile', map: 'auto', clip: 0 });
    assert.deepEqual([colorsOf(left.views, left.roles, 'a', 'weight').scale, colorsOf(left.views, left.roles, 'b', 'weight').scale], ['tensor', 'tile']);
  });
});
