/**
 * Ops of ONNX that compute what a plainer op does: between grids of integers, or fused by onnxruntime's optimizer. They read their operands
 * and cost as that op does. https://onnx.ai/onnx/operators/, https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */

export interface Equivalent {
  readonly type: string;
  /** Where the operands of the plainer op stand; the others are scales, zero points and the like. */
  readonly places: readonly number[];
}
const as = (type: string, ...places: readonly number[]): Equivalent => ({ type, places });
const own = (table: Readonly<Record<string, Equivalent>>): Readonly<Record<string, Equivalent>> => Object.fromEntries(Object.entries(table).map(([name, row]) => [`com.microsoft.${name}`, row]));

/** By the type of the op. */
export const equivalents: Readonly<Record<string, Equivalent>> = {
  QLinearConv: as('Conv', 0, 3, 8), ConvInteger: as('Conv', 0, 1), QLinearMatMul: as('MatMul', 0, 3), MatMulInteger: as('MatMul', 0, 1),
  ...own({
    FusedConv: as('Conv', 0, 1, 2), FusedGemm: as('Gemm', 0, 1, 2), FusedMatMul: as('Gemm', 0, 1), TransposeMatMul: as('Gemm', 0, 1),
    QGemm: as('Gemm', 0, 3, 6), DynamicQuantizeMatMul: as('MatMul', 0, 1), MatMulIntegerToFloat: as('MatMul', 0, 1), MatMulNBits: as('MatMul', 0),
    QLinearAdd: as('Add', 0, 3), QLinearMul: as('Mul', 0, 3), QLinearWhere: as('Where', 0, 1, 4), QLinearLeakyRelu: as('LeakyRelu', 0), QLinearSigmoid: as('Sigmoid', 0), QLinearSoftmax: as('Softmax', 0),
    QLinearAveragePool: as('AveragePool', 0), QLinearGlobalAveragePool: as('GlobalAveragePool', 0),
    FastGelu: as('Add', 0, 1), BiasGelu: as('Add', 0, 1), QuickGelu: as('Gelu', 0), BiasAdd: as('Add', 0, 1, 2), BiasSoftmax: as('Softmax', 0),
  }),
};
