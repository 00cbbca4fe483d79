/** What a tensor is to the step under the cursor, in a word or a symbol: `x`, `kernel`, `z`, `∂L/∂kernel`, `labels`. */
import type { Op } from '../../engine/trace';
import type { TraceIndex } from './trace-index';

/** The layer call from which tensors are looked at; `x` is its input and `y` its output. */
export interface Viewpoint { readonly layer: string | null; readonly call: number }

/** What the main op of a layer gives before its bias is added. */
const products: Readonly<Record<string, string>> = { Conv2D: 'x ∗ kernel', Conv3D: 'x ∗ kernel', DepthwiseConv2dNative: 'x ∗ kernel', BatchMatMul: 'x · kernel' };

/** Words for a kernel's arguments, used when a tensor has no meaning of its own. */
const argumentWords: Readonly<Record<string, string>> = {
  x: 'x', input: 'x', logits: 'z', filter: 'kernel', dy: '∂L/∂y', y: 'y', output: 'y', a: 'a', b: 'b', indices: 'indices', condition: 'condition', t: 'where true',
  e: 'where false', alpha: 'alpha', bias: 'bias', segmentIds: 'segments', mean: 'mean', variance: 'variance', offset: 'beta', scale: 'gamma', value: 'x', image: 'image', images: 'images',
};

/** @param argument name of the kernel's argument through which the tensor is read; absent for outputs. */
export function roleOf(index: TraceIndex, id: number, from: Viewpoint, argument?: string): string {
  return knownRole(index, id, from) ?? (argument === undefined ? 'output' : argumentWords[argument] ?? argument);
}

/** Role of a tensor that the trace itself names; null for values in between. */
export function knownRole(index: TraceIndex, id: number, from: Viewpoint): string | null {
  const { trace } = index;
  const tensor = index.tensor(id);
  if (tensor === undefined) return null;
  const weight = index.weights.get(id);
  if (weight?.moment === 'before') return weight.weights.weight;
  if (weight?.moment === 'after') return `${weight.weights.weight}, new`;
  if (weight?.moment === 'gradient') return `∂L/∂${weight.weights.weight}`;
  const slot = index.slots.get(id);
  if (slot !== undefined) return slot.moment === 'after' ? `${slot.slot}, new` : slot.slot;
  if (id === trace.lossTensor) return 'loss';
  const gradientOf = tensor.gradientOf;
  if (gradientOf !== null) {
    const value = knownRole(index, gradientOf.tensor, from) ?? index.names.get(gradientOf.tensor) ?? 'value';
    const of = value.includes(' ') ? `(${value})` : value;
    return gradientOf.partial ? `part of ∂L/∂${of}` : `∂L/∂${of}`;
  }
  const here = layerRole(index, id, from);
  if (here !== null) return here;
  if (tensor.role.kind === 'label') return 'labels';
  if (tensor.role.kind === 'input') return 'x';
  if (tensor.role.kind === 'state') return tensor.role.slot;
  if (tensor.role.kind === 'constant') return tensor.role.name ?? 'constant';
  if (Object.values(trace.predictions).includes(id)) return 'predictions';
  return null;
}

function layerRole(index: TraceIndex, id: number, from: Viewpoint): string | null {
  if (index.preActivations.get(id) !== undefined) return 'z';
  const layer = index.layerCall(from.layer, from.call);
  if (layer === undefined) return null;
  const writer = index.trace.ops[index.tensor(id)?.writer ?? -1];
  const byKernel = writer !== undefined && Object.values(writer.inputs).some((input) => index.weights.get(input)?.weights.weight === 'kernel');
  const product = writer?.layer === layer.layer && writer.call === layer.call && writer.phase === 'forward' && byKernel ? products[writer.kernel] : undefined;
  if (product !== undefined && !layer.outputs.includes(id)) return product;
  const numbered = (ids: readonly number[], symbol: string): string | null => {
    const place = ids.indexOf(id);
    return place < 0 ? null : ids.length === 1 ? symbol : `${symbol}${place + 1}`;
  };
  return numbered(layer.inputs, 'x') ?? numbered(layer.outputs, 'y');
}

/** What the output of a backward op is the gradient of, in words: `gradient of the kernel`; null when it is not a whole gradient. */
export function gradientWords(index: TraceIndex, op: Op): string | null {
  for (const output of op.outputs) {
    const tensor = index.tensor(output);
    if (tensor?.gradientOf === null || tensor?.gradientOf === undefined) continue;
    const { tensor: of, partial } = tensor.gradientOf;
    const what = valueWords(index, of, op);
    if (what !== null) return partial ? `part of the gradient of the ${what}` : `gradient of the ${what}`;
  }
  return null;
}

function valueWords(index: TraceIndex, id: number, from: Viewpoint): string | null {
  const role = knownRole(index, id, from);
  if (role === null) return null;
  if (role === 'z') return 'pre-activation';
  if (/^x\d*$/.test(role)) return role === 'x' ? 'input' : `input ${role.slice(1)}`;
  if (/^y\d*$/.test(role)) return role === 'y' ? 'output' : `output ${role.slice(1)}`;
  return role;
}
