/** Matrix products, pooling, reductions, normalised exponentials, and ops that only move values about. */
import { countText, listText, plural, sizeText, texAt, texIndex, texNumber, texSum } from '../tex';
import type { Explained, FormulaTable, Reading } from './reading';

const letters = ['n', 'i', 'j', 'k', 'l', 'm'];

function matMul(r: Reading): Explained {
  const a = r.shape('a'), transposeA = r.attribute('transposeA') === true, transposeB = r.attribute('transposeB') === true;
  const inner = (transposeA ? a.at(-2) : a.at(-1)) ?? 1;
  const batch = r.outShape.slice(0, -2).map((extent, axis) => texIndex(['b', 'h', 'g'][axis] ?? 'b', extent));
  const lead = (shape: readonly number[]): string[] => batch.slice(Math.max(0, batch.length - (shape.length - 2)));
  const overExamples = transposeA && r.op.phase === 'backward';
  // Letters stay with their meaning in the backward pass: n the example, i the input, k the output.
  const [row, over, column] = overExamples ? ['i', 'n', 'k'] : transposeB && r.op.phase === 'backward' ? ['n', 'k', 'i'] : ['n', 'i', 'k'];
  const summed = texIndex(over, inner);
  const left = transposeA ? [summed, row] : [row, summed], right = transposeB ? [column, summed] : [summed, column];
  return {
    formula: `${texAt(r.out, ...batch, row, column)}=${texSum([over, inner])}${texAt(r.input('a'), ...lead(a), ...left)}\\cdot ${texAt(r.input('b'), ...lead(r.shape('b')), ...right)}`,
    explanation: `${overExamples ? `Sum over ${plural(inner, 'example')}` : `Each value sums ${plural(inner, 'product')}`}: `
      + `${sizeText(transposeA ? [...a].reverse() : a)}${transposeA ? ' (transposed)' : ''} times ${sizeText(transposeB ? [...r.shape('b')].reverse() : r.shape('b'))}${transposeB ? ' (transposed)' : ''}.`,
  };
}

function pool(r: Reading, kind: 'max' | 'average'): Explained {
  const axes = r.outShape.length - 2;
  const size = r.numbers('filterSize', axes), strides = r.numbers('strides', axes);
  const place = ['u', 'v', 'w'].slice(0, axes), at = ['i', 'j', 'l'].slice(0, axes);
  const padded = r.attribute('pad') === 'same';
  const terms = at.map((letter, axis) => `${strides[axis] === 1 ? '' : strides[axis] ?? ''}${letter}${(size[axis] ?? 1) > 1 ? `+${place[axis] ?? ''}` : ''}`);
  const count = size.reduce((product, extent) => product * extent, 1);
  const element = texAt(r.input('x'), 'n', ...terms, 'c');
  return kind === 'max'
    ? { formula: `${texAt(r.out, 'n', ...at, 'c')}=\\max_{${place.join(',')}}\\,${element}`, explanation: `The largest of each window of ${sizeText(size)}${stepText(strides)}; only the winner will get a gradient.` }
    : {
      formula: `${texAt(r.out, 'n', ...at, 'c')}=\\frac{1}{${padded ? '\\text{values in the window}' : count}}${texSum(...place.map((letter, axis): [string, number] => [letter, size[axis] ?? 1]))}${element}`,
      explanation: `The mean of each window of ${sizeText(size)}${stepText(strides)}, every channel by itself.`,
    };
}

const stepText = (strides: readonly number[]): string => (strides.every((stride) => stride === 1) ? '' : `, ${new Set(strides).size === 1 ? strides[0] ?? 1 : strides.join(' and ')} apart`);

function poolGradient(r: Reading, kind: 'max' | 'average'): Explained {
  const size = r.numbers('filterSize', r.outShape.length - 2);
  const count = size.reduce((product, extent) => product * extent, 1);
  return kind === 'max'
    ? { formula: `${r.out}=\\begin{cases}${r.input('dy')}&\\text{at the largest value of }${r.input('input')}\\text{ in the window}\\\\0&\\text{elsewhere}\\end{cases}`, explanation: `Each window of ${sizeText(size)} hands its gradient to the value that won; overlapping windows add up.` }
    : { formula: `${r.out}=\\tfrac{1}{${count}}\\,${r.input('dy')}\\quad\\text{for each value in the window}`, explanation: `Each window of ${sizeText(size)} hands an equal share of its gradient to each of its ${plural(count, 'value')}; overlapping windows add up.` };
}

