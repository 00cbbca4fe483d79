/** Lays out a network: a small one at once, a large one in a worker, so that the view answers meanwhile and can change its mind. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Draft, Drawing } from '../../render/graph/model';
import { layoutNetwork } from '../../render/layout/columns';
import type { LayoutResult } from '../../render/layout/graph';
import workerSource from '../../render/layout/worker.text';

/** Graphs with fewer boxes than this take less time to lay out than a worker to start. */
const small = 400;
let address: string | null = null;

/** Starts the layout in a worker; null where none may run. Its code is part of the bundle, for a webview's workers can only come from a blob. */
function startWorker(): Worker | null {
  try {
    address ??= URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
    return new Worker(address);
  } catch {
    // A policy that forbids workers: the layout then runs here.
    return null;
  }
}

/** The drawing of the newest draft, and whether a newer one is still on its way. The layout of an outdated draft is stopped. */
export function useDrawing(draft: Draft): { readonly drawing: Drawing | null; readonly busy: boolean; readonly inWorker: boolean } {
  const [laid, setLaid] = useState<{ readonly draft: Draft; readonly drawing: Drawing; readonly inWorker: boolean } | null>(null);
  const atOnce = useRef<{ readonly draft: Draft; readonly drawing: Drawing } | null>(null);
  /** Shown until the newer one is there. */
  const last = useRef<Drawing | null>(null);
  const isSmall = draft.input.nodes.length < small;
  if (isSmall && atOnce.current?.draft !== draft) atOnce.current = { draft, drawing: draft.finish(layoutNetwork(draft.input)) };
  useLayoutEffect(() => {
    if (isSmall) {
      setLaid(null);
      return undefined;
    }
    atOnce.current = null;
    const take = (layout: LayoutResult, inWorker = false): void => setLaid({ draft, drawing: draft.finish(layout), inWorker });
    const worker = startWorker();
    if (worker === null) {
      const soon = setTimeout(() => take(layoutNetwork(draft.input)), 0);
      return () => clearTimeout(soon);
    }
    worker.onmessage = ({ data }: MessageEvent<LayoutResult>) => {
      worker.terminate();
      take(data, true);
    };
    worker.onerror = () => {
      worker.terminate();
      take(layoutNetwork(draft.input));
    };
    worker.postMessage(draft.input);
    return () => worker.terminate();
  }, [draft]);
  last.current = (isSmall ? atOnce.current?.drawing : laid?.drawing) ?? last.current;
  return { drawing: last.current, busy: !isSmall && laid?.draft !== draft, inWorker: !isSmall && laid?.inWorker === true };
}
