/** Colours of a graph's boxes by class or by a quantity, with their legend. The class, or the number, always stands in the box as well. */
import type { LayerChange, Mark } from '../../../src/protocol/compare';
import type { NodeView } from '../../../src/protocol/graph';
import { compact } from '../numbers';

export type ColorBy = 'none' | 'class' | 'parameters' | 'compute' | 'memory';
export const colorings: Readonly<Record<ColorBy, string>> = { none: 'No colours', class: 'Class', parameters: 'Parameters', compute: 'Multiply-adds', memory: 'Memory of output' };

/** What the number on a box counts, by how the boxes are coloured. */
export const unitOf = (by: ColorBy): string => (by === 'compute' ? 'multiply-adds' : by === 'memory' ? 'bytes of output' : 'parameters');

/** The number on a box: the quantity that colours stand for, else of parameters where it `counts` these. */
export function numberOn(view: NodeView | null, tint: Tint | null, counts: boolean): string {
  if (tint !== null && tint.text !== '') return tint.text;
  return counts && view !== null && view.parameters > 0 ? compact(view.parameters) : '';
}

/** A box's colour, the width of its stripe in pixels (wider is more), and its quantity in words; empty when colours stand for classes. */
export interface Tint { readonly color: string; readonly stripe: number; readonly text: string }
export interface LegendEntry { readonly color: string; readonly stripe: number; readonly text: string }
export interface Coloring { readonly tints: ReadonlyMap<string, Tint>; readonly legend: readonly LegendEntry[] }

/** Families of classes; the first that matches. Colours after Okabe and Ito (2008), told apart in all kinds of colour vision. */
const families: readonly (readonly [title: string, pattern: RegExp, onDark: string, onLight: string])[] = [
  ['input', /^Input|Placeholder/i, '#b8b8b8', '#6b6b6b'],
  ['convolution', /Conv/i, '#56b4e9', '#0072b2'],
  ['normalisation', /Norm/i, '#f0e442', '#8a7d00'],
  ['pooling', /Pool/i, '#009e73', '#00795a'],
  ['attention', /Attention/i, '#cc79a7', '#a8437e'],
  ['recurrent', /LSTM|GRU|RNN|Bidirectional/i, '#e0a3ff', '#7b3fb0'],
  ['embedding', /Embedding|Gather/i, '#9fe0c8', '#2f7f68'],
  ['dense', /Dense|Linear|MatMul|Gemm/i, '#e69f00', '#a86d00'],
  ['merge', /^(Add|Subtract|Multiply|Average|Maximum|Minimum|Concat|Concatenate|Dot|Merge)/i, '#ff8f6b', '#c2410c'],
  ['activation', /ReLU|Activation|Softmax|Sigmoid|Tanh|Swish|GELU|ELU/i, '#a5d86e', '#4d7c0f'],
  ['regularisation', /Dropout|Noise|Regularization/i, '#8c9cff', '#3b4cc0'],
  ['shape', /Reshape|Flatten|Permute|Pad|Crop|UpSampling|Repeat|Transpose|Squeeze|Slice|Resizing/i, '#c4a484', '#7a5230'],
];
const other = ['other', /./, '#9a9a9a', '#787878'] as const;

/** Five steps from little to much. */
const stepsOnDark = ['#35507a', '#3f77b5', '#3fa3c9', '#6fd0a8', '#f3e75c'] as const;
const stepsOnLight = ['#c9d8ee', '#8fb6de', '#4f8fc4', '#23659f', '#0b3466'] as const;

/** Bytes of a layer's outputs for one example, as float32; extents that are not known count once. */
function outputBytes(shape: string): number {
  if (shape === '') return 0;
  return 4 * shape.split(', ').reduce((sum, one) => sum + one.split('×').reduce((product, extent) => product * (Number(extent) || 1), 1), 0);
}

const quantities: Readonly<Record<'parameters' | 'compute' | 'memory', (view: NodeView) => number>> = {
  parameters: ({ parameters }) => parameters,
  compute: ({ macs }) => macs ?? 0,
  memory: ({ outputShape }) => outputBytes(outputShape),
};
const words = (by: ColorBy, value: number): string => (by === 'memory' ? `${compact(value)}${value < 1000 ? ' ' : ''}B` : compact(value));

