/** A place of the timeline: one iteration's trace with its steps and its listing, and what is visible at a cursor in it. */
import type { RunInfo } from '../engine/run';
import type { Trace } from '../engine/trace';
import type { Listing } from '../listing/listing';
import { Steps, lineOf } from './cursor';
import type { Cursor } from './cursor';
import { TensorReader } from './reader';

export interface Place { readonly info: RunInfo; readonly trace: Trace; readonly steps: Steps; readonly listing: Listing; readonly reader: TensorReader }

export const placeOf = (info: RunInfo, trace: Trace, listing: Listing): Place => ({ info, trace, steps: new Steps(trace), listing, reader: new TensorReader() });

/** A stop: a place, the cursor in it, the last op whose results are visible there, and the 1-based line. */
export interface View extends Place { readonly cursor: Cursor; readonly last: number; readonly line: number }

export const viewAt = (place: Place, cursor: Cursor): View =>
  ({ ...place, cursor, last: place.steps.lastVisible(cursor), line: lineOf(cursor, place.steps, place.listing) });

/** Whether a tensor of the trace has its value at the cursor. */
export const isVisible = ({ trace, last }: View, tensor: number): boolean => (trace.tensors.get(tensor)?.writer ?? Infinity) <= last;
