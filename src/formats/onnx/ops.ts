/** What reading a graph needs to know of ONNX ops: which the engine has, which inputs are settings, which are weights. https://onnx.ai/onnx/operators/ */

/** Ops of the default domain that the engine's table has, by family; `Parameter` is Backstep's own, for a weight that several ops share. */
export const onnxOps = [
  'Parameter', 'Identity', 'Constant', 'Cast', 'CastLike', 'Dropout',
  'Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Ceil', 'Cos', 'Cosh', 'Erf', 'Exp', 'Floor', 'IsInf', 'IsNaN', 'Log', 'Neg', 'Not', 'Reciprocal', 'Round', 'Sign', 'Sin', 'Sinh', 'Sqrt', 'Tan', 'Tanh',
  'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Max', 'Min', 'Mean', 'Sum', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor', 'Where', 'PRelu',
  'Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Swish', 'Mish', 'Softplus', 'Softsign', 'ThresholdedRelu', 'Shrink', 'Clip', 'Softmax', 'LogSoftmax', 'Hardmax',
  'MatMul', 'Gemm', 'Einsum',
  'Conv', 'ConvTranspose', 'DeformConv', 'MaxPool', 'AveragePool', 'LpPool', 'GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool',
  'BatchNormalization', 'InstanceNormalization', 'LayerNormalization', 'GroupNormalization', 'RMSNormalization', 'LRN', 'LpNormalization', 'MeanVarianceNormalization',
  'ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceSumSquare', 'ArgMax', 'ArgMin', 'CumSum', 'CumProd', 'TopK',
  'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Concat', 'Split', 'Slice', 'Expand', 'Tile', 'Pad', 'DepthToSpace', 'SpaceToDepth', 'Trilu', 'CenterCropPad', 'ReverseSequence',
  'Gather', 'GatherElements', 'GatherND', 'ScatterElements', 'ScatterND', 'Scatter', 'OneHot', 'Shape', 'Size', 'ConstantOfShape', 'Range', 'EyeLike',
  'Resize', 'Upsample', 'GridSample', 'AffineGrid', 'RoiAlign', 'Col2Im', 'MaxUnpool', 'NonZero', 'Compress', 'Unique', 'NonMaxSuppression',
  'BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'BitwiseNot', 'QLinearMatMul', 'QLinearConv', 'DynamicQuantizeLinear', 'MatMulInteger', 'ConvInteger',
  'RandomUniform', 'RandomUniformLike', 'RandomNormal', 'RandomNormalLike', 'Bernoulli', 'HannWindow', 'HammingWindow', 'BlackmanWindow', 'DFT', 'STFT', 'CausalConvWithState', 'TensorScatter', 'SwiGLU',
  'RNN', 'GRU', 'LSTM', 'Attention', 'LinearAttention', 'RotaryEmbedding',
  'SequenceEmpty', 'SequenceConstruct', 'SequenceInsert', 'SequenceErase', 'SequenceAt', 'SequenceLength', 'ConcatFromSequence', 'SplitToSequence', 'Optional', 'OptionalGetElement', 'OptionalHasElement',
  'QuantizeLinear', 'DequantizeLinear', 'SoftmaxCrossEntropyLoss', 'NegativeLogLikelihoodLoss',
] as const;

export type OnnxOp = (typeof onnxOps)[number];

/** Ops of onnxruntime's own domain, which its optimizer and its quantizer write. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md */
const runtimeNames = [
  'FusedMatMul', 'TransposeMatMul', 'FusedConv', 'FusedGemm', 'FastGelu', 'BiasGelu', 'QuickGelu', 'BiasSplitGelu', 'BiasAdd', 'BiasSoftmax', 'SkipLayerNormalization', 'SkipSimplifiedLayerNormalization', 'EmbedLayerNormalization', 'GroupNorm',
  'Attention', 'MultiHeadAttention', 'GroupQueryAttention', 'RotaryEmbedding', 'MatMulNBits', 'GatherBlockQuantized', 'DynamicQuantizeMatMul', 'MatMulIntegerToFloat',
  'QLinearAdd', 'QLinearMul', 'QLinearLeakyRelu', 'QLinearSigmoid', 'QLinearSoftmax', 'QLinearAveragePool', 'QLinearGlobalAveragePool', 'QLinearConcat', 'QGemm', 'QLinearWhere', 'QAttention',
] as const;
export type RuntimeOp = `com.microsoft.${(typeof runtimeNames)[number]}`;
export const runtimeOps: readonly RuntimeOp[] = runtimeNames.map((name) => `com.microsoft.${name}` as const);
/** Ops that run the graphs inside them. */
export const onnxControlFlow = ['If', 'Loop', 'Scan', 'SequenceMap'] as const;
const known = new Set<string>([...onnxOps, ...runtimeOps, ...onnxControlFlow]);

/** Ops of other domains that mean what an op of the default domain does. */
const aliases: Readonly<Record<string, OnnxOp>> = {
  'com.microsoft.Gelu': 'Gelu', 'com.microsoft.GridSample': 'GridSample', 'com.microsoft.Trilu': 'Trilu', 'com.microsoft.QuantizeLinear': 'QuantizeLinear', 'com.microsoft.DequantizeLinear': 'DequantizeLinear', 'com.microsoft.Range': 'Range',
  'com.microsoft.Pad': 'Pad', SimplifiedLayerNormalization: 'RMSNormalization', 'com.microsoft.SimplifiedLayerNormalization': 'RMSNormalization',
};

