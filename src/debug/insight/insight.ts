/** Answers the panel's deeper questions about the iteration under the cursor; knows neither VS Code nor the webview. */
import type { Asked, AttributionRequest, AttributionView, CheckRequest, CheckView, ChoicesRequest, ChoicesView, InfluenceView, OriginRequest, OriginView } from '../../protocol/insight';
import { Failure } from '../../tensor/failure';
import type { Run } from '../../engine/run';
import type { Controller } from '../controller';
import type { View } from '../place';
import { attributionView } from './attribution';
import { checkView } from './check';
import { choicesView } from './choices';
import { influenceView, originView } from './origin';
import { Questions } from './questions';
import type { Asking } from './questions';

export class Insight {
  private readonly questions: Questions;

  /** @param report hears how far a question has come, 0 … 1 */
  constructor(private readonly controller: Controller, report: (question: string, done: number) => void) {
    this.questions = new Questions(report);
  }

  /** Finite differences beside a recorded gradient. */
  check(request: CheckRequest): Promise<CheckView> {
    return this.answer(request, (run, view, asking) => checkView(run, view, request, asking));
  }

  /** What an element can see, what made it, and what it feeds. */
  origin(request: OriginRequest): Promise<OriginView> {
    return this.answer(request, (_, view) => Promise.resolve(originView(view, request)));
  }

  /** The gradient of an element by the network's inputs. */
  influence(request: OriginRequest): Promise<InfluenceView> {
    return this.answer(request, (run, view, asking) => influenceView(run, view, request, asking));
  }

  /** What can be asked about what the network looks at. */
  attributionChoices(request: ChoicesRequest): Promise<ChoicesView> {
    return this.answer(request, (run, view, asking) => choicesView(run, view, request, asking));
  }

  /** What the network looks at, by one method. */
  attribution(request: AttributionRequest): Promise<AttributionView> {
    return this.answer(request, (run, view, asking) => attributionView(run, view, request, asking));
  }

  /** Ends a question that is under way. */
  withdraw(question: string): void {
    this.questions.withdraw(question);
  }

  /** Ends all questions; for the end of a session. */
  dispose(): void {
    this.questions.withdrawAll();
  }

  private answer<T>({ question, iteration }: Asked, work: (run: Run, view: View, asking: Asking) => Promise<T>): Promise<T> {
    return this.questions.ask(question, (asking) => this.controller.ask((view, run) => {
      if (view.trace.iteration !== iteration) throw new Failure('insight.gone', `Iteration ${iteration + 1} is no longer the one that is shown; step to it to ask about it.`);
      return work(run, view, asking);
    }));
  }
}
