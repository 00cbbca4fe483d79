/** Which tensors are pinned, and which pair is compared: asked of the host once, and after each change. */
import { useLayoutEffect, useState } from 'preact/hooks';
import type { PinRequest, PinView } from '../../../src/protocol/tensor';
import { request } from '../../channel';
import { failed } from './actions';

export interface Pins {
  readonly pins: readonly PinView[];
  /** The pin that is compared, and with what: `card:…`, `pin:…`, or null for the same variable where the cursor stands. */
  readonly comparing: { readonly pin: string; readonly other: string | null } | null;
}

let state: Pins = { pins: [], comparing: null };
let asked = false;
const listeners = new Set<(pins: Pins) => void>();

function set(next: Pins): void {
  state = next;
  for (const listener of [...listeners]) listener(next);
}

function ask(argument: PinRequest, then: (pins: readonly PinView[]) => void = () => undefined): void {
  request('pins', argument).then((pins: readonly PinView[] | null) => {
    // A panel without pins answers nothing.
    const known = pins ?? [];
    set({ pins: known, comparing: known.some(({ id }) => id === state.comparing?.pin) ? state.comparing : null });
    then(known);
  }, failed);
}

/** Asks once what is pinned: the host keeps pins when this view is rebuilt. */
export function listPins(): void {
  if (asked) return;
  asked = true;
  ask({ kind: 'list' });
}

export const keepPin = (tensor: Omit<Extract<PinRequest, { kind: 'keep' }>, 'kind'>): void => ask({ kind: 'keep', ...tensor });
export const dropPin = (id: string): void => ask({ kind: 'drop', id });
export const comparePin = (pin: string, other: string | null): void => set({ ...state, comparing: { pin, other } });
export const endComparison = (): void => set({ ...state, comparing: null });

export function usePins(): Pins {
  const [value, setValue] = useState(state);
  useLayoutEffect(() => {
    setValue(state);
    listeners.add(setValue);
    return () => { listeners.delete(setValue); };
  }, []);
  return value;
}

/** The newest pin of a variable, else of a shape. */
export function pinOf({ pins }: Pins, variable: string, shape: readonly number[]): PinView | null {
  const newest = [...pins].reverse();
  return newest.find((pin) => pin.variable === variable) ?? newest.find((pin) => pin.shape.join() === shape.join()) ?? null;
}
