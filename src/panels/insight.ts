/** The panel's deeper questions about the iteration that it shows; what answers them is loaded with the first one. */
import type { LiveSession } from '../debug/vscode/live';
import type { Insight } from '../debug/insight/insight';
import type { Handlers } from '../editors/channel';
import type { HostEvent } from '../protocol/messages';

export class PanelInsight {
  private of: { readonly live: LiveSession; readonly insight: Promise<Insight> } | null = null;

  /** @param live the session that is shown; throws a sentence when there is none any more */
  constructor(private readonly live: () => LiveSession, private readonly send: (event: HostEvent) => void) {}

  readonly handlers = {
    check: async (request) => (await this.insight()).check(request),
    origin: async (request) => (await this.insight()).origin(request),
    influence: async (request) => (await this.insight()).influence(request),
    attributionChoices: async (request) => (await this.insight()).attributionChoices(request),
    attribution: async (request) => (await this.insight()).attribution(request),
    withdraw: async ({ question }) => { (await this.of?.insight)?.withdraw(question); return null; },
  } satisfies Handlers;

  private insight(): Promise<Insight> {
    const live = this.live();
    if (this.of?.live !== live) {
      void this.of?.insight.then((earlier) => { earlier.dispose(); });
      const load = async (): Promise<Insight> => {
        const { Insight } = await (await import('../core')).loadInsight();
        return new Insight(live.controller, (question, done) => { this.send({ type: 'progress', question, done }); });
      };
      this.of = { live, insight: load() };
    }
    return this.of.insight;
  }
}
