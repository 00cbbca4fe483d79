/** Reshaping as a reading: groups of axes with the same number of elements on both sides, each a row of elements of its own. */
import type { SymbolicShape } from '../network';
import { straight } from './reading';
import type { AxisReading, Rule } from './reading';

/** Stand for extents that are not known, which heads and blocks may divide: no sound model has them. */
const unknowns = [997, 991, 983, 977].map((prime) => prime * 720_720);

/** Both shapes in numbers; null when they cannot be matched. */
function numbersOf(input: SymbolicShape, output: SymbolicShape): readonly [number[], number[]] | null {
  const filled = (shape: SymbolicShape): number[] => { let next = 0; return shape.map((extent) => extent ?? unknowns[next++] ?? NaN); };
  const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const [from, to] = [filled(input), filled(output)];
  if (product(from) === product(to)) return [from, to];
  // One extent that is not known is what is left over.
  const open = output.indexOf(null);
  const rest = product(from) / product(to.filter((_, axis) => axis !== open));
  return open < 0 || open !== output.lastIndexOf(null) || !Number.isInteger(rest) ? null : [from, to.map((extent, axis) => (axis === open ? rest : extent))];
}

/** The first axis of a group that is longer than 1, and how many elements one step along it is. */
function leading(extents: readonly number[], from: number, to: number): { readonly axis: number; readonly step: number } | null {
  for (let axis = from; axis < Math.min(to, extents.length); axis += 1) {
    if (extents[axis] !== 1) return { axis, step: extents.slice(axis + 1, to).reduce((a, b) => a * b, 1) };
  }
  return null;
}

/** Axes that stay stay; of axes that are joined or split, the first carries the place. Of the others any place may be meant, at a jump that keeps their number. */
export const regrouped: Rule = ({ shape, output }) => {
  const found = numbersOf(shape, output);
  if (found === null) return null;
  const [input, result] = found;
  const axes: (AxisReading | null)[] = input.map(() => null);
  let [i, o] = [0, 0];
  while (i < input.length || o < result.length) {
    const [fromI, fromO] = [i, o];
    let [inner, outer] = [input[i++] ?? 1, result[o++] ?? 1];
    while (inner !== outer && (i < input.length || o < result.length)) {
      if (inner < outer && i < input.length) inner *= input[i++] ?? 1;
      else if (o < result.length) outer *= result[o++] ?? 1;
      else inner *= input[i++] ?? 1;
    }
    const [own, place] = [leading(input, fromI, i), leading(result, fromO, o)];
    // Element f of the row is f / step along the first axis of the operand, and o · step … of the output.
    if (place !== null) for (let axis = fromI; axis < Math.min(i, input.length); axis += 1) if (input[axis] !== 1) axes[axis] = { along: place.axis, jump: (input[axis] ?? 1) / (result[place.axis] ?? 1), low: -Infinity, high: Infinity, single: true };
    if (own !== null && place !== null) axes[own.axis] = own.step === place.step ? straight(place.axis) : { along: place.axis, jump: place.step / own.step, low: (1 - own.step) / own.step, high: (place.step - 1) / own.step, single: true };
  }
  return { axes };
};
