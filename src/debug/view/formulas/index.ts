/** The formula of an op: from the table of its kernel, or a plain function call for kernels that the table does not know. */
import { callForms } from '../../../listing/calls';
import { listText, sizeText, texName } from '../tex';
import { arrays } from './arrays';
import { convolutions } from './convolution';
import { elementwise } from './elementwise';
import type { Explained, FormulaTable, Reading } from './reading';

export const formulas: FormulaTable = { ...elementwise, ...arrays, ...convolutions };

export function explainOp(reading: Reading): Explained {
  const row = Object.hasOwn(formulas, reading.op.kernel) ? formulas[reading.op.kernel] : undefined;
  if (row !== undefined) return row(reading);
  const name = callForms.get(reading.op.kernel)?.name ?? reading.op.kernel;
  const shapes = (ids: readonly number[]): string => listText(ids.map((id) => sizeText(reading.index.shape(id)))) || 'nothing';
  return { formula: `${reading.out}=${texName(name)}(${reading.inputs.join(',\\,')})`, explanation: `TensorFlow.js's kernel ${reading.op.kernel}: ${shapes(Object.values(reading.op.inputs))} → ${shapes(reading.op.outputs)}.` };
}
