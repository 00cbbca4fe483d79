/** What the layers of a run really cost: the multiply-adds of its kernels and the bytes of its outputs, for one example. */
import type { Controller } from '../../../src/debug/controller';
import type { Op, Trace } from '../../../src/engine/trace';
import { sizeOf } from '../../../src/tensor/value';

export interface Measured { readonly macs: number; readonly bytes: number }

/** Multiply-adds of a kernel: its definition, from the shapes that it had. */
function macsOf({ tensors }: Trace, { kernel, inputs, outputs, attributes }: Op): number {
  const shape = (id: number | undefined): readonly number[] => tensors.get(id ?? -1)?.shape ?? [];
  const output = sizeOf(shape(outputs[0])), filter = shape(inputs.filter);
  switch (kernel) {
    case 'Conv2D': case 'FusedConv2D': case 'Conv3D': return output * sizeOf(filter.slice(0, -1));
    case 'DepthwiseConv2dNative': case 'FusedDepthwiseConv2D': return output * sizeOf(filter.slice(0, 2));
    case 'Conv2DBackpropInput': case 'Conv3DBackpropInputV2': return sizeOf(shape(inputs.dy)) * sizeOf(filter.slice(0, -1));
    case 'BatchMatMul': case '_FusedMatMul': return output * (shape(inputs.a).at(attributes.transposeA === true ? -2 : -1) ?? 1);
    case 'Einsum': {
      const [letters = ''] = (typeof attributes.equation === 'string' ? attributes.equation : '').split('->'), extents = new Map<string, number>();
      letters.split(',').forEach((each, input) => { [...each].forEach((letter, axis) => extents.set(letter, shape(inputs[String(input)])[axis] ?? 1)); });
      return letters.includes(',') ? sizeOf([...extents.values()]) : 0;
    }
    default: return 0;
  }
}

/** Sums over the forward pass, by layer. */
export function totals({ trace }: Controller): ReadonlyMap<string, Measured> {
  const found = new Map<string, { macs: number; bytes: number }>();
  const of = (layer: string): { macs: number; bytes: number } => { const known = found.get(layer) ?? { macs: 0, bytes: 0 }; found.set(layer, known); return known; };
  for (const op of trace.ops) if (op.phase === 'forward' && op.layer !== null) of(op.layer).macs += macsOf(trace, op);
  for (const { layer, outputs } of trace.layers) for (const id of outputs) { const tensor = trace.tensors.get(id); of(layer).bytes += sizeOf(tensor?.shape ?? [0]) * (tensor?.dtype === 'bool' ? 1 : 4); }
  return found;
}

/** For one example, from runs on 1 and on 2: what does not grow with the batch is there once. */
export function perExample(one: ReadonlyMap<string, Measured>, two: ReadonlyMap<string, Measured>): ReadonlyMap<string, Measured> {
  const each = (small = 0, large = 0): number => (large === small ? small : large - small);
  return new Map([...one].map(([layer, { macs, bytes }]) => [layer, { macs: each(macs, two.get(layer)?.macs), bytes: each(bytes, two.get(layer)?.bytes) }]));
}
