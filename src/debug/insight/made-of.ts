/** What an element was made of: its box carried back from op to op, to the inputs of the network. */
import { axesOf } from '../../engine/cells/attributes';
import { hull } from '../../engine/cells/reach';
import type { Box } from '../../engine/cells/reach';
import { sourcesOf } from '../../engine/cells/sources';
import type { Op, Trace } from '../../engine/trace';
import { findLayer } from '../../network/layer-path';
import type { View } from '../place';
import { readerOf } from './elements';

export interface MadeOf {
  /** Of each tensor that the element depends on, the smallest box around what it read; null where it reads the tensor's padding alone. */
  readonly boxes: ReadonlyMap<number, Box | null>;
  /** Whether a mask has left anything out, and whether statistics of the whole batch were. */
  readonly masked: boolean;
  readonly batchStatistics: boolean;
}

const reductions = new Set(['Mean', 'Sum', 'Max', 'Min', 'Prod']);
/** Kernels that leave weights what they are: weights that sum to 1 stay such on their way to what they weigh. */
const keeping: Readonly<Record<string, string>> = { Identity: 'x', Cast: 'x', Reshape: 'x', Transpose: 'x', Multiply: 'a', Select: 't', ExpandDims: 'input' };

/** A tensor that came out of a softmax, with all that it was on the way; null for others. */
export function attentionWeights({ ops, tensors }: Trace, id: number): readonly number[] | null {
  const passed = [id];
  for (let op = ops[tensors.get(id)?.writer ?? -1]; op !== undefined; op = ops[tensors.get(passed.at(-1) ?? -1)?.writer ?? -1]) {
    if (op.kernel === 'Softmax') return passed;
    passed.push(op.inputs[keeping[op.kernel] ?? ''] ?? -1);
  }
  return null;
}

/** @param masks whether positions to which an attention gives the weight 0 are left out */
export function madeOf(view: View, tensor: number, index: readonly number[], { masks = true } = {}): MadeOf {
  const { trace, info } = view, { ops, tensors } = trace, read = readerOf(view);
  const boxes = new Map<number, Box | null>([[tensor, index.map((at) => [at, at])]]);
  const shapeOf = (id: number): readonly number[] => tensors.get(id)?.shape ?? [];
  let masked = false, batchStatistics = false;
  // Weights that sum to 1, and what they are made of on their way: their zeros are a mask's.
  const weights = new Set<number>();
  const weighted = (id: number): boolean => {
    const passed = masks ? attentionWeights(trace, id) : null;
    for (const each of passed ?? []) weights.add(each);
    return passed !== null;
  };
  const values = (id: number): ReturnType<typeof read> | null => (weights.has(id) || (masks && tensors.get(id)?.dtype !== 'float32') || tensors.get(id)?.dtype === 'int32' ? read(id) : null);
  const normalises = (op: Op): boolean => op.layer !== null && op.phase === 'forward' && /BatchNorm/.test(findLayer(info.network, op.layer)?.type ?? '')
    && reductions.has(op.kernel) && axesOf(op.attributes[op.kernel === 'Max' ? 'reductionIndices' : 'axis'], shapeOf(op.inputs.x ?? -1).length).includes(0);
  for (let at = tensors.get(tensor)?.writer ?? -1; at >= 0; at -= 1) {
    const op = ops[at];
    if (op === undefined || !op.outputs.some((output) => boxes.has(output))) continue;
    if (normalises(op)) { batchStatistics = true; continue; }
    for (const [which, output] of op.outputs.entries()) {
      const box = boxes.get(output);
      if (box === undefined) continue;
      for (const [name, input] of Object.entries(op.inputs)) {
        const found = box === null ? null : sourcesOf(op, name, box, { shapeOf, read: values, weighted }, which), known = boxes.get(input);
        if (op.kernel === 'Softmax' && weights.has(output) && found !== null) { const [first, last] = found.at(-1) ?? [0, 0]; masked ||= last - first + 1 < (shapeOf(input).at(-1) ?? 1); }
        boxes.set(input, found === null ? known ?? null : known === undefined || known === null ? found : hull(known, found));
      }
    }
  }
  return { boxes, masked, batchStatistics };
}
