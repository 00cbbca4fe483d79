/** What crosses between an HDF5 file and the worker thread that reads it. */
import type { DType } from '../../tensor/value';

/** Where the bytes of an HDF5 file lie: a stretch of a file on disk (a stored zip member), or memory (a compressed one). */
export type Hdf5Source =
  | { readonly kind: 'file'; readonly path: string; readonly offset: number; readonly size: number }
  | { readonly kind: 'memory'; readonly bytes: Uint8Array };

/** One group or data set, as the file describes it. */
export type Hdf5Entry =
  | { readonly kind: 'group'; readonly keys: readonly string[]; readonly texts: ReadonlyMap<string, string>; readonly lists: ReadonlyMap<string, readonly string[]> }
  | { readonly kind: 'dataset'; readonly shape: readonly number[]; readonly dtype: DType | null; readonly width: number; readonly littleEndian: boolean; readonly chunked: boolean };

/** All groups and data sets by path; the root is '/', paths have no leading slash. */
export type Hdf5Index = ReadonlyMap<string, Hdf5Entry>;

export interface Hdf5WorkerData {
  /** Counts what the worker gets done; a counter that stands still means that the library hangs. */
  readonly progress: Int32Array;
}

/** `file` numbers the open files; `source` comes with the first request of a file in a thread. */
export type Hdf5Task =
  /** The text attributes of the root alone, which takes no walk through the file. */
  | { readonly kind: 'root' }
  | { readonly kind: 'index' }
  | { readonly kind: 'read'; readonly path: string; readonly bytes: number; readonly shape: readonly number[] }
  | { readonly kind: 'close' };
export interface Hdf5Request { readonly file: number; readonly source: Hdf5Source | null; readonly task: Hdf5Task }

export type Hdf5Reply =
  | { readonly kind: 'root'; readonly texts: ReadonlyMap<string, string> }
  | { readonly kind: 'index'; readonly index: Hdf5Index }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string };
