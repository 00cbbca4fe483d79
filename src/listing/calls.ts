/** How each kernel reads as a function call: its short name, its inputs and attributes in order, and what may be left out. */
import type { AttributeValue } from '../engine/trace';

/** An attribute of a call; one that has its default, with all after it, is not written. */
export interface CallAttribute { readonly name: string; readonly default: AttributeValue; readonly required: boolean }

export interface CallForm {
  /** Name of the function in the listing. */
  readonly name: string;
  /** The kernel's own names of its inputs, in the order of the call; `'...'` alone for a list of any length. */
  readonly inputs: readonly { readonly name: string; readonly optional: boolean }[];
  readonly variadic: boolean;
  readonly attributes: readonly CallAttribute[];
  readonly attributeNames: ReadonlySet<string>;
  /** The kernel gives a list of outputs, even of one. */
  readonly multiple: boolean;
}

type Defaults = readonly (string | readonly [name: string, value: AttributeValue])[];

/** `inputs` separated by spaces, optional ones with `?`; an attribute is required, or a pair with its default. */
function form(name: string, inputs: string, attributes: Defaults = [], multiple = false): CallForm {
  const variadic = inputs === '...';
  return {
    name, variadic, multiple, attributeNames: new Set(attributes.map((attribute) => (typeof attribute === 'string' ? attribute : attribute[0]))),
    inputs: variadic || inputs === '' ? [] : inputs.split(' ').map((input) => ({ name: input.replace('?', ''), optional: input.endsWith('?') })),
    attributes: attributes.map((attribute) => typeof attribute === 'string'
      ? { name: attribute, default: undefined, required: true }
      : { name: attribute[0], default: attribute[1], required: false }),
  };
}

const unary = (kernels: Readonly<Record<string, string>>): Record<string, CallForm> =>
  Object.fromEntries(Object.entries(kernels).map(([kernel, name]) => [kernel, form(name, 'x')]));
const binary = (kernels: Readonly<Record<string, string>>): Record<string, CallForm> =>
  Object.fromEntries(Object.entries(kernels).map(([kernel, name]) => [kernel, form(name, 'a b')]));
const reduction = (name: string, axis = 'axis'): CallForm => form(name, 'x', [axis, ['keepDims', false]]);

const rounding = ['dimRoundingMode', undefined] as const;
const dilations = ['dilations', [1, 1]] as const;
const layout = ['dataFormat', 'NHWC'] as const;
const layout3d = ['dataFormat', 'NDHWC'] as const;
const window = ['filterSize', 'strides', 'pad'];
const activation = [['activation', 'linear'], ['leakyreluAlpha', undefined]] as const;
const resize = ['size', ['alignCorners', false], ['halfPixelCenters', false]] as const;

