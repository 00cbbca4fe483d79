/** Mutations of JSON: any value, key or list anywhere in the tree becomes something that no framework writes. */
import type { Random } from './random';

type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

const deep = (depth: number): Value => Array.from({ length: depth }).reduce<Value>((inner) => [inner], 1);
/** Makers, since a value put into a tree must not be shared. */
const oddities: readonly (() => Value)[] = [
  () => null, () => true, () => 0, () => -1, () => 1.5, () => 1e308, () => -1e308, () => 2 ** 31, () => 2 ** 53, () => 1e15, () => '', () => 'x', () => '__proto__', () => 'constructor', () => '../../etc/passwd',
  () => 'https://127.0.0.1/x.bin', () => '\u0000', () => '\ud800', () => 'a'.repeat(5000), () => [], () => ({}), () => [[]], () => [null], () => [0], () => [-1], () => [1e9, 1e9], () => [1e9, 1e9, 1e9], () => Array.from({ length: 200 }, () => 2),
  () => ({ class_name: 'Dense', config: {} }), () => ({ class_name: '__keras_tensor__', config: { keras_history: ['x', 0, 0] } }), () => deep(200),
];

interface Place { readonly holder: Value[] | { [key: string]: Value }; readonly key: string | number }

function places(root: Value): Place[] {
  const found: Place[] = [];
  const waiting: Value[] = [root];
  while (waiting.length > 0) {
    const holder = waiting.pop();
    if (typeof holder !== 'object' || holder === null) continue;
    const keys = Array.isArray(holder) ? holder.map((_, index) => index) : Object.keys(holder);
    for (const key of keys) {
      found.push({ holder, key });
      waiting.push(read({ holder, key }) ?? null);
    }
  }
  return found;
}

const read = ({ holder, key }: Place): Value | undefined => (Array.isArray(holder) ? holder[Number(key)] : holder[String(key)]);
function write({ holder, key }: Place, value: Value): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  // A key such as __proto__ is to be one of the record itself.
  else Object.defineProperty(holder, String(key), { value, enumerable: true, configurable: true, writable: true });
}
function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else Reflect.deleteProperty(holder, String(key));
}
const copy = (value: Value | undefined): Value => JSON.parse(JSON.stringify(value ?? null)) as Value; // JSON in, JSON out

type Change = (place: Place, random: Random, all: readonly Place[]) => void;
const oddity: Change = (place, random) => { write(place, random.pick(oddities)()); };
const changes: readonly Change[] = [
  oddity, oddity, remove,
  (place, random, all) => { write(place, copy(read(random.pick(all)))); },
  (place, random) => { const value = read(place); write(place, typeof value === 'number' ? random.pick([value + 1, -value, value * 1e6, value / 3, String(value)]) : [copy(value)]); },
  (place, random) => { const value = read(place); if (Array.isArray(value) && value.length > 0) value.splice(random.below(value.length), 0, copy(random.pick(value))); else write(place, random.pick(oddities)()); },
  ({ holder, key }, random) => { if (!Array.isArray(holder)) { const value = copy(holder[key]); remove({ holder, key }); write({ holder, key: random.pick(['__proto__', `${key}_`, '', 'name', 'config', 'layers']) }, value); } },
  (place, random, all) => { const other = random.pick(all.filter(({ key }) => key === place.key)); write(place, copy(read(other))); },
];

/** Changes one to four places of the text's tree; null when it is no JSON record or list. */
export function mutateJson(text: string, random: Random): string | null {
  let root: Value;
  try {
    root = JSON.parse(text) as Value;
  } catch {
    return null;
  }
  if (typeof root !== 'object' || root === null) return null;
  for (let times = random.pick([1, 1, 1, 2, 4]); times > 0; times -= 1) {
    const all = places(root);
    if (all.length === 0) break;
    // Places near the root are few; they get their share.
    const chosen = random.chance(0.3) ? all.slice(0, 40) : all;
    random.pick(changes)(random.pick(chosen), random, all);
  }
  return JSON.stringify(root);
}
