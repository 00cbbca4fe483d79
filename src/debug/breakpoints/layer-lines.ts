/** Where a breakpoint on a layer stops: the layer's groups in the listing, by the name that a person wrote. */
import { phases } from '../../engine/trace';
import { nearest } from '../../engine/nearest';
import { pathsOf } from '../layer-names';
import type { Place } from '../place';

/**
 * Lines of the first group of the layer (or of a layer inside it) in each phase and call, with what names the phase and call;
 * lines of all its groups when `every` is set.
 */
export function layerLines(name: string, place: Place, every: boolean): ReadonlyMap<number, string> {
  const wanted = parseName(name.trim(), place), lines = new Map<number, string>();
  if (wanted === null) return lines;
  const seen = new Set<string>();
  place.trace.groups.forEach(({ phase, layer, call }, index) => {
    const same = layer === wanted.layer || layer?.startsWith(`${wanted.layer}/`) === true;
    if (!same || (wanted.phase !== null && phase !== wanted.phase) || (wanted.call !== null && call !== wanted.call)) return;
    const key = `${phase}#${layer === wanted.layer ? call : ''}`;
    if (!seen.has(key) || every) lines.set(place.listing.lineOfGroup(index), key);
    seen.add(key);
  });
  return lines;
}

/** Why a layer's name leads to no line, with names that may have been meant. */
export function missingLayer(name: string, place: Place): string {
  const paths = pathsOf(place), wanted = name.trim();
  if (parseName(wanted, place) !== null) return `Layer '${wanted}' runs no operation, so there is nothing to stop at.`;
  const near = nearest(wanted.replace(/\.(forward|loss|backward|update)$/, ''), paths, 3);
  const known = near.length > 0 ? `near: ${near.join(', ')}` : `it has ${paths.slice(0, 8).join(', ')}${paths.length > 8 ? ', …' : ''}`;
  return `This network has no layer '${wanted}'; ${known}.`;
}

/** Takes `.backward` and `#1` off a name unless a layer is really called so. */
function parseName(name: string, place: Place): { layer: string; phase: string | null; call: number | null } | null {
  const paths = pathsOf(place);
  for (const phase of [null, ...phases]) {
    if (phase !== null && !name.endsWith(`.${phase}`)) continue;
    const rest = phase === null ? name : name.slice(0, -phase.length - 1);
    if (paths.includes(rest)) return { layer: rest, phase, call: null };
    const [, layer, call] = /^(.*)#(\d+)$/.exec(rest) ?? [];
    if (layer !== undefined && paths.includes(layer)) return { layer, phase, call: Number(call) };
  }
  return null;
}
