/** Seeded random numbers: the same seed gives the same numbers on every machine, on every replay. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Normal with mean 0 and standard deviation 1 (Box and Muller, 1958). */
  normal(): number;
  /** Whole number in [0, below). */
  integer(below: number): number;
}

/** 32-bit FNV-1a of the parts' text: turns (seed, iteration, layer, purpose) into one seed. */
export function hashSeed(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const character of parts.join('\u0000')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash >>> 0;
}

/** Generator sfc32 (Doty-Humphrey, PractRand), seeded by the hash of the parts. */
export function createRandom(...seed: readonly (string | number)[]): Random {
  let a = hashSeed('a', ...seed);
  let b = hashSeed('b', ...seed);
  let c = hashSeed('c', ...seed);
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i += 1) next();
  let spare: number | null = null;
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { next, normal, uniform: (low, high) => low + (high - low) * next(), integer: (below) => Math.floor(next() * below) };
}
