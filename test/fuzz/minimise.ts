/** Makes a case smaller as long as the same thing goes wrong: fewer files and members, less of each. */
import { unzipSync, zipSync } from 'fflate';
import type { Zippable } from 'fflate';
import type { Case } from './cases';
import { joined } from './bytes';
import { bounded } from './structures';

/** Whether a case still shows the fault. */
export type Shows = (candidate: Case) => Promise<boolean>;
type Parts<T> = readonly T[];

/** The smallest list found by leaving out ever smaller stretches (Zeller and Hildebrandt's ddmin), */
async function shrink<T>(parts: Parts<T>, shows: (fewer: Parts<T>) => Promise<boolean>, end: number): Promise<Parts<T>> {
  let kept = parts;
  for (let stretch = Math.ceil(kept.length / 2); stretch >= 1; stretch = stretch === 1 ? 0 : Math.ceil(stretch / 2)) {
    for (let at = 0; at < kept.length && Date.now() < end;) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + stretch)];
      if (fewer.length > 0 && await shows(fewer)) kept = fewer;
      else at += stretch;
    }
  }
  return kept;
}

/** Bytes in up to 4096 pieces, JSON in its tokens. */
function pieces(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes[0] === 0x7b) return Array.from(new TextDecoder().decode(bytes).matchAll(/"(?:[^"\\]|\\.)*"|[^",[\]{}]+|./gs), ([token]) => new TextEncoder().encode(token));
  const length = Math.max(1, Math.ceil(bytes.length / 4096));
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) => bytes.subarray(index * length, (index + 1) * length));
}

/** `seconds` is how long it may take. */
export async function minimise(found: Case, shows: Shows, seconds = 20): Promise<Case> {
  const end = Date.now() + seconds * 1000;
  let best = found;
  const attempt = async (candidate: Case): Promise<boolean> => {
    if (Date.now() > end || !await shows(candidate)) return false;
    best = candidate;
    return true;
  };
  for (const name of found.files.keys()) {
    if (name === found.main) continue;
    const files = new Map(best.files);
    files.delete(name);
    await attempt({ ...best, files });
  }
  const main = best.files.get(best.main) ?? new Uint8Array(0);
  const withMain = (bytes: Uint8Array): Case => ({ ...best, files: new Map(best.files).set(best.main, bytes) });
  if (main[0] === 0x50 && main[1] === 0x4b) {
    const members = membersOf(main);
    if (members !== null) {
      const kept = await shrink(members, (fewer) => attempt(withMain(packed(fewer))), end);
      for (const [index, member] of kept.entries()) {
        await shrink(pieces(member.content), (fewer) => attempt(withMain(packed(kept.map((other, place) => (place === index ? { ...member, content: joined(...fewer) } : other))))), end);
      }
      return best;
    }
  }
  await shrink(pieces(main), (fewer) => attempt(withMain(joined(...fewer))), end);
  return best;
}

interface Member { readonly name: string; readonly content: Uint8Array; readonly stored: boolean }

function membersOf(archive: Uint8Array): readonly Member[] | null {
  const stored = new Set<string>();
  try {
    return Object.entries(unzipSync(archive, { filter: bounded(({ name, compression }) => { if (compression === 0) stored.add(name); return true; }) })).map(([name, content]) => ({ name, content, stored: stored.has(name) }));
  } catch {
    return null;
  }
}

function packed(members: readonly Member[]): Uint8Array {
  const content: Zippable = {};
  for (const member of members) content[member.name] = [member.content, { level: member.stored ? 0 : 6 }];
  return zipSync(content, { mtime: '2024-01-01' });
}
