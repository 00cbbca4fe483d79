/** Made-up examples in the shapes of any network: one pattern a class, plus noise. They show whether a network learns at all, with no file at hand. */
import type { Network, TensorRef } from '../../network/network';
import type { Shape, TensorValue } from '../../tensor/value';
import { sizeOf } from '../../tensor/value';
import { checkGenerated } from './fit';
import type { Slot, Source } from './fit';
import { closed, eachPlace, labelsOf, mostClasses } from './pattern-labels';
import type { Drawn, Kind, Pattern, Wanted } from './pattern-labels';
import { createRandom } from './random';
import type { Random } from './random';
import { vocabularyBehind } from './vocabulary';

export interface PatternSettings { readonly examples?: number; readonly seed: number; readonly noise?: number }

/** Numbers in all inputs together, unless the examples are counted. */
const usualNumbers = 2 ** 22;
const usualExamples = { least: 8, most: 256 } as const;
const usualNoise = 0.1;

/**
 * Inputs `[examples, …input shape]` and labels by name. Pictures and sequences are sums of waves within [0, 1], vectors normal numbers, token inputs whole numbers
 * below their vocabulary; a label is the example's class, or, where the output has places as a picture has, the brightness there; an output in the shape of an input gets the input back.
 * @throws Failure `data.shape` for an output of unknown shape
 */
export function generatePatterns(network: Network, inputs: readonly Slot[], outputs: readonly Wanted[], { examples, seed, noise = usualNoise }: PatternSettings): { x: Record<string, Source>; y: Record<string, Source> } {
  const what = 'the generator "patterns"';
  const variety = classesOf(outputs);
  const numbers = [...inputs, ...outputs.map(({ slot }) => slot)].reduce((sum, { shape }) => sum + sizeOf(closed(shape)), 0);
  checkGenerated(Math.max(variety, examples ?? usualExamples.least), numbers, what);
  const drawn = inputs.map((slot, index) => draw(slot, kindOf(network, network.inputs[index], slot), variety, seed));
  const size = drawn.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const count = examples ?? Math.min(usualExamples.most, Math.max(usualExamples.least, Math.floor(usualNumbers / Math.max(1, size))));
  const x = Object.fromEntries(drawn.map((input) => [input.slot.name, { what, value: scatter(input, count, noise, seed) }]));
  const y = Object.fromEntries(outputs.map((output) => [output.slot.name, { what, value: labelsOf(output, drawn, x, count, variety, seed) }]));
  return { x, y };
}

function classesOf(outputs: readonly Wanted[]): number {
  const counts = outputs.filter(({ labels }) => labels === 'classes' || labels === 'distribution').map(({ slot, classesSecond }) => (classesSecond ? slot.shape[1] : slot.shape.at(-1)) ?? mostClasses);
  const binary = outputs.some(({ labels, slot }) => labels === 'probabilities' && slot.shape.at(-1) === 1);
  return Math.max(2, Math.min(mostClasses, ...counts, ...(binary ? [2] : [])));
}

function kindOf(network: Network, ref: TensorRef | undefined, slot: Slot): Kind {
  const vocabulary = ref === undefined ? null : vocabularyBehind(network, ref);
  if (vocabulary !== null) return { name: 'tokens', vocabulary };
  if (slot.integer) return { name: 'ones' };
  return { name: slot.shape.length > 2 ? 'waves' : 'points' };
}

function draw(slot: Slot, kind: Kind, variety: number, seed: number): Drawn {
  const shape = closed(slot.shape);
  const patterns = Array.from({ length: variety }, (_, label): Pattern => {
    const random = createRandom(seed, 'patterns', slot.name, label);
    if (kind.name === 'waves') return { shape, data: waves(shape, random) };
    const number = { tokens: () => token(kind.name === 'tokens' ? kind.vocabulary : 1, random), ones: () => 1, points: () => random.normal() }[kind.name];
    return { shape, data: Float32Array.from({ length: sizeOf(shape) }, number) };
  });
  return { slot, shape, kind, patterns };
}

/** A token other than 0, which often stands for padding. */
const token = (vocabulary: number, random: Random): number => (vocabulary > 1 ? 1 + random.integer(vocabulary - 1) : 0);

/** Three plane waves over the axes, with a phase of its own at every place of a short axis (channels); within [0, 1]. */
function waves(shape: Shape, random: Random): Float32Array {
  const data = new Float32Array(sizeOf(shape)).fill(0.5);
  for (let wave = 0; wave < 3; wave += 1) {
    const start = random.uniform(0, 2 * Math.PI);
    const phases = shape.map((extent) => {
      if (extent <= 4) return Float32Array.from({ length: extent }, () => random.uniform(0, 2 * Math.PI));
      const turns = random.uniform(-3, 3);
      return Float32Array.from({ length: extent }, (_, at) => (2 * Math.PI * turns * at) / extent);
    });
    eachPlace(shape, (index, at) => {
      const phase = phases.reduce((sum, axis, place) => sum + (axis[index[place] ?? 0] ?? 0), start);
      data[at] = (data[at] ?? 0) + Math.sin(phase) / 6;
    });
  }
  return data;
}

/** The patterns in turn, each with noise: normal for numbers (kept within [0, 1] for waves), another token here and there for tokens. */
function scatter({ slot, shape, kind, patterns }: Drawn, examples: number, noise: number, seed: number): TensorValue {
  const random = createRandom(seed, 'patterns', slot.name, 'noise');
  const size = sizeOf(shape), data = new Float32Array(examples * size);
  for (let example = 0; example < examples; example += 1) {
    const pattern = patterns[example % patterns.length]?.data ?? new Float32Array(size);
    for (let at = 0; at < size; at += 1) {
      const clean = pattern[at] ?? 0;
      data[example * size + at] = kind.name === 'ones' ? clean
        : kind.name === 'tokens' ? (random.next() < noise ? token(kind.vocabulary, random) : clean)
          : kind.name === 'waves' ? Math.min(1, Math.max(0, clean + noise * random.normal())) : clean + noise * random.normal();
    }
  }
  return { dtype: 'float32', shape: [examples, ...shape], data };
}
