/** Listings of the last few kinds of iteration: most iterations run the same ops, and so have the same listing. */
import type { RunInfo } from '../engine/run';
import type { Trace } from '../engine/trace';
import type { Listing } from '../listing/listing';

/** Whole batches, the smaller one at the end of an epoch, and a few to spare. */
const kept = 4;

export class ListingCache {
  private readonly known = new Map<string, { readonly tensors: string; readonly listing: Listing }>();

  constructor(private readonly make: (trace: Trace, info: RunInfo) => Listing) {}

  listingOf(trace: Trace, info: RunInfo): Listing {
    const found = this.known.get(trace.signature), tensors = tensorsOf(trace);
    if (found?.tensors === tensors) return found.listing;
    const listing = this.make(trace, info);
    this.known.delete(trace.signature);
    this.known.set(trace.signature, { tensors, listing });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= kept) break;
      this.known.delete(oldest);
    }
    return listing;
  }
}

/** A listing names tensors by their ids, which follow from the ops; better to look than to trust. */
const tensorsOf = ({ ops }: Trace): string => ops.map(({ inputs, outputs }) => `${Object.values(inputs).join(' ')}>${outputs.join(' ')}`).join();
