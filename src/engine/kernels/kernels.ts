/**
 * Kernels that a stock backend lacks or gets wrong, and gradients that TensorFlow.js lacks or gets wrong, are replaced here by
 * correct ones before a backend is used. What TensorFlow.js gets right stays its own, so that its results stay bit for bit the same.
 */
import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedAttrMap } from '@tensorflow/tfjs-core';
import type { BackendName } from '../config';
import { arithmeticGradients } from './gradients/arithmetic';
import { convolutionGradients } from './gradients/convolution';
import { einsumGradients } from './gradients/einsum';
import { registerGradients } from './gradients/gradient';
import { rearrangementGradients } from './gradients/rearrangement';
import { broadcastMatMul, pairsWrongly } from './matmul';
import { castToBool, gatherOfNothing, productOfNothing, sumOfNothing } from './portable/elements';
import { averagePool3Gradient, averagePoolGradient, maxPool3Gradient } from './portable/pooling';
import { cpuKernelOnWasm, onCpu, onWasm } from './portable/portable';
import { prelu } from './portable/prelu';
import { resizeBilinearGradient, resizeNearestNeighborGradient } from './portable/resizing';
import { unsortedSegmentSum } from './portable/segments';
import { onTouchedPart, skipsInput2, windowed3, withExplicitPadding } from './same-padding';
import { convolutionByUnitStride, isWrong } from './tensorflow/convolution';
import { isStridedPointwise, stridedPointwiseGradient } from './tensorflow/pointwise-gradient';
import { denseBincount } from './tensorflow/counting';
import { resizingKernels } from './tensorflow/resizing';
import { convolutionKernels } from './wasm/convolution';
import { einsum } from './wasm/einsum';
import { fusedMatMul, stockIsRight } from './wasm/fused-matmul';
import { vectorisedMatMul } from './wasm/matmul';
import { poolingKernels } from './wasm/pooling';

/** A kernel, made with the stock one (if there is one) at hand. */
type Replacement = (stock: KernelFunc | undefined) => KernelFunc;

const always = (kernelFunc: KernelFunc): Replacement => () => kernelFunc;

type Inputs = Parameters<KernelFunc>[0]['inputs'];

/** Ours where `wrong` says that the stock kernel is; the stock one elsewhere. */
const where = (wrong: (inputs: Inputs, attrs: NamedAttrMap) => boolean, kernelFunc: KernelFunc): Replacement => (stock) => (parameters) =>
  (stock === undefined || wrong(parameters.inputs, parameters.attrs ?? {}) ? kernelFunc(parameters) : stock(parameters));

const padded = (_inputs: Inputs, { pad }: NamedAttrMap): boolean => pad !== 'valid' && pad !== 0;
const halfPixel = (_inputs: Inputs, { halfPixelCenters }: NamedAttrMap): boolean => halfPixelCenters === true;
const broadcast = ({ x, alpha }: Inputs): boolean => x?.shape.join() !== alpha?.shape.join();

/** The stock product, except where its broadcasting pairs the wrong matrices. */
const product = (backendName: BackendName): Replacement => (stock) => (parameters) => {
  if (stock === undefined) throw new Error(`${backendName} has no BatchMatMul.`);
  return pairsWrongly(parameters.inputs.a, parameters.inputs.b) ? broadcastMatMul(backendName, stock)(parameters) : stock(parameters);
};

/** The stock convolution, with its padding in numbers where it would take it for negative. */
const paddedInNumbers = (depthwise: boolean): Replacement => (stock) => (parameters) => {
  if (stock === undefined) throw new Error('A stock convolution is missing.');
  return skipsInput2(parameters.inputs, parameters.attrs ?? {}) ? withExplicitPadding(stock, depthwise)(parameters) : stock(parameters);
};

/** The stock convolution, by way of stride 1 where the native one is wrong. */
const byUnitStride = (kernelName: 'Conv2D' | 'Conv3D'): Replacement => (stock) => (parameters) => {
  if (stock === undefined) throw new Error('A stock convolution is missing.');
  return isWrong(parameters.inputs, parameters.attrs ?? {}) ? convolutionByUnitStride(kernelName, stock)(parameters) : stock(parameters);
};

/** The stock filter gradient, except where it damages the memory. */
const filterGradient: Replacement = (stock) => (parameters) => {
  if (stock === undefined) throw new Error('The stock filter gradient is missing.');
  return (isStridedPointwise(parameters.attrs ?? {}) ? stridedPointwiseGradient(stock) : stock)(parameters);
};

/** The cpu backend's kernel of this name, on wasm. */
const borrowed = (kernelName: string): Replacement => {
  const kernel = getKernel(kernelName, 'cpu');
  return always((parameters) => cpuKernelOnWasm((kernel ?? getKernel(kernelName, 'cpu')).kernelFunc)(parameters));
};

