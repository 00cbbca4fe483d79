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

function collect(argument: Argument | undefined, found: TensorRef[]): void {
  if (argument === undefined) return;
  switch (argument.kind) {
    case 'tensor': found.push(argument.ref); break;
    case 'value': break;
    case 'list': for (const item of argument.items) collect(item, found); break;
    case 'record': for (const key in argument.entries) collect(argument.entries[key], found); break;
  }
}
