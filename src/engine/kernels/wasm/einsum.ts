/** Einsum on wasm, which the stock backend lacks: sums, transpositions and one batched matrix product of its own kernels. */
import type { KernelBackend, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { Failure } from '../../../tensor/failure';
import { equationOf } from '../gradients/einsum';
import { Steps } from '../steps';

/** A tensor with a letter for each dimension. */
interface Lettered { readonly info: TensorInfo; readonly labels: string }

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

export const einsum: KernelFunc = ({ inputs, backend, attrs }) => {
  const { equation } = attrs as unknown as { equation: string };
  const { operands, output } = equationOf(equation);
  const infos = operands.map((_, index) => inputs[`${index}`]).filter((info): info is TensorInfo => info !== undefined);
  const extents = new Map<string, number>();
  operands.forEach((labels, index) => {
    const shape = infos[index]?.shape ?? [];
    if (shape.length !== labels.length) throw new Failure('kernel.einsum', `The einsum equation "${equation}" wants ${labels.length} dimensions of operand ${index + 1}, whose shape is [${shape.join(', ')}].`);
    [...labels].forEach((label, axis) => {
      const extent = shape[axis] ?? 0, known = extents.get(label) ?? extent;
      if (known !== extent) throw new Failure('kernel.einsum', `In the einsum equation "${equation}" the letter ${label} is ${known} in one operand and ${extent} in the other.`);
      extents.set(label, extent);
    });
  });
  const steps = new Steps('wasm', backend as KernelBackend);
  const shapeOf = (labels: string): number[] => [...labels].map((label) => extents.get(label) ?? 1);
  const arrange = ({ info, labels }: Lettered, wanted: string): TensorInfo => (labels === wanted ? info : steps.run('Transpose', { x: info }, { perm: [...wanted].map((label) => labels.indexOf(label)) }));
  const reshape = (info: TensorInfo, shape: number[]): TensorInfo => steps.run('Reshape', { x: info }, { shape });
  const summed = (index: number, others: string): Lettered => {
    const labels = operands[index] ?? '', info = infos[index];
    if (info === undefined) throw new Error(`Einsum "${equation}" lacks operand ${index}.`);
    const stays = [...labels].filter((label) => output.includes(label) || others.includes(label)).join('');
    if (stays === labels) return { info, labels };
    const axis = [...labels].flatMap((label, position) => (stays.includes(label) ? [] : [position]));
    return { info: steps.run('Sum', { x: info }, { axis, keepDims: false }), labels: stays };
  };
  if (operands.length === 1) return steps.finish(arrange(summed(0, ''), output), infos);
  const a = summed(0, operands[1] ?? ''), b = summed(1, operands[0] ?? '');
  const shared = [...a.labels].filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => output.includes(label)).join(''), inner = shared.filter((label) => !output.includes(label)).join('');
  const rows = [...a.labels].filter((label) => !b.labels.includes(label)).join(''), columns = [...b.labels].filter((label) => !a.labels.includes(label)).join('');
  const size = (labels: string): number => sizeOf(shapeOf(labels));
  const left = reshape(arrange(a, batch + rows + inner), [size(batch), size(rows), size(inner)]);
  const right = reshape(arrange(b, batch + inner + columns), [size(batch), size(inner), size(columns)]);
  const product = steps.run('BatchMatMul', { a: left, b: right }, { transposeA: false, transposeB: false });
  const labels = batch + rows + columns;
  return steps.finish(arrange({ info: reshape(product, shapeOf(labels)), labels }, output), infos);
};
