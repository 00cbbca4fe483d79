/** The table of all known classes of layers. A new family is a file and a line here. */
import { applications } from './applications';
import { arrayOperations } from './array-operations';
import { attentions } from './attention';
import { convolutions } from './convolution';
import { core } from './core';
import { merging } from './merging';
import type { KindTable, LayerKind } from './kind';
import { normalizations } from './normalization';
import { operations } from './operations';
import { poolings } from './pooling';
import { recurrents } from './recurrent';
import { shaping } from './shaping';

const table: KindTable = {
  // Layers stand behind operations of the same name (Reshape, Add): both understand each other's settings or share them.
  ...operations, ...arrayOperations, ...core, ...convolutions, ...poolings, ...normalizations, ...merging, ...shaping, ...attentions, ...applications, ...recurrents((name) => kindOf(name)),
};
const known = new Map(Object.entries(table));

/** What is known about a class, or undefined. Names of bare operations that layers share are told apart by `target_shape` and the like. */
export function kindOf(type: string): LayerKind | undefined {
  return known.get(type);
}

/** Kind of a bare operation; its class may carry the name of a layer (`Reshape`). */
export function operationKindOf(type: string): LayerKind | undefined {
  return Object.hasOwn(operations, type) ? operations[type] : Object.hasOwn(arrayOperations, type) ? arrayOperations[type] : known.get(type);
}

/** All class names, for messages and tests. */
export const knownTypes: readonly string[] = [...known.keys()];
