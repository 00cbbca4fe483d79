/** Colours of a graph's boxes by class or by a quantity, with their legend. The class, or the number, always stands in the box as well. */
import type { NodeView } from '../../src/protocol/graph';
import { compact } from './numbers';

export type ColorBy = 'none' | 'class' | 'parameters' | 'compute' | 'memory';
export const colorings: Readonly<Record<ColorBy, string>> = { none: 'No colours', class: 'Class', parameters: 'Parameters', compute: 'Multiply-adds', memory: 'Memory of output' };

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
