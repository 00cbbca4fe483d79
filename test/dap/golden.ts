/** Compares a transcript with the one that was reviewed. New ones are written only with BACKSTEP_UPDATE_GOLDENS=1. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './fixture';

const folder = path.join(root, 'test/dap/golden');

export function matchesGolden(name: string, transcript: readonly string[]): void {
  const file = path.join(folder, `${name}.txt`), text = `${transcript.join('\n').trim()}\n`;
  if (process.env.BACKSTEP_UPDATE_GOLDENS === '1') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.ok(existsSync(file), `There is no golden transcript ${file}; write it with BACKSTEP_UPDATE_GOLDENS=1 and review it.`);
  assert.equal(text, readFileSync(file, 'utf8'), `The transcript differs from ${file}.`);
}
