/** Values that a file holds in another form than its layers have them: read by a key that no file has, made of the file's own data sets. */
import type { TensorValue } from '../../tensor/value';

/** By the key that stands for it: the file's own keys, and what to make of their values. */
export type Conversions = Map<string, { readonly keys: readonly string[]; readonly convert: (values: readonly TensorValue[]) => TensorValue }>;

/** A read that knows the conversions; keys of a conversion may be conversions themselves. */
export function converting(conversions: Conversions, read: (key: string) => Promise<TensorValue>): (key: string) => Promise<TensorValue> {
  const whole = async (key: string): Promise<TensorValue> => {
    const made = conversions.get(key);
    return made === undefined ? read(key) : made.convert(await Promise.all(made.keys.map(whole)));
  };
  return whole;
}
