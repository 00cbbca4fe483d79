/** The line to the extension host: events without reply, and requests whose failure rejects the call. */
import type { Envelope, HostEvent, RequestName, Requests, WebviewEvent } from '../src/protocol/messages';

interface VsCodeApi {
  postMessage(message: Envelope): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const host = acquireVsCodeApi();
const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
const listeners = new Set<(event: HostEvent) => void>();
let last = 0;

window.addEventListener('message', ({ data }: MessageEvent<Envelope>) => {
  switch (data.kind) {
    case 'event':
      // Only the host posts here, and only its own events.
      for (const listener of listeners) listener(data.event as HostEvent);
      break;
    case 'encoded': {
      const event = JSON.parse(new TextDecoder().decode(data.bytes)) as HostEvent; // written by our own channel
      for (const listener of listeners) listener(event);
      break;
    }
    case 'reply':
      waiting.get(data.id)?.resolve(data.result);
      waiting.delete(data.id);
      break;
    case 'error':
      waiting.get(data.id)?.reject(new Error(data.message));
      waiting.delete(data.id);
      break;
    case 'request': break;
  }
});

/** Asks the host. @throws Error with the host's sentence. */
export function request<Name extends RequestName>(name: Name, argument: Requests[Name][0]): Promise<Requests[Name][1]> {
  const id = ++last;
  return new Promise((resolve, reject) => {
    // The table of requests says what the host answers.
    waiting.set(id, { resolve: (result) => resolve(result as Requests[Name][1]), reject });
    host.postMessage({ kind: 'request', id, name, argument });
  });
}

/** Tells the host. */
export function emit(event: WebviewEvent): void {
  host.postMessage({ kind: 'event', event });
}

/** Listens to the host; returns the way to stop. */
export function onHostEvent(listener: (event: HostEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What `keep` was given last, also after the view was hidden or the window reloaded. */
export const kept = (): unknown => host.getState();
export const keep = (state: unknown): void => host.setState(state);
