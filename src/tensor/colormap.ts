/** Colour maps of tensor values: a diverging one centred on zero, a sequential one, and the colours of values that are not numbers. */

export type ThemeKind = 'dark' | 'light' | 'hcDark' | 'hcLight';
export type Rgb = readonly [red: number, green: number, blue: number];

/** 256 colours as RGBA bytes, from the lower end of the domain to the upper, and colours for NaN and the infinities. */
export interface ColorMap {
  readonly kind: 'diverging' | 'sequential';
  readonly table: Uint8ClampedArray;
  readonly nan: Rgb;
  readonly positiveInfinity: Rgb;
  readonly negativeInfinity: Rgb;
}

/** The values that the first and the last colour of a map stand for. */
export interface Domain { readonly low: number; readonly high: number }

type Triple = [number, number, number];

/** sRGB bytes to Oklab (Ottosson 2020, https://bottosson.github.io/posts/oklab/). */
function toOklab([red, green, blue]: Rgb): Triple {
  const linear = (byte: number): number => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** Oklab to sRGB bytes, clipped to the gamut. */
function fromOklab([lightness, a, b]: Triple): Triple {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const byte = (linear: number): number => {
    const clipped = Math.min(1, Math.max(0, linear));
    return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
  };
  return [
    byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const mix = (from: Triple, to: Triple, share: number): Triple => [
  from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share,
];

function tableOf(color: (position: number) => Triple): Uint8ClampedArray {
  const table = new Uint8ClampedArray(256 * 4);
  for (let index = 0; index < 256; index++) table.set([...fromOklab(color(index / 255)), 255], index * 4);
  return table;
}

/** Negative end, zero, positive end. Blue and orange differ for all common kinds of colour blindness; zero sinks into the background. */
const divergingEnds: Readonly<Record<ThemeKind, readonly [Rgb, Rgb, Rgb]>> = {
  dark: [[74, 144, 255], [38, 38, 40], [255, 106, 54]],
  light: [[28, 92, 214], [246, 246, 246], [214, 66, 12]],
  hcDark: [[92, 170, 255], [0, 0, 0], [255, 140, 40]],
  hcLight: [[0, 60, 190], [255, 255, 255], [170, 45, 0]],
};

/** Values that are not numbers: magenta, and neon green and cyan, none of which the maps contain. */
const special = { nan: [255, 0, 200], positiveInfinity: [57, 255, 20], negativeInfinity: [0, 229, 255] } as const satisfies Record<string, Rgb>;

function diverging(theme: ThemeKind): ColorMap {
  const [negative, zero, positive] = divergingEnds[theme].map(toOklab) as [Triple, Triple, Triple]; // map keeps the length
  return {
    kind: 'diverging',
    ...special,
    table: tableOf((position) => {
      const distance = Math.abs(position - 0.5) * 2;
      // A little gamma, so that small values are told from zero.
      return mix(zero, position < 0.5 ? negative : positive, distance ** 0.8);
    }),
  };
}

/** Dark violet over blue and green to yellow with lightness rising evenly, so that it also reads in grey. */
function sequential(): ColorMap {
  return {
    kind: 'sequential',
    ...special,
    table: tableOf((position) => {
      const lightness = 0.27 + 0.64 * position;
      const hue = ((310 - 205 * position ** 1.05) * Math.PI) / 180;
      const chroma = 0.115 + 0.035 * Math.sin(Math.PI * position) * (position > 0.5 ? 0.3 : 0.1) + 0.06 * position ** 3;
      return [lightness, chroma * Math.cos(hue), chroma * Math.sin(hue)];
    }),
  };
}

const cache = new Map<string, ColorMap>();

/** The map for signed values (`diverging`) or for others, in the colours of a theme. */
export function colorMap(kind: ColorMap['kind'], theme: ThemeKind): ColorMap {
  const key = kind === 'diverging' ? `${kind} ${theme}` : kind;
  let map = cache.get(key);
  if (map === undefined) cache.set(key, (map = kind === 'diverging' ? diverging(theme) : sequential()));
  return map;
}

/** The domain that shows values between `min` and `max`: symmetric about zero for signed values; never empty. */
export function domainOf(kind: ColorMap['kind'], min: number, max: number): Domain {
  const [low, high] = [Number.isFinite(min) ? min : 0, Number.isFinite(max) ? max : 0];
  if (kind === 'diverging') {
    const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return { low: -reach, high: reach };
  }
  return high > low ? { low, high } : { low, high: low + 1 };
}

/** Colour of one value, clamped to the domain. */
export function colorOf(map: ColorMap, domain: Domain, value: number): Rgb {
  if (Number.isNaN(value)) return map.nan;
  if (value === Infinity) return map.positiveInfinity;
  if (value === -Infinity) return map.negativeInfinity;
  const at = 4 * Math.min(255, Math.max(0, Math.round((255 * (value - domain.low)) / (domain.high - domain.low))));
  return [map.table[at] ?? 0, map.table[at + 1] ?? 0, map.table[at + 2] ?? 0];
}