export function coloring(by: ColorBy, views: readonly NodeView[], dark: boolean): Coloring {
  if (by === 'none') return { tints: new Map(), legend: [] };
  if (by === 'class') {
    const tints = new Map<string, Tint>();
    const used = new Map<string, LegendEntry>();
    for (const { id, type } of views) {
      // A folded group holds many classes.
      if (type === '') continue;
      const [title, , onDark, onLight] = families.find(([, pattern]) => pattern.test(type)) ?? other;
      const entry = { color: dark ? onDark : onLight, stripe: 4, text: title };
      used.set(title, entry);
      tints.set(id, { ...entry, text: '' });
    }
    return { tints, legend: [...families.map(([title]) => title), other[0]].flatMap((title) => used.get(title) ?? []) };
  }
  const quantity = quantities[by];
  const values = views.map(quantity).filter((value) => value > 0);
  const [low, high] = [values.reduce((least, value) => Math.min(least, value), Infinity), values.reduce((most, value) => Math.max(most, value), 0)];
  const palette = dark ? stepsOnDark : stepsOnLight;
  const span = Math.max(1e-9, Math.log(high) - Math.log(low));
  const stepOf = (value: number): number => Math.min(4, Math.max(0, Math.floor((5 * (Math.log(value) - Math.log(low))) / span)));
  const tints = new Map<string, Tint>();
  for (const view of views) {
    const value = quantity(view);
    if (value > 0) tints.set(view.id, { color: palette[stepOf(value)] ?? palette[0], stripe: 3 + 1.5 * stepOf(value), text: words(by, value) });
  }
  const legend = values.length === 0 ? [] : palette.map((color, step) => ({ color, stripe: 3 + 1.5 * step, text: `≥ ${words(by, Math.ceil(Math.exp(Math.log(low) + (span * step) / 5)))}` }));
  return { tints, legend };
}

/** What a comparison says of a layer: a sign that needs no colour, words, and colours on dark and on light. */
export const markStyles: Readonly<Record<Mark, { readonly sign: string; readonly words: string; readonly onDark: string; readonly onLight: string }>> = {
  added: { sign: '+', words: 'added', onDark: '#2bb673', onLight: '#00795a' },
  removed: { sign: '−', words: 'removed', onDark: '#ff7a45', onLight: '#b34700' },
  settings: { sign: '≠', words: 'other settings or shapes', onDark: '#f0e442', onLight: '#8a7d00' },
  weights: { sign: '~', words: 'weights moved', onDark: '#56b4e9', onLight: '#0072b2' },
  renamed: { sign: '»', words: 'renamed', onDark: '#cc79a7', onLight: '#a8437e' },
};

/** `3.2 %`; in front of it the sign of the change. */
export const shareText = (share: number): string => `${share >= 10 ? Math.round(100 * share).toLocaleString('en-US') : Number((100 * share).toPrecision(share < 0.01 ? 1 : 2))} %`;

/** Colours of the layers that differ; a folded group shows how many do. @param home where each layer shows */
export function differenceColoring(changes: readonly LayerChange[], home: ReadonlyMap<string, string>, dark: boolean): Coloring {
  const boxes = new Map<string, LayerChange[]>();
  for (const change of changes) {
    const at = home.get(change.id) ?? change.id;
    const list = boxes.get(at);
    if (list === undefined) boxes.set(at, [change]);
    else list.push(change);
  }
  const tints = new Map<string, Tint>();
  const used = new Map<Mark, LegendEntry>();
  for (const [id, list] of boxes) {
    const [first] = list;
    if (first === undefined) continue;
    const style = markStyles[first.mark];
    const own = list.length === 1 && first.id === id;
    const text = own ? `${style.sign}${first.mark === 'weights' && first.amount !== null ? ` ${shareText(first.amount)}` : ''}` : `${style.sign} ${list.length}`;
    tints.set(id, { color: dark ? style.onDark : style.onLight, stripe: 5, text });
    for (const { mark } of list) used.set(mark, { color: dark ? markStyles[mark].onDark : markStyles[mark].onLight, stripe: 5, text: `${markStyles[mark].sign} ${markStyles[mark].words}` });
  }
  return { tints, legend: (Object.keys(markStyles) as Mark[]).flatMap((mark) => used.get(mark) ?? []) };
}
