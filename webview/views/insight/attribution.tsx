/** The tab Look: what the network looks at, by a method of choice, for a unit of choice, with the weights of the iteration under the cursor. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AttributionMethod, AttributionView, ChoicesView } from '../../../src/protocol/insight';
import type { CursorView, RunView } from '../../../src/protocol/run';
import { Button } from '../../controls';
import type { Argument } from '../../questions';
import { ask, useAnswer } from '../../questions';
import { shortNumber } from '../../render/numbers';
import type { Selection } from '../../store';
import { useStore } from '../../store';
import { AskingLine } from './asking';
import { InputPicture } from './input-picture';
import { ExamplePicker } from '../step/step';

interface Settings {
  readonly method: AttributionMethod;
  /** Key of the layer; '' for the network's output. */
  readonly layer: string;
  /** Null: what the network predicts, or the first unit. */
  readonly unit: number | null;
  /** Whether the unit is the one at the selected place, instead of the whole channel. */
  readonly here: boolean;
  readonly maps: string | null;
  readonly steps: number;
  readonly patch: number;
  readonly seed: number;
}
/** Kept while the window lives. */
let lastSettings: Settings = { method: 'saliency', layer: '', unit: null, here: false, maps: null, steps: 64, patch: 4, seed: 0 };

/** One run of the network is a matter of milliseconds: these are asked for without a click. */
const quick: readonly AttributionMethod[] = ['saliency', 'gradientTimesInput', 'gradCam'];
const rest = 150;
const pictureHeight = 230;

interface NumberProps { readonly label: string; readonly value: number; readonly min: number; readonly max: number; readonly onChange: (value: number) => void }

function NumberField({ label, value, min, max, onChange }: NumberProps): JSX.Element {
  return (
    <label>{label} <input type="number" min={min} max={max} value={value}
      onInput={({ currentTarget }) => { const next = Number(currentTarget.value); if (currentTarget.value !== '' && Number.isInteger(next) && next >= min && next <= max) onChange(next); }} /></label>
  );
}

/** The unit at the selected place of a layer's output, without the batch; null when another tensor is selected. */
function placeIn(selection: Selection | null, shape: readonly number[], channelAxis: number, unit: number): readonly number[] | null {
  if (selection === null || shape.length <= 2 || selection.shape !== shape.join(',')) return null;
  return selection.index.map((at, axis) => (axis === channelAxis ? unit : at)).slice(1);
}

function unitWords(choices: ChoicesView, settings: Settings, unit: number): string {
  if (settings.layer !== '') return '';
  const words = [unit === choices.predicted ? 'predicted' : null, unit === choices.label ? 'the label' : null].filter((word) => word !== null);
  return words.length === 0 ? '' : `(${words.join(', ')})`;
}

function Controls({ choices, settings, unit, place, onChange }: { readonly choices: ChoicesView; readonly settings: Settings; readonly unit: number; readonly place: readonly number[] | null; readonly onChange: (change: Partial<Settings>) => void }): JSX.Element {
  const layer = choices.layers.find((each) => (each.layer ?? '') === settings.layer);
  const { method } = settings;
  return (
    <div class="attribution-settings">
      <label>method <select value={method} onChange={({ currentTarget: { value } }) => { const found = choices.methods.find(({ name }) => name === value); if (found !== undefined) onChange({ method: found.name }); }}>
        {choices.methods.map(({ name, title, problem }) => <option key={name} value={name}>{title}{problem === null ? '' : ' (not here)'}</option>)}
      </select></label>
      <label>unit of <select value={settings.layer} onChange={({ currentTarget: { value } }) => onChange({ layer: value, unit: null })}>
        {choices.layers.map(({ layer: key, title }) => <option key={key ?? ''} value={key ?? ''}>{title}</option>)}
      </select></label>
      {(layer?.units ?? 1) > 1 && <NumberField label="number" value={unit} min={0} max={(layer?.units ?? 1) - 1} onChange={(next) => onChange({ unit: next })} />}
      <span class="unit-words">{unitWords(choices, settings, unit)}</span>
      {method !== 'examples' && (layer?.shape.length ?? 0) > 2 && (
        <label>at <select value={settings.here && place !== null ? 'here' : 'all'} onChange={({ currentTarget: { value } }) => onChange({ here: value === 'here' })}>
          <option value="all">all places, summed</option>
          <option value="here" disabled={place === null}>{place === null ? 'the selected place (none)' : `the selected place [${place.join(', ')}]`}</option>
        </select></label>
      )}
      {method === 'gradCam' && choices.maps.length > 0 && (
        <label>maps of <select value={settings.maps ?? choices.usualMaps ?? ''} onChange={({ currentTarget: { value } }) => onChange({ maps: value })}>{choices.maps.map((key) => <option key={key} value={key}>{key}</option>)}</select></label>
      )}
      {(method === 'integratedGradients' || method === 'maximisation') && <NumberField label="steps" value={settings.steps} min={1} max={2000} onChange={(steps) => onChange({ steps })} />}
      {method === 'occlusion' && <NumberField label="patch" value={settings.patch} min={1} max={512} onChange={(patch) => onChange({ patch })} />}
      {method === 'maximisation' && <NumberField label="seed" value={settings.seed} min={0} max={999_999} onChange={(seed) => onChange({ seed })} />}
    </div>
  );
}

