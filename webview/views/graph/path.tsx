/** The path between two layers: its ends are chosen with Shift+click, the key P or the button; all that lies on it is told apart. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { GraphView } from '../../../src/protocol/graph';
import { Button } from '../../controls';
import type { Paths } from '../../render/graph/paths';
import { edgeKey, pathWords, pathsBetween } from '../../render/graph/paths';

export interface PathChoice {
  /** Whether an end is still to be chosen. */
  readonly picking: boolean;
  readonly on: boolean;
  readonly from: string | null;
  readonly to: string | null;
  readonly result: Paths | null;
  /** Boxes and lines between boxes that lie on it, as they are drawn now; null when there is no path to show. */
  readonly boxes: ReadonlySet<string> | null;
  readonly edges: ReadonlySet<string> | null;
  /** Starts or ends the choice with the button. */
  readonly pick: () => void;
  /** Takes a box as an end; `selected` is the other one when none was chosen before. */
  readonly end: (id: string, selected?: string | null) => void;
  readonly clear: () => void;
}

interface Ends { readonly from: string | null; readonly to: string | null }

/** @param home where each layer shows @param folded groups that stand for their layers */
export function usePaths(graph: GraphView, home: ReadonlyMap<string, string>, folded: ReadonlySet<string>): PathChoice {
  const [ends, setEnds] = useState<Ends | null>(null);
  /** The layers that a box stands for, at the time when it was chosen or now. */
  const layersOf = (id: string): string[] => {
    const inside = folded.has(id) ? graph.nodes.filter((node) => home.get(node.id) === id && node.id !== id).map((node) => node.id) : [];
    return inside.length > 0 ? inside : [id];
  };
  const found = useMemo(() => {
    if (ends === null || ends.from === null || ends.to === null) return null;
    const [a, b] = [layersOf(ends.from), layersOf(ends.to)];
    const forward = pathsBetween(graph.edges, a, b);
    // Against the arrows it is the same path, told from its other end.
    const backward = forward === null ? pathsBetween(graph.edges, b, a) : null;
    return { from: backward === null ? ends.from : ends.to, to: backward === null ? ends.to : ends.from, result: forward ?? backward };
  }, [graph, ends]);
  const shown = useMemo(() => {
    if (found?.result == null) return null;
    const at = (id: string): string => home.get(id) ?? id;
    return {
      boxes: new Set([...found.result.layers].map(at)),
      edges: new Set([...found.result.edges].map((key) => { const [source = '', target = ''] = key.split('\u0000'); return edgeKey(at(source), at(target)); })),
    };
  }, [found, home]);
  const end = (id: string, selected: string | null = null): void => {
    const first = ends !== null && ends.to === null ? ends.from : null;
    const other = first ?? (ends === null ? selected : null);
    setEnds(other === null || other === id ? { from: id, to: null } : { from: other, to: id });
  };
  return {
    picking: ends !== null && ends.to === null, on: ends !== null, from: found?.from ?? ends?.from ?? null, to: found?.to ?? null, result: found?.result ?? null,
    boxes: shown?.boxes ?? null, edges: shown?.edges ?? null,
    pick: () => setEnds(ends === null ? { from: null, to: null } : null), end, clear: () => setEnds(null),
  };
}

const short = (id: string): string => id.slice(id.replace(/\/$/, '').lastIndexOf('/') + 1);

export function PathStatus({ paths }: { readonly paths: PathChoice }): JSX.Element | null {
  if (!paths.on) return null;
  const { from, to, result } = paths;
  return (
    <div class="graph-path" role="status">
      <span>{from === null ? 'Path: choose its first layer.' : to === null ? <>Path from <b>{short(from)}</b>: choose its other end.</>
        : result === null ? <>No path leads from <b>{short(from)}</b> to <b>{short(to)}</b>, nor back.</>
          : <>From <b>{short(from)}</b> to <b>{short(to)}</b>: {pathWords(result)}.</>}</span>
      <Button appearance="icon" label="Leave the path (Escape)" onClick={paths.clear}>✕</Button>
    </div>
  );
}
