/** What must hold for every listing: each op on its line, each variable where the map says. */
import assert from 'node:assert/strict';
import { phases } from '../../../src/engine/trace';
import type { Trace } from '../../../src/engine/trace';
import type { Listing } from '../../../src/listing/listing';

/** Everything that must hold for any listing. */
export function checkListing(listing: Listing, trace: Trace): void {
  const text = listing.text.split('\n');
  assert.equal(text.length, listing.lines.length + 1, 'every line is described, and the text ends with a line break');
  trace.ops.forEach((op) => {
    const entry = listing.lines[listing.lineOfOp(op.index) - 1];
    assert.ok(entry?.kind === 'op' && entry.op === op.index && entry.phase === op.phase);
    const line = listing.lineOfOp(op.index);
    const placed = new Set(listing.variables.filter((variable) => variable.line === line).map(({ tensor }) => tensor));
    for (const output of op.outputs) if (trace.tensors.get(output)?.writer === op.index) assert.ok(placed.has(output), `op ${op.index} shows its output`);
  });
  trace.groups.forEach((group, i) => {
    const entry = listing.lines[listing.lineOfGroup(i) - 1];
    assert.ok(entry?.kind === 'group' && entry.first === group.first && entry.last === group.last);
  });
  for (const phase of phases) if (trace.ops.some((op) => op.phase === phase)) assert.equal(listing.lines[listing.lineOfPhase(phase) - 1]?.kind, 'phase');
  for (const { line, start, end, tensor } of listing.variables) assert.equal(text[line - 1]?.slice(start, end), listing.names.get(tensor));
}
