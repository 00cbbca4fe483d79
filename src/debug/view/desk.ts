/**
 * Answers everything that a panel asks about tensors: pictures, windows at full resolution, comparisons, slices to keep; and holds the
 * tensors that were pinned. What crosses is always a part; the tensors themselves stay here.
 */
import type { CompareReply, CompareRequest, ExportRequest, PartReply, PartRequest, PinRequest, PinView, TensorAddress, TensorPicture, TensorRequest } from '../../protocol/tensor';
import { compareTensors, differenceOf } from '../../tensor/compare';
import { Failure } from '../../tensor/failure';
import { histogramOf } from '../../tensor/histogram';
import type { Histogram } from '../../tensor/histogram';
import { writeNpy } from '../../tensor/npy';
import { cutSlice, readPart } from '../../tensor/part';
import { percentilesOf } from '../../tensor/percentiles';
import { pictureOf } from '../../tensor/picture';
import { checkSlice } from '../../tensor/slice';
import { statisticsOf } from '../../tensor/statistics';
import type { TensorStatistics } from '../../tensor/statistics';
import { textOf } from '../../tensor/text';
import { sizeOf } from '../../tensor/value';
import type { TensorValue } from '../../tensor/value';
import type { FoundTensor } from './picture';

/** What is worked out over all elements once, and kept as long as the values exist. */
interface Clipped { readonly low: number; readonly high: number; readonly histogram: Histogram }
interface Summary { statistics?: TensorStatistics; histogram?: Histogram; readonly clipped: Map<number, Clipped> }
interface Pin { readonly view: PinView; readonly found: FoundTensor; readonly bytes: number }

/** Elements from which on a value that was read out of the backend stays at hand for the next request. */
const large = 1 << 18;
/** Bytes that are kept of such values, and of pins. */
const keptBytes = 128 * 2 ** 20;
const pinnedBytes = 512 * 2 ** 20;
const maxPins = 12;

const summaries = new WeakMap<object, Summary>();
function summaryOf(identity: object): Summary {
  let known = summaries.get(identity);
  if (known === undefined) summaries.set(identity, known = { clipped: new Map() });
  return known;
}

/** What is left to do with a slice: it needs VS Code. */
export interface Exported { readonly file: { readonly name: string; readonly bytes: Uint8Array } | null; readonly text: string | null; readonly elements: number }

/** A slice as bytes of a .npy file or as text. @throws Failure `text.large` */
export function exportedSlice(cut: TensorValue, to: ExportRequest['to'], name: string): Exported {
  const elements = sizeOf(cut.shape);
  return to === 'npy' ? { file: { name, bytes: writeNpy(cut) }, text: null, elements } : { file: null, text: textOf(cut, to), elements };
}

export class TensorDesk {
  private readonly pins = new Map<string, Pin>();
  private readonly recent = new Map<object, TensorValue>();
  private readonly differences = new Map<string, FoundTensor>();
  private last = 0;

  /** @param find gives tensors that are neither pinned nor differences. */
  constructor(private readonly find: (address: TensorAddress) => Promise<FoundTensor>) {}

  /** @throws Failure `slice.*` when the slice does not fit the tensor's shape, and what `find` throws. */
  async picture({ address, slice, example, maxElements, clip }: TensorRequest): Promise<TensorPicture> {
    const found = await this.locate(address);
    const value = await this.read(found);
    const summary = summaryOf(found.identity);
    summary.statistics ??= found.statistics?.() ?? statisticsOf(value.data);
    const { statistics } = summary;
    const options = { name: found.name, use: found.use, slice, example, maxElements, statistics };
    if (clip === undefined) return pictureOf(value, { ...options, histogram: summary.histogram ??= histogramOf(value.data, statistics) });
    const { low, high, histogram } = clippedOf(value, summary, clip);
    return pictureOf(value, { ...options, histogram, clipped: { low, high } });
  }

  /** @throws Failure `slice.part` when the window does not fit. */
  async part({ address, slice, part }: PartRequest): Promise<PartReply> {
    const value = await this.read(await this.locate(address));
    return { values: readPart(value, slice, part).buffer };
  }