interface Reduced { readonly axes: readonly number[]; readonly shape: readonly number[]; readonly count: number }

function reduced(r: Reading): Reduced {
  const shape = r.shape('x');
  const given = r.attribute('axis') ?? r.attribute('reductionIndices');
  const list = typeof given === 'number' ? [given] : Array.isArray(given) ? given.filter((axis): axis is number => typeof axis === 'number') : shape.map((_, axis) => axis);
  const axes = list.map((axis) => (axis < 0 ? axis + shape.length : axis)).sort((a, b) => a - b);
  return { axes, shape, count: axes.reduce((product, axis) => product * (shape[axis] ?? 1), 1) };
}

/** What the axes of an activation stand for, in words: `32 examples and 10 × 10 positions`. */
function axesText({ axes, shape }: Reduced): string {
  const examples = axes.includes(0) && shape.length > 1 ? [plural(shape[0] ?? 1, 'example')] : [];
  const middle = axes.filter((axis) => axis > 0 && axis < shape.length - 1).map((axis) => shape[axis] ?? 1);
  const last = axes.includes(shape.length - 1) ? [plural(shape.at(-1) ?? 1, shape.length === 1 ? 'value' : shape.length === 2 ? 'unit' : 'channel')] : [];
  return listText([...examples, ...(middle.length > 0 ? [`${sizeText(middle)} positions`] : []), ...last]) || 'nothing';
}

function reduction(r: Reading, sign: (sum: string, count: number, ranges: string) => string, words: string): Explained {
  const where = reduced(r);
  const names = where.shape.map((_, axis) => letters[axis] ?? `a_{${axis}}`);
  const kept = names.flatMap((name, axis) => (where.axes.includes(axis) ? (r.attribute('keepDims') === true ? ['0'] : []) : [name]));
  const ranges = where.axes.map((axis): [string, number] => [names[axis] ?? '', where.shape[axis] ?? 1]);
  const element = texAt(r.input('x'), ...names.map((name, axis) => (where.axes.includes(axis) ? texIndex(name, where.shape[axis] ?? 1) : name)));
  return {
    formula: `${texAt(r.out, ...kept)}=${sign(texSum(...ranges), where.count, ranges.map(([name]) => name).join(','))}${element}`,
    explanation: where.shape.length === 0 ? 'One number; there is nothing to sum over.' : `${words} over ${axesText(where)}.`,
  };
}

const moved = (words: string): ((r: Reading) => Explained) => (r) => ({
  formula: `${r.out}=\\operatorname{${words.split(' ')[0] ?? ''}}(${r.inputs.join(',\\,')})`,
  explanation: `${words.split(' ').slice(1).join(' ')}: ${listText(Object.values(r.op.inputs).map((id) => sizeText(r.index.shape(id))))} → ${listText(r.op.outputs.map((id) => sizeText(r.index.shape(id))))}.`,
});

function softmax(r: Reading, log: boolean): Explained {
  const classes = r.shape('logits').at(-1) ?? 1;
  const z = texAt(r.input('logits'), 'n', 'k'), sum = `${texSum(['j', classes])}e^{${texAt(r.input('logits'), 'n', 'j')}}`;
  return log
    ? { formula: `${texAt(r.out, 'n', 'k')}=${z}-\\ln${sum}`, explanation: `The logarithm of the softmax over ${plural(classes, 'class', 'classes')}, without taking the exponential of large numbers.` }
    : { formula: `${texAt(r.out, 'n', 'k')}=\\frac{e^{${z}}}{${sum}}`, explanation: `Scores become ${plural(classes, 'probability', 'probabilities')} that are positive and sum to 1 for each example.` };
}

