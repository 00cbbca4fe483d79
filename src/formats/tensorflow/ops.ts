/** What reading a graph needs to know of TensorFlow's ops: which the engine has, what their inputs are called, which constants are trained. https://www.tensorflow.org/api_docs/python/tf/raw_ops */

/** Ops that the engine's table has; `Const` stands for a constant that several ops share. */
export const tensorflowOpNames: readonly string[] = (
  'Abs Erfc Inv Rint Xlogy Xdivy MulNoNan L2Loss Softsign BatchMatMulV3 Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Exp Expm1 Floor IsFinite IsInf IsNan Log Log1p Neg Reciprocal Round Rsqrt Sign Sin Sinh Sqrt Square Tan OnesLike ZerosLike LogicalNot '
  + 'Add AddV2 Sub Mul RealDiv Div DivNoNan FloorDiv Mod FloorMod Pow Maximum Minimum SquaredDifference Atan2 Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr AddN BiasAdd BiasAddV1 Select SelectV2 Cast '
  + 'Relu Relu6 Elu Selu Softplus Tanh Sigmoid Softmax LogSoftmax LeakyRelu Prelu ClipByValue '
  + 'Conv2D Conv3D _FusedConv2D DepthwiseConv2dNative DepthwiseConv2d FusedDepthwiseConv2dNative Conv2DBackpropInput Dilation2D MaxPool AvgPool MaxPool3D AvgPool3D '
  + 'MatMul BatchMatMul BatchMatMulV2 _FusedMatMul Einsum MatrixBandPart FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN Sum Mean Prod Max Min All Any EuclideanNorm ArgMax ArgMin Cumsum Cumprod TopKV2 '
  + 'Identity Snapshot StopGradient PreventGradient PlaceholderWithDefault Print CheckNumerics EnsureShape IdentityN Const Shape ShapeN Rank Size Reshape Squeeze ExpandDims Transpose ConcatV2 Concat Pack Unpack Split SplitV Slice '
  + 'StridedSlice Tile BroadcastTo BroadcastArgs Gather GatherV2 ResourceGather GatherNd ScatterNd TensorScatterUpdate Reverse ReverseV2 Pad PadV2 MirrorPad SpaceToBatchND BatchToSpaceND DepthToSpace SpaceToDepth '
  + 'ResizeBilinear ResizeNearestNeighbor Fill Range LinSpace OneHot '
  + 'EmptyTensorList TensorListReserve TensorListFromTensor TensorListLength TensorListGetItem TensorListSetItem TensorListStack TensorListPushBack TensorListPopBack TensorListGather TensorListScatter TensorListScatterV2 '
  + 'TensorListScatterIntoExistingList TensorListSplit TensorListConcat TensorListConcatV2 TensorListResize TensorArrayV3 TensorArraySizeV3 TensorArrayCloseV3 TensorArrayReadV3 TensorArrayWriteV3 TensorArrayGatherV3 '
  + 'TensorArrayScatterV3 TensorArraySplitV3 TensorArrayConcatV3 NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 Where Unique UniqueV2 ListDiff LowerBound UpperBound SparseToDense '
  + 'CropAndResize ImageProjectiveTransformV3 Bincount DenseBincount FakeQuantWithMinMaxVars RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal Multinomial FFT IFFT RFFT RFFT2D IRFFT Complex Real Imag ComplexAbs Angle').split(' ');
/** Ops that give complex numbers, and those that take them. Others compute with real numbers only. */
export const complexOps = { giving: new Set(['FFT', 'IFFT', 'RFFT', 'RFFT2D', 'Complex']), taking: new Set(['FFT', 'IFFT', 'IRFFT', 'Real', 'Imag', 'ComplexAbs', 'Angle']) };
/** Ops that only move elements run on real and imaginary parts alike. */
export const movesComplex: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'Squeeze', 'ExpandDims', 'Transpose', 'Slice', 'StridedSlice']);
/** Ops that run the graphs inside them. */
export const tensorflowControlFlow: readonly string[] = ['If', 'StatelessIf', 'While', 'StatelessWhile', 'PartitionedCall', 'StatefulPartitionedCall'];
const known = new Set([...tensorflowOpNames, ...tensorflowControlFlow]);

/** Whether the engine has an op of this type. */
export const isKnownTensorflowOp = (type: string): boolean => known.has(type);

