/** The tab Training: the loss curve at size, and its numbers. */
import type { JSX } from 'preact';
import type { RunView } from '../../../src/protocol/run';
import { shortNumber } from '../../render/numbers';
import { go } from '../actions';
import { LossCurve } from './loss-curve';
import { toneOf } from './strip';

const rowsShown = 50;

export function Training({ run }: { readonly run: RunView }): JSX.Element {
  const { losses, cursor } = run;
  if (losses.length === 0) return <p class="empty">No iteration has run yet. Continue (F5) runs one after another, and the loss curve grows here.</p>;
  const first = Math.max(0, losses.length - rowsShown);
  const rows = losses.slice(first).map((loss, offset) => ({ iteration: first + offset, loss, change: loss - (losses[first + offset - 1] ?? NaN) })).reverse();
  return (
    <div class="training">
      <section class="card" aria-label="Loss curve">
        <header><h3>loss</h3><span class="shape">{losses.length.toLocaleString('en-US')} iterations</span></header>
        <p class="statistics">first {shortNumber(losses[0] ?? NaN, 4)} · last {shortNumber(losses.at(-1) ?? NaN, 4)} · lowest {shortNumber(losses.reduce((least, loss) => Math.min(least, loss), Infinity), 4)} · click an iteration to go there</p>
        <LossCurve losses={losses} iteration={cursor?.iteration ?? null} marker={toneOf(cursor?.phase ?? null)} height={220} axes onJump={(iteration) => go({ kind: 'iteration', iteration })} />
      </section>
      <section class="card" aria-label="Losses as numbers">
        <header><h3>iterations</h3><span class="shape">{first > 0 ? `last ${rowsShown}` : ''}</span></header>
        <table class="listing">
          <thead><tr><th scope="col">iteration</th><th scope="col" class="number">loss</th><th scope="col" class="number" title="Difference from the iteration before">change</th></tr></thead>
          <tbody>
            {rows.map(({ iteration, loss, change }) => (
              <tr key={iteration} class={iteration === cursor?.iteration ? 'chosen' : ''} aria-current={iteration === cursor?.iteration ? 'true' : undefined}>
                <td><button type="button" class="link" title={`Go to iteration ${iteration + 1}`} aria-label={`Go to iteration ${iteration + 1}`} onClick={() => go({ kind: 'iteration', iteration })}>{iteration + 1}</button></td>
                <td class="number">{shortNumber(loss, 5)}</td>
                <td class="number">{Number.isNaN(change) ? '' : `${change > 0 ? '+' : ''}${shortNumber(change, 2)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