/** By kernel name of TensorFlow.js. A kernel that is not here is written `kernel("Name", { inputs }, { attributes })`. */
export const callForms: ReadonlyMap<string, CallForm> = new Map(Object.entries({
  ...unary({
    Abs: 'abs', Acos: 'acos', Acosh: 'acosh', Asin: 'asin', Asinh: 'asinh', Atan: 'atan', Atanh: 'atanh', Ceil: 'ceil', ComplexAbs: 'complexAbs',
    Cos: 'cos', Cosh: 'cosh', Elu: 'elu', Erf: 'erf', Exp: 'exp', Expm1: 'expm1', Floor: 'floor', Identity: 'identity', IsFinite: 'isFinite',
    IsInf: 'isInf', IsNan: 'isNaN', Log: 'log', Log1p: 'log1p', LogicalNot: 'logicalNot', Neg: 'neg', OnesLike: 'onesLike', Reciprocal: 'reciprocal',
    Relu: 'relu', Relu6: 'relu6', Round: 'round', Rsqrt: 'rsqrt', Selu: 'selu', Sigmoid: 'sigmoid', Sign: 'sign', Sin: 'sin', Sinh: 'sinh',
    Softplus: 'softplus', Sqrt: 'sqrt', Square: 'square', Tan: 'tan', Tanh: 'tanh', ZerosLike: 'zerosLike', Diag: 'diag',
  }),
  ...binary({
    Add: 'add', Atan2: 'atan2', Equal: 'equal', FloorDiv: 'floorDiv', Greater: 'greater', GreaterEqual: 'greaterEqual', Less: 'less',
    LessEqual: 'lessEqual', LogicalAnd: 'logicalAnd', LogicalOr: 'logicalOr', Maximum: 'maximum', Minimum: 'minimum', Mod: 'mod',
    Multiply: 'mul', NotEqual: 'notEqual', Pow: 'pow', RealDiv: 'div', SquaredDifference: 'squaredDifference', Sub: 'sub',
  }),
  AddN: form('addN', '...'),
  All: reduction('all'), Any: reduction('any'), Max: reduction('max', 'reductionIndices'), Mean: reduction('mean'), Min: reduction('min'),
  Prod: reduction('prod'), Sum: reduction('sum'), ArgMax: form('argMax', 'x', ['axis']), ArgMin: form('argMin', 'x', ['axis']),
  AvgPool: form('avgPool', 'x', [...window, rounding]), AvgPoolGrad: form('avgPoolGrad', 'dy input', [...window, rounding]),
  AvgPool3D: form('avgPool3d', 'x', [...window, rounding, layout3d]), AvgPool3DGrad: form('avgPool3dGrad', 'dy input', [...window, rounding]),
  MaxPool: form('maxPool', 'x', [...window, rounding]), MaxPoolGrad: form('maxPoolGrad', 'dy input output', [...window, rounding]),
  MaxPool3D: form('maxPool3d', 'x', [...window, rounding, layout3d]), MaxPool3DGrad: form('maxPool3dGrad', 'dy input output', [...window, rounding]),
  MaxPoolWithArgmax: form('maxPoolWithArgmax', 'x', [...window, 'includeBatchInIndex'], true),
  BatchMatMul: form('matMul', 'a b', [['transposeA', false], ['transposeB', false]]),
  _FusedMatMul: form('fusedMatMul', 'a b bias? preluActivationWeights?', [['transposeA', false], ['transposeB', false], ...activation]),
  BatchToSpaceND: form('batchToSpace', 'x', ['blockShape', 'crops']), SpaceToBatchND: form('spaceToBatch', 'x', ['blockShape', 'paddings']),
  Bincount: form('bincount', 'x weights', ['size']), DenseBincount: form('denseBincount', 'x weights', ['size', ['binaryOutput', false]]),
  BroadcastTo: form('broadcastTo', 'x', ['shape', 'inputShape']), Cast: form('cast', 'x', ['dtype']),
  ClipByValue: form('clip', 'x', ['clipValueMin', 'clipValueMax']), Complex: form('complex', 'real imag'), Real: form('real', 'input'), Imag: form('imag', 'input'),
  Concat: form('concat', '...', ['axis']), Pack: form('stack', '...', ['axis']), Einsum: form('einsum', '...', ['equation']),
  Conv2D: form('conv2d', 'x filter', ['strides', 'pad', layout, dilations, rounding]),
  Conv2DBackpropFilter: form('conv2dFilterGrad', 'x dy', ['strides', 'pad', 'filterShape', layout, rounding]),
  Conv2DBackpropInput: form('conv2dInputGrad', 'dy filter', ['strides', 'pad', 'inputShape', layout, rounding]),
  FusedConv2D: form('fusedConv2d', 'x filter bias? preluActivationWeights?', ['strides', 'pad', layout, dilations, rounding, ...activation]),
  Conv3D: form('conv3d', 'x filter', ['strides', 'pad', layout3d, ['dilations', [1, 1, 1]]]),
  Conv3DBackpropFilterV2: form('conv3dFilterGrad', 'x dy', ['strides', 'pad', 'filterShape']),
  Conv3DBackpropInputV2: form('conv3dInputGrad', 'dy filter', ['strides', 'pad', 'inputShape']),
  DepthwiseConv2dNative: form('depthwiseConv2d', 'x filter', ['strides', 'pad', layout, dilations, rounding]),
  DepthwiseConv2dNativeBackpropFilter: form('depthwiseConv2dFilterGrad', 'x dy', ['strides', 'pad', 'filterShape', dilations, rounding]),
  DepthwiseConv2dNativeBackpropInput: form('depthwiseConv2dInputGrad', 'dy filter', ['strides', 'pad', 'inputShape', dilations, rounding]),
  FusedDepthwiseConv2D: form('fusedDepthwiseConv2d', 'x filter bias? preluActivationWeights?', ['strides', 'pad', layout, dilations, rounding, ...activation]),
  Cumsum: form('cumsum', 'x', ['axis', ['exclusive', false], ['reverse', false]]), Cumprod: form('cumprod', 'x', ['axis', ['exclusive', false], ['reverse', false]]),
  CropAndResize: form('cropAndResize', 'image boxes boxInd', ['cropSize', 'method', 'extrapolationValue']),
  DepthToSpace: form('depthToSpace', 'x', ['blockSize', layout]), EluGrad: form('eluGrad', 'dy y'),
  ExpandDims: form('expandDims', 'input', ['dim']), Fill: form('fill', '', ['shape', 'value', ['dtype', 'float32']]),
  FlipLeftRight: form('flipLeftRight', 'image'), FusedBatchNorm: form('batchNorm', 'x mean variance offset? scale?', ['varianceEpsilon']),
  GatherV2: form('gather', 'x indices', ['axis', ['batchDims', 0]]), GatherNd: form('gatherND', 'params indices'),
  LeakyRelu: form('leakyRelu', 'x', ['alpha']), LinSpace: form('linspace', '', ['start', 'stop', 'num']),
  LogSoftmax: form('logSoftmax', 'logits', [['axis', undefined]]), Softmax: form('softmax', 'logits', [['dim', undefined]]),
  LRN: form('localResponseNormalization', 'x', ['depthRadius', 'bias', 'alpha', 'beta']),
  LRNGrad: form('localResponseNormalizationGrad', 'x y dy', ['depthRadius', 'bias', 'alpha', 'beta']),
  MirrorPad: form('mirrorPad', 'x', ['paddings', 'mode']), PadV2: form('pad', 'x', ['paddings', ['constantValue', 0]]),
  Multinomial: form('multinomial', 'logits', ['numSamples', 'seed', 'normalized']),
  OneHot: form('oneHot', 'indices', ['depth', ['onValue', 1], ['offValue', 0], ['dtype', 'int32']]),
  Prelu: form('prelu', 'x alpha'), Range: form('range', '', ['start', 'stop', 'step', ['dtype', 'float32']]), Reshape: form('reshape', 'x', ['shape']),
  ResizeBilinear: form('resizeBilinear', 'images', resize), ResizeBilinearGrad: form('resizeBilinearGrad', 'images dy', resize),
  ResizeNearestNeighbor: form('resizeNearestNeighbor', 'images', resize), ResizeNearestNeighborGrad: form('resizeNearestNeighborGrad', 'images dy', resize),
  Reverse: form('reverse', 'x', ['dims']), RotateWithOffset: form('rotateWithOffset', 'image', ['radians', 'fillValue', 'center']),
  ScatterNd: form('scatterND', 'indices updates', ['shape']), TensorScatterUpdate: form('tensorScatterUpdate', 'tensor indices updates'),
  SearchSorted: form('searchSorted', 'sortedSequence values', ['side']), Select: form('where', 'condition t e'), Slice: form('slice', 'x', ['begin', 'size']),
  SparseToDense: form('sparseToDense', 'sparseIndices sparseValues defaultValue', ['outputShape']),
  SplitV: form('split', 'x', ['numOrSizeSplits', 'axis'], true), Unpack: form('unstack', 'value', ['axis'], true),
  Step: form('step', 'x', [['alpha', 0]]),
  StridedSlice: form('stridedSlice', 'x', ['begin', 'end', 'strides', ['beginMask', 0], ['endMask', 0], ['ellipsisMask', 0], ['newAxisMask', 0], ['shrinkAxisMask', 0]]),
  Tile: form('tile', 'x', ['reps']), TopK: form('topK', 'x', ['k', ['sorted', true]], true),
  Transform: form('transform', 'image transforms', ['interpolation', 'fillMode', 'fillValue', ['outputShape', undefined]]),
  Transpose: form('transpose', 'x', ['perm']), Unique: form('unique', 'x', ['axis'], true), UnsortedSegmentSum: form('unsortedSegmentSum', 'x segmentIds', ['numSegments']),
}));

/** Functions that every listing may call besides the kernels': the fallback, and an int32 scalar. */
export const plainFunctions = ['kernel', 'int32'] as const;

/** All names that a variable must not hide. */
export const functionNames: ReadonlySet<string> = new Set([...[...callForms.values()].map((call) => call.name), ...plainFunctions]);
