/** Elements of a trace's tensors as the panel names them. */
import { stridesOf } from '../../tensor/slice';
import type { Values } from '../../engine/cells/arithmetic';
import type { ElementView } from '../../protocol/insight';
import { Failure } from '../../tensor/failure';
import { placeAt } from '../../tensor/slice';
import type { View } from '../place';

/** Reads tensors for the cells' arithmetic, each once. */
export function readerOf({ trace, reader }: View): (tensor: number) => Values {
  const known = new Map<number, Values>();
  return (id) => {
    const found = known.get(id), tensor = trace.tensors.get(id);
    if (found !== undefined) return found;
    if (tensor === undefined) throw new Failure('insight.tensor', `Iteration ${trace.iteration + 1} has no tensor number ${id}.`);
    const { data, shape } = reader.read(tensor);
    const made = { tensor: id, shape, strides: stridesOf(shape), data };
    known.set(id, made);
    return made;
  };
}

export function elementView({ listing }: View, tensor: number, index: readonly number[], value: number): ElementView {
  return { tensor, index: [...index], name: listing.names.get(tensor) ?? 'constant', value };
}

/** @throws Failure `insight.element` when the tensor has no such element */
export function elementAt(view: View, tensor: number, index: readonly number[]): ElementView {
  const shape = view.trace.tensors.get(tensor)?.shape;
  if (shape?.length !== index.length || index.some((at, axis) => !Number.isInteger(at) || at < 0 || at >= (shape[axis] ?? 0))) {
    throw new Failure('insight.element', `[${index.join(', ')}] is not an element of ${view.listing.names.get(tensor) ?? 'this tensor'}, whose shape is [${shape?.join(', ') ?? ''}].`);
  }
  const { data } = readerOf(view)(tensor);
  return elementView(view, tensor, index, Number(data[placeAt(shape, index)]));
}
