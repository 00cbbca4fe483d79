/** How many elements of a tensor belong to one example, wherever its batch lies: in front, behind the steps, or multiplied by the heads of an attention. */
import { keyOf } from './operands';
import { planOf } from './plan';
import { sightsOf } from './receptive-field';
import type { Sight } from './receptive-field';
import type { Network, SymbolicShape, TensorRef } from './network';

/** The shape that one example has of an output; null where an extent is not known. Extents may be fractions of what the batch shares. */
export type ExampleShape = (ref: TensorRef) => readonly number[] | null;

/** For ops of files. What depends on no input, such as a weight that is transposed, is there once. */
export function exampleShapes(network: Network): ExampleShape {
  let shapes = known.get(network);
  if (shapes === undefined) known.set(network, shapes = shapesIn(network));
  return shapes;
}

const known = new WeakMap<Network, ExampleShape>();

/** Each input takes a walk over the network; of networks with thousands of both, the first inputs have to do. */
const mostVisits = 200_000;

function shapesIn(network: Network): ExampleShape {
  const { shapes, calls } = planOf(network);
  const shapeOf = (ref: TensorRef): SymbolicShape | undefined => shapes.get(keyOf(ref));
  const inputs = network.inputs.slice(0, Math.max(4, Math.ceil(mostVisits / Math.max(1, calls.length)))).map((ref) => ({ batch: shapeOf(ref)?.[0] ?? null, sights: sightsOf(network, ref).tensors }));
  return (ref) => {
    const shape = shapeOf(ref), key = keyOf(ref);
    if (shape === undefined) return null;
    const from = inputs.flatMap(({ batch, sights }) => { const sight = sights.get(key); return sight === undefined ? [] : [{ batch, sight }]; });
    const [first] = from;
    const filled = first === undefined ? shape.map((extent, axis) => extent ?? (axis === 0 ? 1 : null)) : shape.map((_, axis) => oneOf(shape, axis, first.sight, first.batch));
    return filled.includes(null) ? null : filled.map((extent) => extent ?? 0);
  };
}

/** The extent of an axis for one example: of the axis along which the examples lie, what each has there. */
function oneOf(shape: SymbolicShape, axis: number, sight: Sight, batch: number | null): number | null {
  const [examples] = sight, extent = shape[axis] ?? null;
  if (examples == null) return axis === 0 ? 1 : extent;
  // Where the axis is split again, the examples are in the part that is not known.
  if (batch === null && shape[examples.along] !== null && shape.filter((other) => other === null).length === 1) return extent ?? 1;
  if (examples.along !== axis || examples.jump === 0) return extent;
  return extent !== null && batch !== null ? extent / batch : 1 / Math.abs(examples.jump);
}
