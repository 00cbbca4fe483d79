/** What backpropagation does at each forward op, in a sentence: shown with the ops of which its gradient is made. */

export interface Derivative {
  /** Kernels of which the gradient is made, besides those that move, copy and sum up. Others are a sign of a gradient of its own. */
  readonly kernels: string;
  readonly formula: string;
  readonly sentence: string;
}

/** By forward kernel; `y` is what the op gave and `x` what it read. */
export const derivatives: Readonly<Record<string, Derivative>> = {
  Tanh: { kernels: 'Square Sub Multiply', formula: '\\frac{\\partial L}{\\partial x}=\\frac{\\partial L}{\\partial y}\\,(1-y^{2})', sentence: 'Part of the derivative of tanh, 1 − y²: where the output is near ±1, little gradient passes.' },
  Sigmoid: { kernels: 'Sub Multiply', formula: '\\frac{\\partial L}{\\partial x}=\\frac{\\partial L}{\\partial y}\\,y\\,(1-y)', sentence: 'Part of the derivative of the sigmoid, y (1 − y): at most 1/4, and near 0 where the output is near 0 or 1.' },
  Relu: { kernels: 'Step Multiply', formula: '\\frac{\\partial L}{\\partial x}=\\frac{\\partial L}{\\partial y}\\cdot[x>0]', sentence: 'Part of the derivative of ReLU: the gradient passes where the input was positive and stops elsewhere.' },
  Relu6: { kernels: 'LessEqual Step Multiply', formula: '\\frac{\\partial L}{\\partial x}=\\frac{\\partial L}{\\partial y}\\cdot[0<x<6]', sentence: 'Part of the derivative of ReLU up to 6: the gradient passes between 0 and 6.' },
  LeakyRelu: { kernels: 'Greater Select Multiply', formula: '\\frac{\\partial L}{\\partial x}=\\frac{\\partial L}{\\partial y}\\cdot\\begin{cases}1&x>0\\\\\\alpha&x\\le0\\end{cases}', sentence: 'Part of the derivative of leaky ReLU: negative inputs pass a small share of the gradient.' },
  Elu: { kernels: 'EluGrad', formula: '\\frac{\\partial L}{\\partial x}=\\frac{\\partial L}{\\partial y}\\cdot\\begin{cases}1&x>0\\\\y+1&x\\le0\\end{cases}', sentence: 'Part of the derivative of ELU.' },
  Softplus: { kernels: 'Sigmoid Multiply', formula: '\\frac{\\partial L}{\\partial x}=\\frac{\\partial L}{\\partial y}\\,\\sigma(x)', sentence: 'Part of the derivative of softplus, which is the sigmoid.' },
  Softmax: { kernels: 'Multiply Sum Sub', formula: '\\frac{\\partial L}{\\partial z_k}=p_k\\Bigl(\\frac{\\partial L}{\\partial p_k}-\\sum_j \\frac{\\partial L}{\\partial p_j}p_j\\Bigr)', sentence: 'Part of the derivative of softmax: a probability can only grow at the cost of the others.' },
  LogSoftmax: { kernels: 'Exp Sum Multiply Sub', formula: '\\frac{\\partial L}{\\partial z_k}=\\frac{\\partial L}{\\partial y_k}-p_k\\sum_j\\frac{\\partial L}{\\partial y_j}', sentence: 'Part of the derivative of the log-softmax, probabilities minus labels.' },
  Add: { kernels: '', formula: '\\frac{\\partial L}{\\partial a}=\\frac{\\partial L}{\\partial b}=\\frac{\\partial L}{\\partial y}', sentence: 'A sum hands its gradient to both parts unchanged; a part that was repeated sums it up.' },
  Sub: { kernels: 'Neg', formula: '\\frac{\\partial L}{\\partial a}=\\frac{\\partial L}{\\partial y},\\quad\\frac{\\partial L}{\\partial b}=-\\frac{\\partial L}{\\partial y}', sentence: 'A difference hands its gradient on, with the opposite sign to what was subtracted.' },
  Multiply: { kernels: 'Multiply', formula: '\\frac{\\partial L}{\\partial a}=\\frac{\\partial L}{\\partial y}\\,b,\\quad\\frac{\\partial L}{\\partial b}=\\frac{\\partial L}{\\partial y}\\,a', sentence: 'Each factor of a product gets the gradient times the other factor.' },
  RealDiv: { kernels: 'RealDiv Multiply Square Neg', formula: '\\frac{\\partial L}{\\partial a}=\\frac{\\partial L}{\\partial y}\\frac{1}{b},\\quad\\frac{\\partial L}{\\partial b}=-\\frac{\\partial L}{\\partial y}\\frac{a}{b^{2}}', sentence: 'Part of the derivative of a quotient.' },
  Square: { kernels: 'Multiply', formula: '\\frac{\\partial L}{\\partial x}=2x\\,\\frac{\\partial L}{\\partial y}', sentence: 'Part of the derivative of a square, 2x.' },
  SquaredDifference: { kernels: 'Sub Multiply', formula: '\\frac{\\partial L}{\\partial a}=2(a-b)\\,\\frac{\\partial L}{\\partial y}', sentence: 'Part of the derivative of a squared difference, 2 (a − b).' },
  Sqrt: { kernels: 'Sqrt Multiply RealDiv', formula: '\\frac{\\partial L}{\\partial x}=\\frac{1}{2\\sqrt{x}}\\frac{\\partial L}{\\partial y}', sentence: 'Part of the derivative of the square root.' },
  Log: { kernels: 'RealDiv', formula: '\\frac{\\partial L}{\\partial x}=\\frac{1}{x}\\frac{\\partial L}{\\partial y}', sentence: 'Part of the derivative of the logarithm, 1/x: large where the probability is small.' },
  Exp: { kernels: 'Multiply', formula: '\\frac{\\partial L}{\\partial x}=y\\,\\frac{\\partial L}{\\partial y}', sentence: 'Part of the derivative of the exponential, which is itself.' },
  Mean: { kernels: 'Multiply RealDiv OnesLike Fill', formula: '\\frac{\\partial L}{\\partial x_i}=\\frac{1}{N}\\frac{\\partial L}{\\partial y}', sentence: 'A mean hands each of its N values an equal share of the gradient.' },
  Sum: { kernels: 'Multiply OnesLike Fill', formula: '\\frac{\\partial L}{\\partial x_i}=\\frac{\\partial L}{\\partial y}', sentence: 'A sum hands its gradient to every value that went into it.' },
  Max: { kernels: 'Equal Multiply', formula: '\\frac{\\partial L}{\\partial x_i}=\\frac{\\partial L}{\\partial y}\\cdot[x_i=y]', sentence: 'Only the largest value gets the gradient.' },
  Neg: { kernels: 'Neg', formula: '\\frac{\\partial L}{\\partial x}=-\\frac{\\partial L}{\\partial y}', sentence: 'The gradient with the opposite sign.' },
  Abs: { kernels: 'Step Multiply', formula: '\\frac{\\partial L}{\\partial x}=\\operatorname{sign}(x)\\,\\frac{\\partial L}{\\partial y}', sentence: 'The gradient with the sign of the value.' },
  ClipByValue: { kernels: 'GreaterEqual LessEqual LogicalAnd Select ZerosLike', formula: '\\frac{\\partial L}{\\partial x}=\\frac{\\partial L}{\\partial y}\\cdot[x\\text{ was inside}]', sentence: 'The gradient passes where nothing was cut off.' },
  Reshape: { kernels: '', formula: '\\frac{\\partial L}{\\partial x}=\\operatorname{reshape}\\frac{\\partial L}{\\partial y}', sentence: 'A reshape only moves values, so its gradient is moved back.' },
  Transpose: { kernels: 'Transpose', formula: '\\frac{\\partial L}{\\partial x}=\\Bigl(\\frac{\\partial L}{\\partial y}\\Bigr)^{\\mathsf T}', sentence: 'The gradient with its axes put back in order.' },
  Concat: { kernels: 'SplitV', formula: '\\frac{\\partial L}{\\partial x_1},\\frac{\\partial L}{\\partial x_2}=\\operatorname{split}\\frac{\\partial L}{\\partial y}', sentence: 'Each part gets its piece of the gradient.' },
  BatchMatMul: { kernels: 'BatchMatMul', formula: '\\frac{\\partial L}{\\partial A}=\\frac{\\partial L}{\\partial Y}B^{\\mathsf T},\\quad\\frac{\\partial L}{\\partial B}=A^{\\mathsf T}\\frac{\\partial L}{\\partial Y}', sentence: 'Each factor of a matrix product gets the gradient times the other factor, transposed.' },
};

const movers = new Set(['Reshape', 'Cast', 'Identity', 'Sum', 'AddN', 'Add', 'ExpandDims', 'Tile', 'BroadcastTo']);

/** The derivative of a forward op, if the backward ops that belong to it are what TensorFlow.js makes of that derivative. */
export function derivativeOf(forwardKernel: string, backwardKernels: Iterable<string>): Derivative | null {
  const row = Object.hasOwn(derivatives, forwardKernel) ? derivatives[forwardKernel] : undefined;
  if (row === undefined) return null;
  const expected = new Set(row.kernels.split(' '));
  for (const kernel of backwardKernels) if (!expected.has(kernel) && !movers.has(kernel)) return null;
  return row;
}
