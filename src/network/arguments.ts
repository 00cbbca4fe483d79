/** Walks over the arguments of a call. */
import type { Argument, TensorRef } from './network';

/** All tensors inside an argument, in order. */
export function refsIn(argument: Argument | undefined): readonly TensorRef[] {
  const found: TensorRef[] = [];
  collect(argument, found);
  return found;
}

/** All tensors of a call: positional arguments first, then keyword arguments. */
export function refsOfCall(call: { readonly args: readonly Argument[]; readonly kwargs: Readonly<Record<string, Argument>> }): readonly TensorRef[] {
  const found: TensorRef[] = [];
  for (const argument of call.args) collect(argument, found);
  for (const name in call.kwargs) collect(call.kwargs[name], found);
  return found;
}

/** The tensors that a call computes with: without those inside records, of which expressions take only the shapes. */
export function dataRefsOfCall(call: { readonly args: readonly Argument[]; readonly kwargs: Readonly<Record<string, Argument>> }): readonly TensorRef[] {
  const plain = (argument: Argument): readonly TensorRef[] => (argument.kind === 'tensor' ? [argument.ref] : argument.kind === 'list' ? argument.items.flatMap(plain) : []);
  return [...call.args, ...Object.values(call.kwargs)].flatMap(plain);
}

function collect(argument: Argument | undefined, found: TensorRef[]): void {
  if (argument === undefined) return;
  switch (argument.kind) {
    case 'tensor': found.push(argument.ref); break;
    case 'value': break;
    case 'list': for (const item of argument.items) collect(item, found); break;
    case 'record': for (const key in argument.entries) collect(argument.entries[key], found); break;
  }
}