  /** @throws Failure `compare.shape` */
  async compare({ first, second }: CompareRequest): Promise<CompareReply> {
    const [a, b] = [await this.read(await this.locate(first)), await this.read(await this.locate(second))];
    const comparison = compareTensors(a, b);
    const difference = await this.locate({ kind: 'difference', first, second });
    const summary = summaryOf(difference.identity);
    summary.statistics ??= statisticsOf((await this.read(difference)).data);
    return { comparison, statistics: summary.statistics };
  }

  /** @throws Failure `pin.room` when as much is pinned as can be kept. */
  async pinned(request: PinRequest): Promise<readonly PinView[]> {
    if (request.kind === 'drop') this.pins.delete(request.id);
    if (request.kind === 'keep') await this.keep(request);
    return [...this.pins.values()].map(({ view }) => view);
  }

  /** A whole slice as bytes of a .npy file or as text. @throws Failure `text.large` */
  async exported({ address, slice, to, name }: ExportRequest): Promise<Exported> {
    const value = await this.read(await this.locate(address));
    checkSlice(value.shape, slice);
    return exportedSlice(cutSlice(value, slice.at), to, name);
  }

  private async keep({ address, title, variable, place, diverging }: Extract<PinRequest, { kind: 'keep' }>): Promise<void> {
    const found = await this.locate(address);
    const value = await found.read();
    const bytes = value.data.byteLength;
    const used = [...this.pins.values()].reduce((sum, pin) => sum + pin.bytes, 0);
    if (this.pins.size >= maxPins || used + bytes > pinnedBytes) {
      throw new Failure('pin.room', `${title} cannot be pinned: ${this.pins.size} tensors of ${Math.round(used / 2 ** 20)} MiB are pinned already. Unpin one first.`);
    }
    const id = `pin-${++this.last}`;
    // The picture of a tensor that is pinned where it stands has been made already.
    const summary = summaryOf(found.identity);
    summary.statistics ??= found.statistics?.() ?? statisticsOf(value.data);
    const kept: FoundTensor = { name: found.name, use: found.use, identity: found.identity, read: () => value };
    this.pins.set(id, { bytes, found: kept, view: { id, title, variable, place, diverging, use: found.use, shape: value.shape, dtype: value.dtype, statistics: summary.statistics } });
  }

  private async locate(address: TensorAddress): Promise<FoundTensor> {
    if (address.kind === 'pin') {
      const pin = this.pins.get(address.id);
      if (pin === undefined) throw new Failure('pin.gone', 'This tensor is no longer pinned.');
      return pin.found;
    }
    return address.kind === 'difference' ? this.difference(address) : this.find(address);
  }

  private async difference({ first, second }: Extract<TensorAddress, { kind: 'difference' }>): Promise<FoundTensor> {
    const [a, b] = [await this.locate(first), await this.locate(second)];
    const key = `${identify(a.identity)} ${identify(b.identity)}`;
    const known = this.differences.get(key);
    if (known !== undefined) return known;
    const made: FoundTensor = { name: `${b.name} − ${a.name}`, use: b.use, identity: {}, read: async () => differenceOf(await this.read(a), await this.read(b)) };
    if (this.differences.size >= maxPins) this.differences.clear();
    this.differences.set(key, made);
    return made;
  }

  /** The values; large ones stay at hand, as the next request is often for the same tensor. */
  private async read({ identity, read }: FoundTensor): Promise<TensorValue> {
    const known = this.recent.get(identity);
    if (known !== undefined) return known;
    const value = await read();
    if (value.data.length < large) return value;
    this.recent.set(identity, value);
    let bytes = [...this.recent.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    for (const [oldest, { data }] of this.recent) {
      if (bytes <= keptBytes || oldest === identity) break;
      this.recent.delete(oldest);
      bytes -= data.byteLength;
    }
    return value;
  }
}

/** Percentiles over all elements, and how those between them are distributed. */
function clippedOf(value: TensorValue, { clipped }: Summary, clip: number): Clipped {
  let known = clipped.get(clip);
  if (known === undefined) {
    const [low = NaN, high = NaN] = percentilesOf(value.data, [clip, 100 - clip]);
    clipped.set(clip, known = { low, high, histogram: histogramOf(value.data, { min: low, max: high }) });
  }
  return known;
}

const numbers = new WeakMap<object, number>();
let counted = 0;
/** A number for an object, the same whenever it is asked for. */
function identify(object: object): number {
  let known = numbers.get(object);
  if (known === undefined) numbers.set(object, known = ++counted);
  return known;
}
