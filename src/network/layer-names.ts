/** Names of layers that belong together although one network wraps the other: `module.conv1` (DataParallel), `model.conv1`, `_orig_mod.conv1` (torch.compile). */

/** Wrappers nest no deeper than this. */
const deepest = 4;

/** What stands before the names of each network and is no part of them. */
export interface Prefixes { readonly before: string; readonly after: string }

/** Beginnings that at least half of the paths share, the empty one first: `''`, `model/`, `model/encoder/`. */
function beginnings(paths: readonly string[]): readonly string[] {
  const found = [''];
  for (let last = ''; found.length <= deepest;) {
    const counts = new Map<string, number>();
    for (const path of paths) {
      if (!path.startsWith(last)) continue;
      const end = path.indexOf('/', last.length);
      if (end >= 0) counts.set(path.slice(0, end + 1), (counts.get(path.slice(0, end + 1)) ?? 0) + 1);
    }
    const [most = '', count = 0] = [...counts].reduce<readonly [string, number]>((best, each) => (each[1] > best[1] ? each : best), ['', 0]);
    if (2 * count < paths.length || most === '') break;
    found.push(last = most);
  }
  return found;
}

/** The path without a prefix; null for one that is not below it. */
export const without = (path: string, prefix: string): string => (path.startsWith(prefix) ? path.slice(prefix.length) : path);

/** The prefixes without which most paths are in both lists; empty ones when none helps. */
export function prefixesOf(before: readonly string[], after: readonly string[]): Prefixes {
  const common = (old: string, now: string): number => {
    const names = new Set(before.map((path) => without(path, old)));
    return after.reduce((count, path) => count + (names.has(without(path, now)) ? 1 : 0), 0);
  };
  let best: Prefixes = { before: '', after: '' };
  let most = common('', '');
  for (const old of beginnings(before)) {
    for (const now of beginnings(after)) {
      const count = old === '' && now === '' ? 0 : common(old, now);
      if (count > most) { most = count; best = { before: old, after: now }; }
    }
  }
  return best;
}
