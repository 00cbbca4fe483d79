/** What a breakpoint is tied to, so that it survives a listing whose lines have moved (a last, smaller batch). */
import type { OpGroup, Phase } from '../../engine/trace';
import type { Place } from '../place';

interface GroupAnchor { readonly phase: Phase; readonly layer: string | null; readonly call: number; readonly weight: string | null; readonly nth: number }

export type Anchor =
  | { readonly kind: 'title' }
  | { readonly kind: 'phase'; readonly phase: Phase }
  | { readonly kind: 'group'; readonly group: GroupAnchor }
  | { readonly kind: 'op'; readonly group: GroupAnchor; readonly offset: number };

const alike = (a: OpGroup | GroupAnchor, b: OpGroup | GroupAnchor): boolean => a.phase === b.phase && a.layer === b.layer && a.call === b.call && a.weight === b.weight;

function groupAnchor({ trace }: Place, index: number): GroupAnchor | null {
  const group = trace.groups[index];
  if (group === undefined) return null;
  const { phase, layer, call, weight } = group;
  return { phase, layer, call, weight, nth: trace.groups.slice(0, index).filter((other) => alike(other, group)).length };
}

/** The anchor of a 1-based line, or of the next line below that holds a step; null when there is none. */
export function anchorOf(place: Place, line: number): Anchor | null {
  const { lines } = place.listing;
  for (let i = Math.max(1, line); i <= lines.length; i += 1) {
    const entry = lines[i - 1];
    switch (entry?.kind) {
      case 'title': return { kind: 'title' };
      case 'phase': return { kind: 'phase', phase: entry.phase };
      case 'group': {
        const group = groupAnchor(place, entry.group);
        return group === null ? null : { kind: 'group', group };
      }
      case 'op': {
        const group = groupAnchor(place, entry.group);
        return group === null ? null : { kind: 'op', group, offset: entry.op - (place.trace.groups[entry.group]?.first ?? 0) };
      }
      default:
    }
  }
  return null;
}

/** The line of an anchor in this place's listing; null when the place has no such step. */
export function lineOfAnchor(place: Place, anchor: Anchor): number | null {
  const { listing, trace } = place;
  switch (anchor.kind) {
    case 'title': return listing.lines.findIndex((line) => line.kind === 'title') + 1 || null;
    case 'phase': return trace.ops.some((op) => op.phase === anchor.phase) ? listing.lineOfPhase(anchor.phase) : null;
    case 'group':
    case 'op': {
      let nth = anchor.group.nth;
      const index = trace.groups.findIndex((group) => alike(group, anchor.group) && nth-- === 0);
      const group = trace.groups[index];
      if (group === undefined) return null;
      if (anchor.kind === 'group') return listing.lineOfGroup(index);
      return group.first + anchor.offset <= group.last ? listing.lineOfOp(group.first + anchor.offset) : null;
    }
  }
}
