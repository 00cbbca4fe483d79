/** How a person looks at a tensor variable: kept by its name while the cursor moves, and over reloads. Pure. */
import type { SliceSpec } from '../../../src/protocol/tensor';
import type { ColorChoice } from './domains';
import { clips, usualColors } from './domains';
import type { ViewKind } from './kinds';
import { viewKinds } from './kinds';
import { zoomSteps } from './zoom';

export interface ViewSettings {
  /** Null for the view and the slice that suit the shape. */
  readonly kind: ViewKind | null;
  readonly slice: SliceSpec | null;
  /** CSS pixels an element; 0 for the picture that fits. */
  readonly cell: number;
  readonly colors: ColorChoice;
  /** Whether the row of settings is open; null for the card's own choice. */
  readonly open: boolean | null;
}
export type Views = Readonly<Record<string, ViewSettings>>;
/** Colours shared by all tensors of a role (`weight`, `gradient`, `value`). */
export type RoleColors = Readonly<Record<string, ColorChoice>>;

export const usualView: ViewSettings = { kind: null, slice: null, cell: 0, colors: usualColors, open: null };

/** Variables whose settings are kept; the oldest go first. */
const kept = 200;

export function withView(views: Views, key: string, change: Partial<ViewSettings>): Views {
  const { [key]: before, ...others } = views;
  const next = { ...others, [key]: { ...(before ?? usualView), ...change } };
  const names = Object.keys(next);
  return names.length <= kept ? next : Object.fromEntries(Object.entries(next).slice(names.length - kept));
}

/** The colours of a tensor: those of its role while they are shared, else its own. */
export function colorsOf(views: Views, roles: RoleColors, key: string, role: string): ColorChoice {
  return roles[role] ?? views[key]?.colors ?? usualColors;
}

/** Chooses colours. "All of its role" is chosen for the role, and left for the role. */
export function withColors(views: Views, roles: RoleColors, key: string, role: string, colors: ColorChoice): { readonly views: Views; readonly roles: RoleColors } {
  if (colors.scale === 'role') return { views, roles: { ...roles, [role]: colors } };
  return { views: withView(views, key, { colors }), roles: Object.fromEntries(Object.entries(roles).filter(([name]) => name !== role)) };
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const among = <Value>(value: unknown, list: readonly Value[]): Value | undefined => list.find((one) => one === value);
const isAxis = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0;

function readSlice(value: unknown): SliceSpec | null {
  if (!isFields(value) || !Array.isArray(value.tileAxes) || !isFields(value.at)) return null;
  const { tileAxes, rowAxis, columnAxis, at } = value;
  const axes: readonly unknown[] = tileAxes, fixed = Object.entries(at);
  if (!axes.every(isAxis) || !(rowAxis === null || isAxis(rowAxis)) || !(columnAxis === null || isAxis(columnAxis)) || !fixed.every(([axis, index]) => isAxis(Number(axis)) && isAxis(index))) return null;
  return { tileAxes: axes, rowAxis, columnAxis, at: Object.fromEntries(fixed.map(([axis, index]) => [axis, Number(index)])) };
}

function readColors(value: unknown): ColorChoice {
  if (!isFields(value)) return usualColors;
  return {
    scale: among(value.scale, ['tile', 'tensor', 'role'] as const) ?? usualColors.scale,
    map: among(value.map, ['auto', 'diverging', 'sequential'] as const) ?? usualColors.map, clip: among(value.clip, clips) ?? 0,
  };
}

/** What was kept, as far as it is well formed. */
export function readViews(value: unknown): Views {
  if (!isFields(value)) return {};
  return Object.fromEntries(Object.entries(value).slice(-kept).filter((entry): entry is [string, Fields] => isFields(entry[1])).map(([key, view]): [string, ViewSettings] => [key, {
    kind: among(view.kind, viewKinds) ?? null, slice: readSlice(view.slice), cell: among(view.cell, zoomSteps) ?? 0,
    colors: readColors(view.colors), open: typeof view.open === 'boolean' ? view.open : null,
  }]));
}

export function readRoles(value: unknown): RoleColors {
  return isFields(value) ? Object.fromEntries(Object.entries(value).map(([role, colors]) => [role, readColors(colors)])) : {};
}
