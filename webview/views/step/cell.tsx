/** The arithmetic of one cell: patch, products, running sum and finishing steps, beside the kernel's own value; and its player. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CellTerm, CellView } from '../../../src/protocol/cell';
import { Button } from '../../controls';
import { exactNumber, shortNumber } from '../../render/numbers';
import { useTheme } from '../../theme';
import { stepRun } from '../actions';
import { Patch } from './cell-patch';

const words = { sum: 'sum', product: 'product', max: 'largest', min: 'smallest', any: 'any', all: 'all' } as const;
const running = { sum: 'sum so far', product: 'product so far', max: 'largest so far', min: 'smallest so far', any: 'so far', all: 'so far' } as const;

/** Elements a second; kept from op to op. */
let lastSpeed = 2;

function Player({ cell }: { readonly cell: CellView }): JSX.Element {
  const { reducedMotion } = useTheme();
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(lastSpeed);
  const atEnd = cell.element + 1 >= cell.elements;
  useEffect(() => {
    if (!playing) return undefined;
    if (atEnd || reducedMotion) {
      setPlaying(false);
      return undefined;
    }
    const timer = setTimeout(() => { void stepRun(false).then((went) => { if (!went) setPlaying(false); }); }, 1000 / speed);
    return () => clearTimeout(timer);
  }, [playing, speed, cell.tensor, cell.element, reducedMotion]);
  const step = (back: boolean): void => {
    setPlaying(false);
    void stepRun(back);
  };
  return (
    <div class="player" role="group" aria-label="Walk through the elements of the output">
      <Button appearance="icon" label="Previous element (Step Back)" onClick={() => step(true)}>‹</Button>
      {!reducedMotion && <Button appearance="icon" label={playing ? 'Pause' : 'Play through the elements'} pressed={playing} disabled={!playing && atEnd} onClick={() => setPlaying(!playing)}><span class={`glyph ${playing ? 'pause' : 'play'}`} /></Button>}
      <Button appearance="icon" label="Next element (Step Over)" onClick={() => step(false)}>›</Button>
      {!reducedMotion && (
        <label class="speed" title={`${speed} elements a second`}>speed
          <input type="range" min={1} max={8} step={1} value={speed} aria-valuetext={`${speed} elements a second`} onInput={(event) => { lastSpeed = Number(event.currentTarget.value); setSpeed(lastSpeed); }} />
        </label>
      )}
    </div>
  );
}

function termText(cell: CellView, { factors, text }: CellTerm): JSX.Element {
  const name = ({ tensor, index }: CellTerm['factors'][number]): string => `${cell.names[tensor] ?? 'constant'}${index.length === 0 ? '' : `[${index.join(', ')}]`}`;
  return <><span class="names">{factors.map(name).join(text === null ? ' · ' : ', ')}</span> <span class="values">{factors.map(({ value }) => shortNumber(value, 4)).join(text === null ? ' · ' : ', ')}{text === null ? '' : `: ${text}`}</span></>;
}

function Terms({ cell }: { readonly cell: CellView }): JSX.Element {
  const { terms, count, combine, winner, total, finish, value, shown } = cell;
  const rest = count - terms.length;
  return (
    <div class="terms" tabIndex={0} role="region" aria-label="Terms and their running sum">
      <table class="listing">
        <thead><tr><th scope="col">term</th><th scope="col" class="number">{combine === 'sum' ? 'product' : 'value'}</th><th scope="col" class="number">{running[combine]}</th></tr></thead>
        <tbody>
          {terms.map((term, at) => (
            <tr key={at} class={at === winner ? 'chosen' : ''}>
              <td>{termText(cell, term)}{at === winner && <b> wins</b>}</td>
              <td class="number">{shortNumber(term.value, 4)}</td><td class="number">{shortNumber(term.total, 4)}</td>
            </tr>
          ))}
          {rest > 0 && <tr class="rest"><td>and {rest.toLocaleString('en-US')} more terms{winner !== null && winner >= terms.length ? `, of which number ${winner} wins` : ''}</td><td /><td class="number">{shortNumber(total, 4)}</td></tr>}
          {finish.map(({ text, value: after }, at) => <tr key={`finish ${at}`} class="finish"><td>{text}</td><td /><td class="number">{shortNumber(after, 4)}</td></tr>)}
        </tbody>
        <tfoot>
          <tr><th scope="row">by these terms</th><td /><td class="number">{exactNumber(value)}</td></tr>
          <tr><th scope="row">by the kernel</th><td /><td class="number">{exactNumber(shown)}</td></tr>
          <tr><th scope="row">difference</th><td /><td class="number">{shortNumber(shown - value, 2)}</td></tr>
        </tfoot>
      </table>
    </div>
  );
}

/** `Σ 25 terms = 0.41   + bias[2] = 0.43   tanh = 0.405`. */
function sumText({ combine, count, total, finish }: CellView): string {
  const terms = count === 1 ? 'one term' : `${words[combine]} of ${count.toLocaleString('en-US')} terms`;
  return [`${terms} = ${shortNumber(total, 4)}`, ...finish.map(({ text, value }) => `${text} = ${shortNumber(value, 4)}`)].join('   ');
}

export function CellCard({ cell, tone }: { readonly cell: CellView; readonly tone: 'forward' | 'backward' }): JSX.Element {
  const name = `${cell.names[cell.tensor] ?? 'output'}${cell.index.length === 0 ? '' : `[${cell.index.join(', ')}]`}`;
  return (
    <section class={`card cell-card ${tone}`} aria-label="Arithmetic of one cell">
      <header>
        <h3>arithmetic of one cell<span class="variable" title={name}>{name}</span></h3>
        <span class="shape">element {(cell.element + 1).toLocaleString('en-US')} of {cell.elements.toLocaleString('en-US')}</span>
      </header>
      <div class="cell-line">
        <p class="statistics">{sumText(cell)}</p>
        <Player cell={cell} />
      </div>
      {cell.patch !== null && <Patch cell={cell} patch={cell.patch} />}
      <Terms cell={cell} />
      <p class="explanation">Summed here in double precision, term by term; the backend sums in float32 and in another order, so the last digits differ.</p>
    </section>
  );
}
