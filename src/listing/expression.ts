/** One op as one line of TypeScript: `const conv2d_1_z = add(conv2d_1_conv, conv2d_1_bias);`, and where its variables stand. */
import type { Op } from '../engine/trace';
import { callForms } from './calls';
import type { CallForm } from './calls';
import { literal, propertyName, quoted, sameAttribute } from './literal';

export interface PlacedVariable { readonly start: number; readonly end: number; readonly tensor: number }
export interface OpLine { readonly text: string; readonly variables: readonly PlacedVariable[] }

/** How a tensor is written: by its variable, or as a number in place. */
export type Written = (tensor: number) => { readonly text: string; readonly variable: boolean };

/**
 * The line of an op. @param written the text of each tensor; @param declares whether a tensor is the op's own: a kernel that gives
 * its input back as it is declares nothing.
 */
export function opLine(op: Op, written: Written, declares: (tensor: number) => boolean): OpLine {
  const line = new Line(written);
  const call = formOf(op);
  const own = op.outputs.filter(declares);
  if (own.length > 0) {
    line.add('const ');
    if (op.outputs.length > 1 || call?.multiple === true) {
      line.add('[');
      line.list(op.outputs.map((output) => () => { if (declares(output)) line.tensor(output); }));
      line.add(']');
    } else line.tensor(own[0] ?? -1);
    line.add(' = ');
  }
  if (call === null) fallback(line, op);
  else shortCall(line, op, call);
  line.add(';');
  return line.finish();
}

/** The call form that says everything about this op; null when its inputs or attributes do not fit the table's. */
export function formOf(op: Op): CallForm | null {
  const call = callForms.get(op.kernel);
  if (call === undefined) return null;
  for (const name of Object.keys(op.attributes)) if (!call.attributeNames.has(name) && op.attributes[name] !== undefined) return null;
  for (const { name, default: usual } of call.attributes) if (op.attributes[name] === undefined && usual !== undefined) return null;
  const given = Object.keys(op.inputs);
  if (call.variadic) return given.every((name, i) => name === String(i)) ? call : null;
  if (given.some((name) => call.inputs.every((input) => input.name !== name))) return null;
  return call.inputs.every(({ name, optional }) => optional || op.inputs[name] !== undefined) ? call : null;
}

function shortCall(line: Line, op: Op, call: CallForm): void {
  const parts: (() => void)[] = [];
  let needed = 0;
  const part = (write: () => void, counts: boolean): void => {
    parts.push(write);
    if (counts) needed = parts.length;
  };
  if (call.variadic) {
    part(() => {
      line.add('[');
      line.list(Object.values(op.inputs).map((tensor) => () => { line.tensor(tensor); }));
      line.add(']');
    }, true);
  }
  for (const { name } of call.inputs) {
    const tensor = op.inputs[name];
    part(() => { if (tensor === undefined) line.add('undefined'); else line.tensor(tensor); }, tensor !== undefined);
  }
  for (const { name, default: usual, required } of call.attributes) {
    const value = op.attributes[name];
    part(() => { line.add(literal(value)); }, required || !sameAttribute(value, usual));
  }
  line.add(`${call.name}(`);
  line.list(parts.slice(0, needed));
  line.add(')');
}

function fallback(line: Line, op: Op): void {
  line.add(`kernel(${quoted(op.kernel)}, { `);
  line.list(Object.entries(op.inputs).map(([name, tensor]) => () => {
    line.add(`${propertyName(name)}: `);
    line.tensor(tensor);
  }));
  line.add(Object.keys(op.inputs).length > 0 ? ' }' : '}');
  if (Object.keys(op.attributes).length > 0) line.add(`, ${literal(op.attributes)}`);
  line.add(')');
}

class Line {
  private text = '';
  private readonly variables: PlacedVariable[] = [];

  constructor(private readonly written: Written) {}

  add(text: string): void {
    this.text += text;
  }

  tensor(tensor: number): void {
    const { text, variable } = this.written(tensor);
    if (variable) this.variables.push({ start: this.text.length, end: this.text.length + text.length, tensor });
    this.text += text;
  }

  list(parts: readonly (() => void)[]): void {
    parts.forEach((write, i) => {
      if (i > 0) this.text += ', ';
      write();
    });
  }

  finish(): OpLine {
    return { text: this.text, variables: this.variables };
  }
}