function Pictures({ answer, stale, inputName, names }: { readonly answer: AttributionView; readonly stale: boolean; readonly inputName: string; readonly names: readonly string[] | null }): JSX.Element {
  const { method, input, map, examples, note, score } = answer;
  const said = <p class="fine">{note}</p>;
  if (method === 'examples') {
    const wide = (examples[0]?.picture.shape.length ?? 4) < 4;
    return (
      <section class={`card attribution-examples ${stale ? 'stale' : ''}`} aria-label="Top examples">
        <header><h3>top examples</h3><span class="shape">{examples.length}</span></header>
        <ol class={`thumbnails ${wide ? 'wide' : ''}`}>
          {examples.map(({ example, value, picture, window }) => (
            <li key={example}><p><b>{shortNumber(value, 3)}</b> example {example + 1}</p><InputPicture input={picture} map={null} names={names} frame={window} label={`Example ${example + 1} of the data set, value ${shortNumber(value, 4)}`} maxHeight={112} /></li>
          ))}
        </ol>
        {said}
      </section>
    );
  }
  return (
    <div class={`attribution-pictures ${stale ? 'stale' : ''}`}>
      {map !== null && input !== null && input.shape.length > 2 && (
        <section class="card" aria-label="Map over the input">
          <header><h3>over the input</h3><span class="shape">score {shortNumber(score ?? NaN, 4)}</span></header>
          <InputPicture input={input} map={map} label={`${inputName} with the map of ${method} over it`} maxHeight={pictureHeight} />
          {said}
        </section>
      )}
      {map !== null && (
        <section class="card" aria-label="Map alone">
          <header><h3>{input !== null && input.shape.length <= 2 ? 'by element of the input' : 'alone'}</h3>{input !== null && input.shape.length <= 2 && <span class="shape">score {shortNumber(score ?? NaN, 4)}</span>}</header>
          <InputPicture input={input !== null && input.shape.length <= 2 ? input : null} map={map} names={names} label={`Map of ${method}`} maxHeight={pictureHeight} />
          {input !== null && input.shape.length <= 2 && said}
        </section>
      )}
      {input !== null && input.shape.length > 2 && (
        <section class="card" aria-label={map === null ? 'The input it likes best' : 'Input'}>
          <header><h3>{map === null ? 'the input it likes best' : inputName}</h3>{map === null && <span class="shape">score {shortNumber(score ?? NaN, 4)}</span>}</header>
          <InputPicture input={input} map={null} label={map === null ? 'The input that the unit answers to most' : inputName} maxHeight={pictureHeight} />
          {map === null && said}
        </section>
      )}
      {input !== null && input.shape.length <= 2 && map === null && (
        <section class="card" aria-label="The input it likes best"><header><h3>the input it likes best</h3><span class="shape">score {shortNumber(score ?? NaN, 4)}</span></header><InputPicture input={input} map={null} names={names} label="The input that the unit answers to most" maxHeight={pictureHeight} />{said}</section>
      )}
    </div>
  );
}