const empty = (inputs: Inputs): boolean => Object.values(inputs).some((input) => input?.shape.includes(0) === true);
/** The cpu backend's kernel where an operand has no elements. */
const borrowedForNothing = (kernelName: string): Replacement => (stock) => where(empty, borrowed(kernelName)(stock))(stock);

const all = (table: Readonly<Record<string, KernelFunc>>): Readonly<Record<string, Replacement>> =>
  Object.fromEntries(Object.entries(table).map(([name, kernelFunc]) => [name, always(kernelFunc)]));

/** Replacements by backend and kernel name. */
const replacements: Readonly<Record<BackendName, Readonly<Record<string, Replacement>>>> = {
  tensorflow: { ...all(resizingKernels), DenseBincount: always(denseBincount), BatchMatMul: product('tensorflow'), Conv2D: byUnitStride('Conv2D'), Conv3D: byUnitStride('Conv3D'), Conv2DBackpropFilter: filterGradient },
  wasm: {
    ...all(convolutionKernels), ...all(poolingKernels),
    BatchMatMul: (stock) => product('wasm')(stock === undefined ? undefined : vectorisedMatMul(stock)),
    UnsortedSegmentSum: always(onWasm(unsortedSegmentSum)),
    Einsum: always(einsum),
    Cast: where(({ x }, { dtype }) => dtype === 'bool' && x?.dtype !== 'bool', onWasm(castToBool)),
    Sum: where(({ x }) => x?.shape.includes(0) === true, onWasm(sumOfNothing)),
    _FusedMatMul: where((inputs, attrs) => !stockIsRight(inputs, attrs), fusedMatMul),
    Conv2D: paddedInNumbers(false), FusedConv2D: paddedInNumbers(false), DepthwiseConv2dNative: paddedInNumbers(true), FusedDepthwiseConv2D: paddedInNumbers(true),
    Prelu: where(broadcast, onWasm(prelu)),
    ResizeBilinearGrad: where(halfPixel, onWasm(resizeBilinearGradient)),
    ResizeNearestNeighborGrad: where(halfPixel, onWasm(resizeNearestNeighborGradient)),
    Dilation2D: borrowed('Dilation2D'), Dilation2DBackpropInput: borrowed('Dilation2DBackpropInput'), Dilation2DBackpropFilter: borrowed('Dilation2DBackpropFilter'),
  },
  cpu: {
    BatchMatMul: product('cpu'),
    UnsortedSegmentSum: always(onCpu(unsortedSegmentSum)),
    AvgPoolGrad: where(padded, onCpu(averagePoolGradient)),
    AvgPool3DGrad: where(padded, onCpu(averagePool3Gradient)),
    MaxPool3DGrad: always(onCpu(maxPool3Gradient)),
    ResizeBilinearGrad: always(onCpu(resizeBilinearGradient)),
    ResizeNearestNeighborGrad: where(halfPixel, onCpu(resizeNearestNeighborGradient)),
  },
};

/** On wasm, where an operand has no elements: stock kernels divide by zero, forget the shape, or leave their memory as they found it. All else is the stock kernel's, or the replacement's. */
const forNothing: Readonly<Record<string, Replacement>> = {
  GatherV2: where(empty, onWasm(gatherOfNothing)), BatchMatMul: where(empty, onWasm(productOfNothing)),
  ...Object.fromEntries(['Transpose', 'TopK', 'Prod', 'Mean', 'Max', 'Min'].map((name) => [name, borrowedForNothing(name)])),
};

let gradientsAreGood = false;

/** Registers the corrected kernels of a backend, and once the gradients, which all share; called before its kernels are set up. */
export function makeKernelsGood(backendName: BackendName): void {
  if (!gradientsAreGood) {
    for (const table of [arithmeticGradients, convolutionGradients, einsumGradients, rearrangementGradients]) registerGradients(table);
    gradientsAreGood = true;
  }
  for (const [kernelName, replacement] of [...Object.entries(replacements[backendName]), ...(backendName === 'wasm' ? Object.entries(forNothing) : [])]) {
    const stock = getKernel(kernelName, backendName);
    if (stock !== undefined) unregisterKernel(kernelName, backendName);
    registerKernel({ ...stock, kernelName, backendName, kernelFunc: replacement(stock?.kernelFunc) });
  }
  if (backendName === 'tensorflow') return;
  // On top of the replacements: TensorFlow.js's geometry in 3-D is wrong for both.
  for (const [kernelName, windowed] of Object.entries(windowed3)) {
    const stock = getKernel(kernelName, backendName);
    if (stock === undefined) continue;
    unregisterKernel(kernelName, backendName);
    registerKernel({ ...stock, kernelFunc: onTouchedPart(backendName, windowed, stock.kernelFunc) });
  }
}

/** Kernels that on this backend are not TensorFlow.js's own: a program exported for plain TensorFlow.js takes them along. */
export function replacedKernels(backendName: BackendName): ReadonlySet<string> {
  return new Set(Object.keys(replacements[backendName]));
}
