/** Names of ops in words, for titles: `conv2d_2 · convolution`. */

/** By kernel; a kernel that is missing is called by its function in the listing. */
export const opWords: Readonly<Record<string, string>> = {
  Add: 'sum', AddN: 'sum', Sub: 'difference', Multiply: 'product', RealDiv: 'quotient', Pow: 'power', Maximum: 'larger of two', Minimum: 'smaller of two',
  SquaredDifference: 'squared difference', Neg: 'negative', Square: 'square', Sqrt: 'square root', Rsqrt: 'one over the square root', Reciprocal: 'reciprocal', Exp: 'exponential',
  Log: 'logarithm', Log1p: 'logarithm of 1 + x', Abs: 'absolute value', Sign: 'sign', Step: 'step', Sum: 'sum', Mean: 'mean', Max: 'maximum', Min: 'minimum', Prod: 'product',
  ArgMax: 'index of the maximum', ArgMin: 'index of the minimum', Relu: 'ReLU', Relu6: 'ReLU up to 6', LeakyRelu: 'leaky ReLU', Prelu: 'PReLU', Elu: 'ELU', Selu: 'SELU', EluGrad: 'gradient of ELU',
  Sigmoid: 'sigmoid', Tanh: 'tanh', Softplus: 'softplus', Softmax: 'softmax', LogSoftmax: 'logarithm of softmax', Erf: 'error function',
  Conv2D: 'convolution', Conv3D: 'convolution', DepthwiseConv2dNative: 'depthwise convolution', FusedConv2D: 'convolution', FusedDepthwiseConv2D: 'depthwise convolution',
  Conv2DBackpropFilter: 'gradient of the kernel', Conv3DBackpropFilterV2: 'gradient of the kernel', DepthwiseConv2dNativeBackpropFilter: 'gradient of the kernel',
  Conv2DBackpropInput: 'gradient of the input', Conv3DBackpropInputV2: 'gradient of the input', DepthwiseConv2dNativeBackpropInput: 'gradient of the input',
  BatchMatMul: 'matrix product', _FusedMatMul: 'matrix product', Einsum: 'sum of products', MaxPool: 'maximum of windows', MaxPool3D: 'maximum of windows', AvgPool: 'mean of windows',
  AvgPool3D: 'mean of windows', MaxPoolGrad: 'gradient of max pooling', MaxPool3DGrad: 'gradient of max pooling', AvgPoolGrad: 'gradient of average pooling', AvgPool3DGrad: 'gradient of average pooling',
  FusedBatchNorm: 'normalisation', OneHot: 'one-hot', GatherV2: 'look-up', UnsortedSegmentSum: 'sum by index', Select: 'choice', ClipByValue: 'clipping', Cast: 'change of type',
  Reshape: 'reshape', ExpandDims: 'new axis', Transpose: 'transpose', Concat: 'concatenation', Pack: 'stack', SplitV: 'split', Unpack: 'slices', Slice: 'slice', StridedSlice: 'slice',
  PadV2: 'padding', MirrorPad: 'mirror padding', Tile: 'repetition', BroadcastTo: 'repetition', Reverse: 'reversal', Identity: 'copy', Fill: 'constant', ZerosLike: 'zeros', OnesLike: 'ones',
  ResizeNearestNeighbor: 'upsampling', ResizeBilinear: 'upsampling', Cumsum: 'running sum', Greater: 'comparison', GreaterEqual: 'comparison', Less: 'comparison', LessEqual: 'comparison', Equal: 'comparison', NotEqual: 'comparison',
  LogicalAnd: 'both', LogicalOr: 'either', LogicalNot: 'not',
};
