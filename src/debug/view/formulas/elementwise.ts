/** Ops that work element by element: one template each, `a` and `b` standing for the names of their inputs. */
import { countText, sizeText, texNumber } from '../tex';
import type { Explained, FormulaTable, Reading } from './reading';

/** Right-hand sides of one input. */
const unary: Readonly<Record<string, string>> = {
  Abs: '\\left|a\\right|', Acos: '\\arccos a', Acosh: '\\operatorname{arcosh} a', Asin: '\\arcsin a', Asinh: '\\operatorname{arsinh} a', Atan: '\\arctan a',
  Atanh: '\\operatorname{artanh} a', Ceil: '\\lceil a\\rceil', Cos: '\\cos a', Cosh: '\\cosh a', Erf: '\\operatorname{erf}(a)', Exp: 'e^{a}', Expm1: 'e^{a}-1',
  Floor: '\\lfloor a\\rfloor', Identity: 'a', Log: '\\ln a', Log1p: '\\ln(1+a)', LogicalNot: '\\lnot a', Neg: '-a', OnesLike: '1', Reciprocal: '\\frac{1}{a}',
  Round: '\\operatorname{round}(a)', Rsqrt: '\\frac{1}{\\sqrt{a}}', Sigmoid: '\\sigma(a)=\\frac{1}{1+e^{-a}}', Sign: '\\operatorname{sign}(a)',
  Sin: '\\sin a', Sinh: '\\sinh a', Softplus: '\\ln(1+e^{a})', Sqrt: '\\sqrt{a}', Square: 'a^{2}', Tan: '\\tan a', Tanh: '\\tanh a', ZerosLike: '0',
  Relu: '\\max(0,\\,a)', Relu6: '\\min(\\max(0,\\,a),\\,6)', IsNan: '[a\\text{ is NaN}]', IsInf: '[a=\\pm\\infty]', IsFinite: '[a\\text{ is finite}]',
  Elu: '\\begin{cases}a&a>0\\\\e^{a}-1&a\\le 0\\end{cases}',
  Selu: '1.0507\\cdot\\begin{cases}a&a>0\\\\1.6733\\,(e^{a}-1)&a\\le 0\\end{cases}',
};

const binary: Readonly<Record<string, string>> = {
  Add: 'a+b', Sub: 'a-b', Multiply: 'a\\cdot b', RealDiv: '\\frac{a}{b}', FloorDiv: '\\lfloor a/b\\rfloor', Mod: 'a\\bmod b', Pow: 'a^{b}', Maximum: '\\max(a,\\,b)',
  Minimum: '\\min(a,\\,b)', SquaredDifference: '(a-b)^{2}', Atan2: '\\operatorname{atan2}(a,\\,b)', Equal: '[a=b]', NotEqual: '[a\\ne b]', Greater: '[a>b]',
  GreaterEqual: '[a\\ge b]', Less: '[a<b]', LessEqual: '[a\\le b]', LogicalAnd: 'a\\land b', LogicalOr: 'a\\lor b',
};

/** What some of them are for, before the count of values. */
const remarks: Readonly<Record<string, string>> = {
  Relu: 'Negative values become 0, positive ones stay', Relu6: 'Values are cut off below 0 and above 6', Tanh: 'Every value is squashed to between −1 and 1',
  Sigmoid: 'Every value is squashed to between 0 and 1', Identity: 'The same values under a new name', ZerosLike: 'Zeros of the same shape', OnesLike: 'Ones of the same shape',
  Step: '1 where the value is above 0, so that the gradient passes there', Select: 'Element by element a choice between two values',
};

/** Fills a template's letters `a` and `b`, which never stand inside a TeX command there. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\\[A-Za-z]+|(?<![A-Za-z])[ab](?![A-Za-z])/g, (found) => values[found] ?? found);
}

function counted(r: Reading): string {
  const total = r.outShape.reduce((product, extent) => product * extent, 1);
  const remark = remarks[r.op.kernel] ?? 'Element by element';
  const spread = broadcastText(r);
  return total === 1 ? `${remark === 'Element by element' ? 'One number' : remark}.` : `${remark}: ${sizeText(r.outShape)}${r.outShape.length > 1 ? ` = ${countText(total)}` : ''} values${spread}.`;
}

/** Says so when a smaller input is repeated. */
function broadcastText(r: Reading): string {
  const size = r.outShape.reduce((product, extent) => product * extent, 1);
  for (const [argument, id] of Object.entries(r.op.inputs)) {
    const shape = r.index.shape(id);
    const own = shape.reduce((product, extent) => product * extent, 1);
    if (own < size && own > 1) return `; the ${sizeText(shape)} values of ${argument === 'b' ? 'the second' : argument === 'a' ? 'the first' : 'the smaller'} input are repeated along the other axes`;
  }
  return '';
}

const line = (r: Reading, right: string): Explained => ({ formula: `${r.out}=${right}`, explanation: counted(r) });

export const elementwise: FormulaTable = {
  ...Object.fromEntries(Object.entries(unary).map(([kernel, template]) => [kernel, (r: Reading) => line(r, fill(template, { a: r.input('x') }))])),
  ...Object.fromEntries(Object.entries(binary).map(([kernel, template]) => [kernel, (r: Reading) => line(r, fill(template, { a: grouped(r, 'a'), b: grouped(r, 'b') }))])),
  AddN: (r) => line(r, r.inputs.join('+')),
  Step: (r) => line(r, `\\begin{cases}1&${r.input('x')}>0\\\\${texNumber(r.number('alpha'))}&\\text{otherwise}\\end{cases}`),
  LeakyRelu: (r) => line(r, fill(`\\begin{cases}a&a>0\\\\${texNumber(r.number('alpha', 0.2))}\\,a&a\\le 0\\end{cases}`, { a: r.input('x') })),
  Prelu: (r) => line(r, `\\max(0,\\,${r.input('x')})+${r.input('alpha')}\\cdot\\min(0,\\,${r.input('x')})`),
  EluGrad: (r) => line(r, `${r.input('dy')}\\cdot\\begin{cases}1&${r.input('y')}>0\\\\${r.input('y')}+1&\\text{otherwise}\\end{cases}`),
  ClipByValue: (r) => line(r, `\\min(\\max(${r.input('x')},\\,${texNumber(r.number('clipValueMin'))}),\\,${texNumber(r.number('clipValueMax'))})`),
  Select: (r) => line(r, `\\begin{cases}${r.input('t')}&\\text{where }${r.input('condition')}\\\\${r.input('e')}&\\text{elsewhere}\\end{cases}`),
  Cast: (r) => ({ formula: `${r.out}=\\operatorname{${dtypeText(r)}}(${r.input('x')})`, explanation: 'The same values as another type.' }),
};

/** A negative constant needs brackets behind an operator. */
function grouped(r: Reading, argument: string): string {
  const text = r.input(argument);
  return text.startsWith('-') && argument === 'b' ? `(${text})` : text;
}

function dtypeText(r: Reading): string {
  const type = r.attribute('dtype');
  return typeof type === 'string' ? type.replace(/[^a-z0-9]/g, '') : 'cast';
}