/** The type of an op as layers carry it: without the default domain. */
export function opType(domain: string, type: string): string {
  const written = domain === '' || domain === 'ai.onnx' ? type : `${domain}.${type}`;
  return (Object.hasOwn(aliases, written) ? aliases[written] : undefined) ?? written;
}

/** Whether the engine has an op of this type. */
export const isKnownOp = (type: string): boolean => known.has(type);

/** Inputs that say how an op works, by position and by their names in the standard; older opsets have most of them as attributes of these names. */
export const settingInputs: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Reshape: { 1: 'shape' }, Squeeze: { 1: 'axes' }, Unsqueeze: { 1: 'axes' }, Slice: { 1: 'starts', 2: 'ends', 3: 'axes', 4: 'steps' }, Split: { 1: 'split' }, Expand: { 1: 'shape' }, Tile: { 1: 'repeats' },
  Pad: { 1: 'pads', 2: 'value', 3: 'axes' }, Clip: { 1: 'min', 2: 'max' }, TopK: { 1: 'k' }, CumSum: { 1: 'axis' }, CumProd: { 1: 'axis' }, AffineGrid: { 1: 'size' }, Col2Im: { 1: 'image_shape', 2: 'block_shape' }, MaxUnpool: { 2: 'output_shape' }, Trilu: { 1: 'k' }, OneHot: { 1: 'depth' }, CenterCropPad: { 1: 'shape' },
  ConstantOfShape: { 0: 'shape' }, Dropout: { 1: 'ratio', 2: 'training_mode' }, Resize: { 1: 'roi', 2: 'scales', 3: 'sizes' }, Upsample: { 1: 'scales' },
  ...Object.fromEntries(['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map((name) => [`Reduce${name}`, { 1: 'axes' }])),
};

/** State that training does not change by gradients, by position of the input. */
export const bufferInputs: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4], QuantizeLinear: [1, 2], DequantizeLinear: [0, 1, 2], Where: [0], RotaryEmbedding: [1, 2], Resize: [1, 2, 3], NonMaxSuppression: [0, 1, 2, 3, 4], RoiAlign: [1, 2], Compress: [1], Unique: [0], NonZero: [0], STFT: [1, 2, 3], DFT: [1, 2], TensorScatter: [2], Range: [0, 1, 2], OneHot: [2],
  ...Object.fromEntries(runtimeOps.filter((name) => /\.(Q[LGA]|DynamicQ)|Integer/.test(name)).map((name) => [name, Array.from({ length: 64 }, (_, position) => position)])),
  'com.microsoft.MatMulNBits': [1, 2, 3, 4], 'com.microsoft.GatherBlockQuantized': [0, 1, 2, 3], 'com.microsoft.RotaryEmbedding': [2, 3], 'com.microsoft.GroupQueryAttention': [7, 8],
  QLinearMatMul: [0, 1, 2, 3, 4, 5, 6, 7], QLinearConv: [0, 1, 2, 3, 4, 5, 6, 7, 8], MatMulInteger: [0, 1, 2, 3], ConvInteger: [0, 1, 2, 3],
};

/** Where ops that end on a grid of integers have their zero point, whose type says the range. */
const zeroPoints: Readonly<Record<string, number>> = {
  QuantizeLinear: 2, QLinearConv: 7, QLinearMatMul: 7,
  ...Object.fromEntries(Object.entries({ QLinearAdd: 7, QLinearMul: 7, QLinearLeakyRelu: 4, QLinearSigmoid: 4, QLinearSoftmax: 4, QLinearAveragePool: 4, QLinearGlobalAveragePool: 4, QLinearConcat: 1, QGemm: 8, QLinearWhere: 8 }).map(([name, position]) => [`com.microsoft.${name}`, position])),
};
export const zeroPointAt = (type: string): number => (Object.hasOwn(zeroPoints, type) ? zeroPoints[type] ?? -1 : -1);

/** Positions that only weights take: a constant there is one, also where the file has it as an op Constant. */
export const weightInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2], ConvTranspose: [1, 2], DeformConv: [1, 3], Gemm: [1, 2], MatMul: [0, 1], BatchNormalization: [1, 2, 3, 4], InstanceNormalization: [1, 2], LayerNormalization: [1, 2], GroupNormalization: [1, 2], RMSNormalization: [1],
  PRelu: [1], LSTM: [1, 2, 3, 7], GRU: [1, 2, 3], RNN: [1, 2, 3], Gather: [0],
};

/** What weights are called by their places, where the file has no name for them. */
export const weightNames: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Conv: { 1: 'weight', 2: 'bias' }, ConvTranspose: { 1: 'weight', 2: 'bias' }, DeformConv: { 1: 'weight', 3: 'bias' }, Gemm: { 1: 'weight', 2: 'bias' }, MatMul: { 0: 'weight', 1: 'weight' }, PRelu: { 1: 'slope' }, Gather: { 0: 'weight' },
  LSTM: { 1: 'W', 2: 'R', 3: 'B', 7: 'P' }, GRU: { 1: 'W', 2: 'R', 3: 'B' }, RNN: { 1: 'W', 2: 'R', 3: 'B' },
};