function Asked({ choices, iteration, example, running }: { readonly choices: ChoicesView; readonly iteration: number; readonly example: number; readonly running: boolean }): JSX.Element {
  const selection = useStore((state) => state.selection);
  const [wanted, setSettings] = useState(lastSettings);
  const settings: Settings = choices.layers.some(({ layer }) => (layer ?? '') === wanted.layer) ? wanted : { ...wanted, layer: '', unit: null };
  const change = (part: Partial<Settings>): void => { lastSettings = { ...settings, ...part }; setSettings(lastSettings); };
  const layer = choices.layers.find((each) => (each.layer ?? '') === settings.layer);
  const unit = Math.min((layer?.units ?? 1) - 1, settings.unit ?? (settings.layer === '' ? choices.predicted : 0));
  const place = placeIn(selection, layer?.shape ?? [], layer?.channelAxis ?? 0, unit);
  const method = choices.methods.find(({ name }) => name === settings.method);
  const argument: Argument<'attribution'> = {
    iteration, method: settings.method, example, unit: { layer: settings.layer === '' ? null : settings.layer, index: settings.here && place !== null && settings.method !== 'examples' ? place : [unit], channelAxis: layer?.channelAxis ?? 0 },
    layer: settings.maps !== null && choices.maps.includes(settings.maps) ? settings.maps : choices.usualMaps, steps: settings.steps, patch: settings.patch, seed: settings.seed,
  };
  const key = `attribution ${JSON.stringify(argument)}`;
  const answering = useAnswer<'attribution'>(key);
  const last = useRef<{ readonly method: AttributionMethod; readonly answer: AttributionView } | null>(null);
  const possible = method !== undefined && method.problem === null && !running;
  const isQuick = quick.includes(settings.method);
  useEffect(() => {
    if (!possible || !isQuick || answering.state !== 'idle') return undefined;
    const timer = setTimeout(() => void ask('attribution', key, argument), rest);
    return () => clearTimeout(timer);
  }, [key, possible, isQuick, answering.state === 'idle']);
  if (answering.state === 'ready') last.current = { method: settings.method, answer: answering.answer };
  const shown = last.current !== null && last.current.method === settings.method ? last.current.answer : null;
  return (
    <>
      <Controls choices={choices} settings={settings} unit={unit} place={place} onChange={change} />
      <div class="attribution-method">
        <p>{method?.statement} <span class="source">{method?.source}.</span></p>
        {method !== undefined && method.problem !== null && <p class="card-problem">{method.problem}</p>}
      </div>
      {possible && !isQuick && (answering.state === 'idle' || answering.state === 'failed') && <div><Button appearance="primary" label={`${method.title}: compute`} onClick={() => void ask('attribution', key, argument)}>Compute</Button></div>}
      <AskingLine answering={answering} question={key} label={`computing ${method?.title.toLowerCase() ?? ''}`} />
      {shown !== null && possible && <Pictures answer={shown} stale={answering.state !== 'ready'} inputName={choices.input.name} names={choices.names} />}
    </>
  );
}

export function Look({ run, cursor }: { readonly run: RunView; readonly cursor: CursorView }): JSX.Element {
  const wanted = useStore((state) => state.arrangement.example);
  const running = run.status.kind !== 'stopped';
  const last = useRef<ChoicesView | null>(null);
  const example = Math.min(wanted, (last.current?.examples ?? run.batchSize) - 1);
  const key = `choices ${cursor.iteration} ${example} ${cursor.loss}`;
  const answering = useAnswer<'attributionChoices'>(key);
  useEffect(() => { if (!running && answering.state === 'idle') void ask('attributionChoices', key, { iteration: cursor.iteration, example }); }, [key, running]);
  if (answering.state === 'ready') last.current = answering.answer;
  const choices = last.current;
  return (
    <div class="attribution">
      <div class="attribution-line">
        <h2>What the network looks at <span class="where">weights of iteration {cursor.iteration + 1}, as when predicting</span></h2>
        {choices !== null && choices.examples > 1 && <ExamplePicker example={example} examples={choices.examples} />}
      </div>
      {answering.state === 'failed' && <AskingLine answering={answering} question={key} label="" />}
      {choices === null ? answering.state !== 'failed' && <div class="card-waiting" /> : <Asked choices={choices} iteration={cursor.iteration} example={example} running={running || answering.state !== 'ready'} />}
    </div>
  );
}
