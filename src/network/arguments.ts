/** Walks over the arguments of a call. */
import type { Argument, TensorRef } from './network';

/** All tensors inside an argument, in order. */
export function refsIn(argument: Argument | undefined): readonly TensorRef[] {
  if (argument === undefined) return [];
  switch (argument.kind) {
    case 'tensor': return [argument.ref];
    case 'value': return [];
    case 'list': return argument.items.flatMap(refsIn);
    case 'record': return Object.values(argument.entries).flatMap(refsIn);
  }
}

/** All tensors of a call: positional arguments first, then keyword arguments. */
export function refsOfCall(call: { readonly args: readonly Argument[]; readonly kwargs: Readonly<Record<string, Argument>> }): readonly TensorRef[] {
  return [...call.args.flatMap(refsIn), ...Object.values(call.kwargs).flatMap(refsIn)];
}
