/** The thread that lays out large graphs: gets a `LayoutInput`, answers with its `LayoutResult`, and is ended when nobody waits any more. */
import { layoutNetwork } from './columns';
import type { LayoutInput } from './graph';

self.onmessage = ({ data }: MessageEvent<LayoutInput>) => {
  self.postMessage(layoutNetwork(data));
};
