/** On the card of a gradient: finite differences beside it, with a verdict and the worst elements. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CheckView } from '../../../src/protocol/insight';
import type { TensorCard } from '../../../src/protocol/run';
import { sizeOf } from '../../../src/tensor/value';
import { Button } from '../../controls';
import { count, shortNumber } from '../../render/numbers';
import { ask, useAnswer } from '../../questions';
import { select, takeCheck, useStore } from '../../store';
import { AskingLine } from './asking';

const verdicts: Readonly<Record<CheckView['verdict'], { readonly mark: string; readonly tone: string; readonly text: string }>> = {
  agrees: { mark: '✓', tone: 'good', text: 'The gradient is right' },
  differs: { mark: '✕', tone: 'bad', text: 'The gradient is wrong' },
  'too small to tell': { mark: '?', tone: 'unsure', text: 'Too small to tell' },
  'not a number': { mark: '?', tone: 'unsure', text: 'Not a number' },
};

/** How many elements a check may take; all is offered while that is a matter of seconds. */
const samples = [24, 100, 400];
const allUpTo = 5000;

interface Settings { readonly sample: number | null; readonly seed: number }
let lastSettings: Settings = { sample: 24, seed: 0 };

function Choices({ elements, settings, onChange }: { readonly elements: number; readonly settings: Settings; readonly onChange: (settings: Settings) => void }): JSX.Element {
  const offered = samples.filter((sample) => sample < elements);
  return (
    <>
      <label>elements <select value={settings.sample ?? 'all'} onChange={({ currentTarget: { value } }) => onChange({ ...settings, sample: value === 'all' ? null : Number(value) })}>
        {offered.map((sample) => <option key={sample} value={sample}>{sample} at random</option>)}
        {(elements <= allUpTo || offered.length === 0) && <option value="all">all {elements.toLocaleString('en-US')}</option>}
      </select></label>
      {settings.sample !== null && <label>seed <input type="number" min={0} max={999_999} value={settings.seed} onInput={({ currentTarget: { value } }) => { if (/^\d{1,6}$/.test(value)) onChange({ ...settings, seed: Number(value) }); }} /></label>}
    </>
  );
}

function Result({ card, result }: { readonly card: TensorCard; readonly result: CheckView }): JSX.Element {
  const { mark, tone, text } = verdicts[result.verdict];
  const shape = card.shape.join(',');
  const chosen = useStore((state) => (state.selection?.shape === shape ? state.selection.index.join() : null));
  return (
    <div class="check-result">
      <p class={`verdict ${tone}`} role="status"><b><span aria-hidden="true">{mark}</span> {text}</b> in {result.checked === result.elements ? `all ${count(result.elements)}` : `${result.checked} of ${count(result.elements)}`} elements
        {result.largestError !== null && <>, relative error up to <b>{shortNumber(result.largestError, 2)}</b></>}</p>
      <table class="listing">
        <thead><tr><th scope="col">worst</th><th scope="col" class="number" title="by backpropagation">recorded g</th><th scope="col" class="number" title="by finite differences of the loss">numeric n</th><th scope="col" class="number" title="|g − n| / max(|g|, |n|)">error</th></tr></thead>
        <tbody>
          {result.worst.map(({ index, recorded, numeric, relativeError, noise, withinNoise }) => (
            <tr key={index.join()} class={index.join() === chosen ? 'chosen' : ''}>
              <td><button type="button" class="link" title="Select this element" onClick={() => select({ tensor: String(card.tensor), shape, index })}>[{index.join(', ')}]</button></td>
              <td class="number">{shortNumber(recorded, 4)}</td><td class="number" title={`± ${shortNumber(noise, 2)}`}>{shortNumber(numeric, 4)}</td>
              <td class={`number ${withinNoise ? 'noise' : ''}`} title={withinNoise ? 'within the rounding of float32 and the bend of the loss' : undefined}>{shortNumber(relativeError, 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <details class="fine"><summary>error = |g − n| / max(|g|, |n|)</summary><p>{result.method}</p><p>{result.tolerance} Grey errors lie within rounding and bend.</p></details>
    </div>
  );
}

/** @param version changes whenever the values of the card do */
export function CheckGradient({ card, iteration, version }: { readonly card: TensorCard; readonly iteration: number; readonly version: string }): JSX.Element {
  const key = `check ${iteration} ${card.tensor} ${version}`;
  const answering = useAnswer<'check'>(key);
  const wanted = useStore((state) => state.checking === card.tensor);
  const place = useRef<HTMLDivElement>(null);
  const elements = sizeOf(card.shape);
  const [settings, setSettings] = useState(lastSettings);
  const change = (next: Settings): void => { lastSettings = next; setSettings(next); };
  const sample = settings.sample === null && elements > allUpTo ? 24 : settings.sample;
  const start = (): void => void ask('check', key, { iteration, gradient: card.tensor, sample: sample !== null && sample >= elements ? null : sample, seed: settings.seed });
  useEffect(() => {
    if (!wanted) return;
    takeCheck();
    place.current?.scrollIntoView({ block: 'nearest' });
    start();
  }, [wanted]);
  const known = answering.state === 'ready';
  const asked = useRef(false);
  if (answering.state === 'asking') asked.current = true;
  // Who has asked from afar, or with little room, shall see the answer.
  useEffect(() => { if (known && asked.current) place.current?.scrollIntoView({ block: 'nearest' }); }, [known]);
  return (
    <div class="check" ref={place} role="group" aria-label={`Check of ${card.title} by finite differences`}>
      {answering.state === 'asking' ? null : (
        <div class="check-line">
          <Button label={`Check ${card.title} by finite differences of the loss`} onClick={start}>{known ? 'Check again' : 'Check this gradient'}</Button>
          {known && <Choices elements={elements} settings={{ ...settings, sample: sample !== null && sample >= elements ? null : sample }} onChange={change} />}
        </div>
      )}
      <AskingLine answering={answering} question={key} label="checking by finite differences" />
      {known && <Result card={card} result={answering.answer} />}
    </div>
  );
}