const fusedProduct = ['input', 'kernel', 'bias', 'alpha'];
const normalised = ['x', 'gamma', 'beta', 'moving_mean', 'moving_variance'];
const reduced = ['input', 'axis'];
/** What the inputs of an op are called, by position; weights carry Keras's names where Keras has one. */
const inputNames: Readonly<Record<string, readonly string[]>> = {
  Conv2D: fusedProduct, Conv3D: fusedProduct, _FusedConv2D: fusedProduct, DepthwiseConv2dNative: fusedProduct, DepthwiseConv2d: fusedProduct, FusedDepthwiseConv2dNative: fusedProduct, _FusedMatMul: fusedProduct,
  MatMul: ['input', 'kernel'], BatchMatMul: ['input', 'kernel'], BatchMatMulV2: ['input', 'kernel'], BatchMatMulV3: ['input', 'kernel'], Conv2DBackpropInput: ['output_shape', 'kernel', 'input'], Dilation2D: ['input', 'kernel'], BiasAdd: ['value', 'bias'], BiasAddV1: ['value', 'bias'],
  FusedBatchNorm: normalised, FusedBatchNormV2: normalised, FusedBatchNormV3: normalised, Prelu: ['x', 'alpha'], Gather: ['embeddings', 'indices'], GatherV2: ['embeddings', 'indices', 'axis'], ResourceGather: ['embeddings', 'indices'],
  ...Object.fromEntries(['Sum', 'Mean', 'Prod', 'Max', 'Min', 'All', 'Any', 'EuclideanNorm', 'ArgMax', 'ArgMin', 'Cumsum', 'Cumprod', 'ExpandDims', 'ReverseV2'].map((name) => [name, reduced])),
  Reshape: ['tensor', 'shape'], Transpose: ['x', 'perm'], Concat: ['axis'], Split: ['axis', 'value'], SplitV: ['value', 'sizes', 'axis'], Slice: ['input', 'begin', 'size'], StridedSlice: ['input', 'begin', 'end', 'strides'], Tile: ['input', 'multiples'],
  BroadcastTo: ['input', 'shape'], Pad: ['input', 'paddings'], PadV2: ['input', 'paddings', 'constant'], MirrorPad: ['input', 'paddings'], SpaceToBatchND: ['input', 'block_shape', 'paddings'], BatchToSpaceND: ['input', 'block_shape', 'crops'],
  ResizeBilinear: ['images', 'size'], ResizeNearestNeighbor: ['images', 'size'], Fill: ['dims', 'value'], Range: ['start', 'limit', 'delta'], LinSpace: ['start', 'stop', 'num'], OneHot: ['indices', 'depth', 'on_value', 'off_value'],
  TopKV2: ['input', 'k'], Select: ['condition', 'x', 'y'], SelectV2: ['condition', 'x', 'y'], ClipByValue: ['x', 'minimum', 'maximum'], GatherNd: ['params', 'indices'], ScatterNd: ['indices', 'updates', 'shape'], TensorScatterUpdate: ['tensor', 'indices', 'updates'],
};

/** What the input at a position is called; `x`, `y`, or its number where there is no better name. */
export function inputName(type: string, position: number, inputs: number): string {
  if (type === 'ConcatV2' && position === inputs - 1) return 'axis';
  const name = Object.hasOwn(inputNames, type) ? inputNames[type]?.[position] : undefined;
  return name ?? (inputs <= 2 ? ['x', 'y'][position] ?? `input_${position}` : `input_${position}`);
}

const always = [0, 1, 2, 3];
/** Positions at which a floating constant is a weight that training changes; single numbers are not. */
const trainedInputs: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(['MatMul', 'BatchMatMul', 'BatchMatMulV2', 'BatchMatMulV3', 'Einsum', '_FusedMatMul', '_FusedConv2D', 'FusedDepthwiseConv2dNative', 'Add', 'AddV2', 'Sub', 'Mul', 'AddN'].map((name) => [name, always])),
  ...Object.fromEntries(['Conv2D', 'Conv3D', 'DepthwiseConv2dNative', 'DepthwiseConv2d', 'Conv2DBackpropInput', 'Dilation2D', 'BiasAdd', 'BiasAddV1', 'Prelu'].map((name) => [name, [1]])),
  ...Object.fromEntries(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((name) => [name, [1, 2]])), ...Object.fromEntries(['Gather', 'GatherV2', 'ResourceGather'].map((name) => [name, [0]])),
};

/** Whether a floating constant of that shape is trained where an op takes it. */
export function trains(type: string, position: number, shape: readonly number[]): boolean {
  return shape.length > 0 && Object.hasOwn(trainedInputs, type) && trainedInputs[type]?.includes(position) === true;
}
