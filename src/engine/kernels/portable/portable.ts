/** Kernels in plain JavaScript that run on `cpu` and on `wasm`: they get values and give values, wherever those are kept. */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { util } from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmKernels } from '../../backend/wasm';

type Values = Float32Array | Int32Array | Uint8Array;

export interface Operand { readonly shape: readonly number[]; readonly dtype: TensorInfo['dtype']; readonly values: Values }
export interface Result { readonly shape: readonly number[]; readonly dtype: TensorInfo['dtype']; readonly values: Values }

/** Computes the output from the operands, which it must not write to. */
export type PortableKernel = (operand: (name: string) => Operand, attrs: Readonly<Record<string, unknown>>) => Result;

const attributesOf = (attrs: NamedAttrMap | undefined): Readonly<Record<string, unknown>> => attrs ?? {};

function named(inputs: Readonly<Record<string, TensorInfo | undefined>>, name: string): TensorInfo {
  const info = inputs[name];
  if (info === undefined) throw new Error(`The kernel needs an input "${name}".`);
  return info;
}

/** The kernel as `cpu` wants it. */
export const onCpu = (kernel: PortableKernel): KernelFunc => ({ inputs, backend, attrs }) => {
  const cpu = backend as MathBackendCPU;
  const { shape, dtype, values } = kernel((name) => {
    const info = named(inputs, name);
    return { shape: info.shape, dtype: info.dtype, values: cpu.data.get(info.dataId).values as Values };
  }, attributesOf(attrs));
  return cpu.makeTensorInfo([...shape], dtype, values);
};

/** The kernel as `wasm` wants it: operands are views of the heap, valid because nothing is allocated until the result is there. */
export const onWasm = (kernel: PortableKernel): KernelFunc => ({ inputs, backend, attrs }) => {
  const wasm = backend as WasmKernels;
  const { shape, dtype, values } = kernel((name) => {
    const info = named(inputs, name);
    return { shape: info.shape, dtype: info.dtype, values: wasm.typedArrayFromHeap(info) };
  }, attributesOf(attrs));
  return wasm.makeOutput([...shape], dtype, undefined, values);
};

/** A kernel of the cpu backend, run on values from the wasm heap: for kernels that are rare and not worth more. */
export const cpuKernelOnWasm = (kernelFunc: KernelFunc): KernelFunc => ({ inputs, backend, attrs }) => {
  const wasm = backend as WasmKernels;
  const data = new Map<object, Values>();
  for (const info of Object.values(inputs)) if (info !== undefined) data.set(info.dataId, wasm.typedArrayFromHeap(info));
  const keep = (values: Values, dtype: TensorInfo['dtype']): object => {
    const dataId = {};
    data.set(dataId, util.toTypedArray(values, dtype));
    return dataId;
  };
  // The part of MathBackendCPU that its kernels use.
  const stage = {
    data: { get: (dataId: object) => ({ values: data.get(dataId) }) },
    makeTensorInfo: (shape: readonly number[], dtype: TensorInfo['dtype'], values: Values) => ({ dataId: keep(values, dtype), shape: [...shape], dtype }),
    write: (values: Values, _shape: readonly number[], dtype: TensorInfo['dtype']) => keep(values, dtype),
    disposeIntermediateTensorInfo: () => undefined,
  };
  const results = [kernelFunc({ inputs, backend: stage, attrs })].flat();
  const outputs = results.map(({ shape, dtype, dataId }) => wasm.makeOutput(shape, dtype, undefined, data.get(dataId)));
  const [first] = outputs;
  return outputs.length === 1 && first !== undefined ? first : outputs;
};
