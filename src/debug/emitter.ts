/** Typed events without dependencies: what the controller tells its listeners. */

/** Ends a subscription. */
export interface Subscription { dispose(): void }

/** One listener failing must not keep the others, or the run, from going on: its error goes to `onError`. */
export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<(event: never) => void>>();

  constructor(private readonly onError: (error: unknown) => void = (error) => { queueMicrotask(() => { throw error; }); }) {}

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Subscription {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set);
    set.add(listener);
    return { dispose: () => { set.delete(listener); } };
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) {
      try {
        (listener as (event: Events[Name]) => void)(event); // `on` put it under this name
      } catch (error) {
        this.onError(error);
      }
    }
  }

  clear(): void {
    this.listeners.clear();
  }
}
