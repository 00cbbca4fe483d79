/** How a tensor is shown just now: the person's choice for its variable, or what suits it; and the ways to change that. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { SliceSpec, TensorRequest, TensorUse } from '../../../src/protocol/tensor';
import type { Domain } from '../../../src/tensor/colormap';
import { domainOf } from '../../../src/tensor/colormap';
import type { ColorChoice, Range } from '../../render/tensor/domains';
import { imageDomain, rangeOf, tileDomains } from '../../render/tensor/domains';
import type { ViewKind } from '../../render/tensor/kinds';
import { kindForSlice, requestOf, shownPart } from '../../render/tensor/kinds';
import type { ViewSettings } from '../../render/tensor/settings';
import { colorsOf, usualView, withColors, withView } from '../../render/tensor/settings';
import { arrange, current, useStore } from '../../store';
import type { Picture } from '../../tensors';

/** What of a card decides how it is shown. */
export interface Subject {
  /** Name under which the choice is kept: the tensor's variable. */
  readonly settingsKey: string;
  readonly shape: readonly number[];
  readonly use: TensorUse;
  /** `weight`, `gradient`, `value`: tensors that can share their colours. */
  readonly role: string;
  /** The example of the batch along axis 0, where it is one. */
  readonly example: number | null;
  /** Part that is shown without a choice, where the host chooses it. */
  readonly usual: SliceSpec | null;
  /** View shown without a choice; null for the one that suits the shape. */
  readonly firstKind: ViewKind | null;
  readonly request: TensorRequest;
  /** Chooses a slice where the host keeps it. */
  readonly onSlice?: ((slice: SliceSpec) => void) | undefined;
}

export interface ShownView {
  readonly kind: ViewKind;
  readonly slice: SliceSpec;
  readonly request: TensorRequest;
  readonly colors: ColorChoice;
  readonly settings: ViewSettings;
}

/** The view of a tensor, followed as the choice changes. */
export function useView(subject: Subject): ShownView {
  const { settingsKey, role, shape, use, example, usual, firstKind } = subject;
  const views = useStore((state) => state.arrangement.views), roles = useStore((state) => state.arrangement.roles);
  const settings = views[settingsKey] ?? usualView, colors = colorsOf(views, roles, settingsKey, role);
  const shown = shownPart({ shape, use, example, usual, kind: settings.kind ?? firstKind, slice: subject.onSlice === undefined ? settings.slice : null });
  // What a paused program was asked for is what is shown: the host reads another part when it is told to.
  const request = requestOf(subject.request, { ...shown, isUsual: shown.isUsual || subject.onSlice !== undefined }, colors.clip);
  return { kind: shown.kind, slice: shown.slice, request, colors, settings };
}

/** The ways to change the view of a subject. */
export function changesOf(subject: Subject) {
  const { settingsKey, role, shape, use, usual, onSlice } = subject;
  const change = (what: Partial<ViewSettings>): void => arrange({ views: withView(current().arrangement.views, settingsKey, what) });
  return {
    change,
    chooseKind: (kind: ViewKind): void => {
      change({ kind });
      if (onSlice === undefined || usual === null) return;
      const { slice, isUsual } = shownPart({ shape, use, example: null, usual, kind, slice: null });
      if (!isUsual) onSlice(slice);
    },
    /** `kind` is the view that is shown. */
    chooseSlice: (slice: SliceSpec, kind: ViewKind): void => {
      const at = slice.at[0];
      // The batch is stepped through in all cards at once.
      if (subject.example !== null && at !== undefined && at !== subject.example) arrange({ example: at });
      change({ kind: kindForSlice(kind, shape, use, slice), ...(onSlice === undefined ? { slice } : {}) });
      onSlice?.(slice);
    },
    chooseColors: (colors: ColorChoice): void => {
      const { views, roles } = current().arrangement;
      arrange(withColors(views, roles, settingsKey, role, colors));
    },
    colors: (): ColorChoice => colorsOf(current().arrangement.views, current().arrangement.roles, settingsKey, role),
  };
}

/** Ranges of the tensors that are shown, by role: what "all of its role" spans. */
const ranges = new Map<string, Map<string, Range>>();
const listeners = new Set<() => void>();

function span(role: string): Range | null {
  const all = [...(ranges.get(role)?.values() ?? [])].filter(({ min, max }) => min <= max);
  return all.length === 0 ? null : { min: all.reduce((least, { min }) => Math.min(least, min), Infinity), max: all.reduce((most, { max }) => Math.max(most, max), -Infinity) };
}

/** The range of all tensors of a role on the screen, this one among them; null until it is known, or while it is not asked for. */
function useRoleRange(role: string, id: string, own: Range | null, asked: boolean): Range | null {
  const [range, setRange] = useState<Range | null>(null);
  const [min, max] = [own?.min, own?.max];
  useEffect(() => {
    if (!asked || min === undefined || max === undefined) return undefined;
    const members = ranges.get(role) ?? new Map<string, Range>();
    ranges.set(role, members.set(id, { min, max }));
    const follow = (): void => setRange((before) => { const next = span(role); return before?.min === next?.min && before?.max === next?.max ? before : next; });
    listeners.add(follow);
    for (const listener of [...listeners]) listener();
    return () => {
      listeners.delete(follow);
      members.delete(id);
      for (const listener of [...listeners]) listener();
    };
  }, [role, id, min, max, asked]);
  return asked ? range : null;
}

export interface Colouring { readonly kind: 'diverging' | 'sequential'; readonly domains: readonly Domain[]; /** Whether every tile has its own. */ readonly many: boolean }

/** The colours of a picture: which map, and what its ends stand for. */
export function useColouring(picture: Picture | null, { kind: view, colors }: ShownView, { id, role, diverging, range }: { readonly id: string; readonly role: string; readonly diverging: boolean | null; readonly range: Range | null }): Colouring | null {
  const whole = picture === null ? null : colors.clip > 0 ? rangeOf(picture, colors.clip) : range ?? picture.statistics;
  const shared = useRoleRange(role, id, whole, colors.scale === 'role');
  const kind = colors.map !== 'auto' ? colors.map : diverging ?? !((picture?.statistics.min ?? 0) >= 0) ? 'diverging' : 'sequential';
  const { min, max } = shared ?? whole ?? { min: 0, max: 1 };
  const many = colors.scale === 'tile' && picture !== null && picture.tiles > 1 && view !== 'image';
  // The same object while nothing changes, so that nothing is painted again.
  return useMemo(() => {
    if (picture === null) return null;
    return { kind, many, domains: view === 'image' ? [imageDomain({ min, max })] : many ? tileDomains(picture, kind, colors.clip) : [domainOf(kind, min, max)] };
  }, [picture, kind, view, min, max, many, colors.clip]);
}
