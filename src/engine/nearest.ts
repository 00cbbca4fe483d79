/** Which known name a mistyped one was meant to be. */

/** Levenshtein's edit distance, given up (Infinity) beyond `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}

/** Up to `count` candidates near enough to be meant, best first. Names that contain each other count as near. */
export function nearest(name: string, candidates: readonly string[], count = 1): readonly string[] {
  const wanted = name.toLowerCase().slice(0, 100);
  const limit = Math.min(wanted.length - 1, Math.max(1, Math.floor(wanted.length / 3)));
  return [...new Set(candidates)]
    .map((candidate) => {
      const other = candidate.toLowerCase();
      const within = wanted.length >= 3 && (other.includes(wanted) || (other.length >= 3 && wanted.includes(other)));
      return { candidate, score: other === wanted ? 0 : Math.min(distance(wanted, other, limit), within ? limit : Infinity) };
    })
    .filter(({ score }) => score <= limit)
    .sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** `; did you mean 'conv2d_1'?`, or a plain full stop. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const [best] = nearest(name, candidates);
  return best === undefined ? '.' : `; did you mean '${best}'?`;
}
