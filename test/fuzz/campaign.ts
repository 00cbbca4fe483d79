/** A run of the fuzzer: cases of all seeds in turn, until the time or the number of cases is used up; each new fault once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCase, writeCase } from './cases';
import type { Case } from './cases';
import type { Seed } from './corpus';
import type { Verdict } from './judge';
import { WatchedReader } from './watched';

type Fault = Extract<Verdict, { kind: 'fault' }>;
export interface Finding { readonly found: Case; readonly number: number; readonly fault: Fault; readonly signature: string }

/** Numbers and names out, so that one mistake is one finding. */
export function signatureOf(reader: string, { fault, message, trace }: Fault): string {
  const lines = trace.split('\n');
  const where = lines.slice(1, 2).join('').replace(/:\d+\)?$/, '');
  return [reader, fault, where === '' ? message.replace(/\d+/g, '#').replace(/"[^"]*"/g, '""').slice(0, 80) : `${(lines[0] ?? '').replace(/\d+/g, '#').slice(0, 60)} ${where}`].join(' | ');
}

export interface Campaign {
  readonly bundle: string;
  readonly seeds: readonly Seed[];
  /** The first case's number; the others follow from it. */
  readonly seed: number;
  readonly until: (cases: number) => boolean;
  readonly onFinding: (finding: Finding) => void | Promise<void>;
}

export interface Tally { cases: number; opened: number; refused: number; faults: number }

export async function fuzz({ bundle, seeds, seed, until, onFinding }: Campaign): Promise<Tally> {
  const folder = mkdtempSync(path.join(tmpdir(), 'backstep-fuzz-'));
  const reader = new WatchedReader(bundle);
  const known = new Set<string>();
  const tally: Tally = { cases: 0, opened: 0, refused: 0, faults: 0 };
  try {
    for (let round = 0; !until(tally.cases); round += 1) {
      for (const [index, start] of seeds.entries()) {
        if (until(tally.cases)) break;
        const number = (Math.imul(seed, 0x9e3779b1) + round * 65537 + index) >>> 0;
        const found = makeCase(start, number, seeds);
        const verdict = await reader.read(found.reader, writeCase(path.join(folder, 'case'), found));
        tally.cases += 1;
        tally[verdict.kind === 'fault' ? 'faults' : verdict.kind] += 1;
        if (verdict.kind !== 'fault') continue;
        const signature = signatureOf(found.reader, verdict);
        if (known.has(signature)) continue;
        known.add(signature);
        await onFinding({ found, number, fault: verdict, signature });
      }
    }
  } finally {
    reader.end();
    rmSync(folder, { recursive: true, force: true });
  }
  return tally;
}
