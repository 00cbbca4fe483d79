/** What every question to the engine shows while it is under way, or when it was refused. */
import type { JSX } from 'preact';
import { Button } from '../../controls';
import type { Answering } from '../../questions';
import { withdraw } from '../../questions';

interface Props { readonly answering: Answering<unknown>; readonly question: string; readonly label: string }

/** Progress with a way out, or the sentence of a refusal. */
export function AskingLine({ answering, question, label }: Props): JSX.Element | null {
  if (answering.state === 'failed') return <p class="card-problem" role="alert">{answering.message}</p>;
  if (answering.state !== 'asking') return null;
  const percent = Math.round(100 * answering.done);
  return (
    <div class="asking" role="status">
      <span>{label}</span>
      <span class="asking-bar" role="progressbar" aria-label={label} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}><i style={{ width: `${percent}%` }} /></span>
      <Button label="Cancel" onClick={() => withdraw(question)}>Cancel</Button>
    </div>
  );
}