export const arrays: FormulaTable = {
  BatchMatMul: matMul,
  _FusedMatMul: (r) => {
    const { formula, explanation } = matMul(r);
    return { formula: `${formula}${r.has('bias') ? `+${texAt(r.input('bias'), 'k')}` : ''}`, explanation };
  },
  MaxPool: (r) => pool(r, 'max'), MaxPool3D: (r) => pool(r, 'max'), AvgPool: (r) => pool(r, 'average'), AvgPool3D: (r) => pool(r, 'average'),
  MaxPoolGrad: (r) => poolGradient(r, 'max'), MaxPool3DGrad: (r) => poolGradient(r, 'max'),
  AvgPoolGrad: (r) => poolGradient(r, 'average'), AvgPool3DGrad: (r) => poolGradient(r, 'average'),
  Sum: (r) => reduction(r, (sum) => sum, 'Sum'),
  Mean: (r) => reduction(r, (sum, count) => (count === 1 ? '' : `\\frac{1}{${count}}${sum}`), 'Mean'),
  Max: (r) => reduction(r, (_, __, names) => `\\max_{${names}}\\,`, 'Largest value'),
  Min: (r) => reduction(r, (_, __, names) => `\\min_{${names}}\\,`, 'Smallest value'),
  Prod: (r) => reduction(r, (_, __, names) => `\\prod_{${names}}`, 'Product'),
  All: (r) => reduction(r, (_, __, names) => `\\bigwedge_{${names}}`, 'True for all,'),
  Any: (r) => reduction(r, (_, __, names) => `\\bigvee_{${names}}`, 'True for any,'),
  Softmax: (r) => softmax(r, false),
  LogSoftmax: (r) => softmax(r, true),
  FusedBatchNorm: (r) => ({
    formula: `${r.out}=${r.has('scale') ? `${r.input('scale')}\\cdot` : ''}\\frac{${r.input('x')}-${r.input('mean')}}{\\sqrt{${r.input('variance')}+${texNumber(r.number('varianceEpsilon'))}}}${r.has('offset') ? `+${r.input('offset')}` : ''}`,
    explanation: `Each of the ${plural(r.outShape.at(-1) ?? 1, 'channel')} is shifted to mean 0 and scaled to deviation 1, then scaled and shifted by learned values.`,
  }),
  OneHot: (r) => ({ formula: `${texAt(r.out, 'n', 'k')}=[${texAt(r.input('indices'), 'n')}=k]`, explanation: `1 at the index of the class, 0 elsewhere: ${plural(r.number('depth'), 'class', 'classes')}.` }),
  GatherV2: (r) => ({ formula: `${texAt(r.out, 'n', '\\ldots')}=${texAt(r.input('x'), texAt(r.input('indices'), 'n'), '\\ldots')}`, explanation: `Rows looked up by index: ${countText(r.shape('indices').reduce((a, b) => a * b, 1))} of ${countText(r.shape('x')[r.number('axis')] ?? 0)}.` }),
  UnsortedSegmentSum: (r) => ({ formula: `${texAt(r.out, 'k')}=\\sum_{n:\\,${texAt(r.input('segmentIds'), 'n')}=k}${texAt(r.input('x'), 'n')}`, explanation: 'Rows with the same index are summed: the gradient of a look-up.' }),
  ArgMax: (r) => ({ formula: `${r.out}=\\arg\\max\\,${r.input('x')}`, explanation: 'The index of the largest value.' }),
  ArgMin: (r) => ({ formula: `${r.out}=\\arg\\min\\,${r.input('x')}`, explanation: 'The index of the smallest value.' }),
  Fill: (r) => ({ formula: `${r.out}=${texNumber(r.number('value'))}`, explanation: `The same number everywhere: ${sizeText(r.outShape)}.` }),
  Reshape: moved('reshape The same values in another shape'), ExpandDims: moved('expand The same values with one more axis'),
  Transpose: moved('transpose The same values with their axes in another order'), Concat: moved('concat One behind the other'), Pack: moved('stack One above the other'),
  SplitV: moved('split Cut into parts'), Unpack: moved('unstack Cut into slices'), Slice: moved('slice A part of the values'), StridedSlice: moved('slice A part of the values'),
  PadV2: moved('pad Surrounded with a constant'), MirrorPad: moved('pad Surrounded with its mirror image'), Tile: moved('tile Repeated'), BroadcastTo: moved('broadcast Repeated'),
  Reverse: moved('reverse In the opposite order'), ResizeNearestNeighbor: moved('resize Each value repeated or skipped'), ResizeBilinear: moved('resize Between four neighbours'),
  ResizeNearestNeighborGrad: moved('resizeGrad Each value collects the gradients of its copies'), ResizeBilinearGrad: moved('resizeGrad Each value collects its share of the gradients'),
  Cumsum: moved('cumsum Running sum'), SpaceToBatchND: moved('spaceToBatch Blocks of positions become examples'), BatchToSpaceND: moved('batchToSpace Examples become blocks of positions'),
  DepthToSpace: moved('depthToSpace Channels become positions'),
};
