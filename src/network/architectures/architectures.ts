/** All architectures that are built in, by name. */
import { Failure } from '../../tensor/failure';
import type { JsonObject } from '../network';
import type { Architectures } from './architecture';
import { basic } from './basic';
import { imagenet } from './imagenet';
import { others } from './others';

export const architectures: Architectures = { ...basic, ...imagenet, ...others };

/** The configuration of a built-in architecture, as Keras 3's `to_json()` writes it. @throws Failure `architecture.unknown` naming those that there are. */
export function drawArchitecture(name: string): JsonObject {
  const known = architectures[name];
  if (known === undefined) throw new Failure('architecture.unknown', `There is no built-in architecture "${name}"; there are ${Object.keys(architectures).join(', ')}.`);
  return known.draw();
}
