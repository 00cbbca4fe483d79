/** The row of settings below a tensor's title: which part is shown, its colours, how closely, and what can be done with it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SliceSpec } from '../../../src/protocol/tensor';
import { sentenceOf } from '../../../src/tensor/failure';
import { parseSlice, sliceTextOf } from '../../../src/tensor/slice-text';
import { Button, Choice, TextField } from '../../controls';
import type { MapChoice, Scale } from '../../render/tensor/domains';
import { clips } from '../../render/tensor/domains';
import { zoomSteps } from '../../render/tensor/zoom';
import { Axes } from './axes';
import type { ShownView, Subject } from './view';
import { changesOf } from './view';

/** What a card can do with its tensor; null where this panel cannot. */
export interface TensorActions {
  readonly copy: (format: 'tabs' | 'json' | 'numpy') => void;
  readonly saveNpy: () => void;
  readonly savePng: () => void;
  readonly pin: (() => void) | null;
  /** `Pin`, or `Keep` where to pin an expression means to follow it. */
  readonly pinWord: string;
  readonly compare: (() => void) | null;
}

interface Props {
  readonly subject: Subject;
  readonly view: ShownView;
  readonly name: string;
  readonly disabled: boolean;
  readonly tiles: number;
  readonly roleName: string;
  readonly actions: TensorActions;
}

const maps: readonly { readonly value: MapChoice; readonly label: string }[] = [
  { value: 'auto', label: 'colours by sign' }, { value: 'diverging', label: 'around zero' }, { value: 'sequential', label: 'dark to light' },
];
const clipOptions = clips.map((clip) => ({ value: String(clip), label: clip === 0 ? 'all values' : `${clip}–${100 - clip} %` }));
const zoomOptions = zoomSteps.map((step) => ({ value: String(step), label: step === 0 ? 'fit' : `${step} px` }));
const copies = [{ format: 'tabs', label: 'Numbers' }, { format: 'numpy', label: 'NumPy' }, { format: 'json', label: 'JSON' }] as const;

function SliceField({ shape, slice, name, disabled, onSlice }: { readonly shape: readonly number[]; readonly slice: SliceSpec; readonly name: string; readonly disabled: boolean; readonly onSlice: (slice: SliceSpec) => void }): JSX.Element {
  const [problem, setProblem] = useState<string | null>(null);
  const text = sliceTextOf(shape, slice);
  const commit = (typed: string): void => {
    try {
      onSlice(parseSlice(typed, shape, slice));
      setProblem(null);
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  return (
    <>
      <TextField label={`Slice of ${name}, such as ${text}`} value={text} disabled={disabled} invalid={problem !== null} onCommit={commit} />
      {problem !== null && <p class="slice-problem" role="alert">{problem}</p>}
    </>
  );
}

export function TensorSettings({ subject, view, name, disabled, tiles, roleName, actions }: Props): JSX.Element {
  const { shape } = subject;
  const { slice, colors, settings, kind } = view;
  const pictured = kind === 'tiles' || kind === 'heat' || kind === 'image', mapped = pictured && kind !== 'image' || kind === 'numbers';
  const { change, chooseSlice: choose, chooseColors } = changesOf(subject);
  const chooseSlice = (part: SliceSpec): void => choose(part, kind);
  const scales: readonly { readonly value: Scale; readonly label: string }[] = [
    { value: 'tensor', label: 'scale: this tensor' }, ...(tiles > 1 || colors.scale === 'tile' ? [{ value: 'tile', label: 'scale: each tile' } as const] : []), { value: 'role', label: `scale: ${roleName}` },
  ];
  return (
    <div class="tensor-settings" role="group" aria-label={`Settings of ${name}`}>
      <div class="setting">
        <span class="setting-name">part</span>
        <div class="setting-controls">
          <SliceField shape={shape} slice={slice} name={name} disabled={disabled} onSlice={chooseSlice} />
          <Axes shape={shape} slice={slice} disabled={disabled} onSlice={chooseSlice} />
        </div>
      </div>
      {kind !== 'lines' && (
        <div class="setting">
          <span class="setting-name">{kind === 'histogram' ? 'values' : 'colours'}</span>
          <div class="setting-controls">
            {mapped && <Choice label="Scale of the colours" value={colors.scale} options={scales} onChoose={(scale) => chooseColors({ ...colors, scale })} />}
            {mapped && <Choice label="Colour map" value={colors.map} options={maps} onChoose={(map) => chooseColors({ ...colors, map })} />}
            <Choice label="Values that are told apart, as percentiles" value={String(colors.clip)} options={clipOptions} onChoose={(clip) => chooseColors({ ...colors, clip: Number(clip) })} />
            {pictured && <Choice label="Pixels an element" value={String(settings.cell)} options={zoomOptions} onChoose={(cell) => change({ cell: Number(cell) })} />}
          </div>
        </div>
      )}
      <div class="setting">
        <span class="setting-name">copy</span>
        <div class="setting-controls grow">
          <span class="setting-group">{copies.map(({ format, label }) => <Button key={format} label={`Copy ${name}${sliceTextOf(shape, slice)} as ${label === 'Numbers' ? 'tab-separated numbers' : label}`} disabled={disabled} onClick={() => actions.copy(format)}>{label}</Button>)}</span>
          <span class="setting-group"><span class="setting-word">save</span>
            <Button label={`Save ${name}${sliceTextOf(shape, slice)} as a NumPy file, at full resolution`} disabled={disabled} onClick={actions.saveNpy}>.npy</Button>
            <Button label={`Save the picture of ${name}`} onClick={actions.savePng}>PNG</Button>
          </span>
          {actions.pin !== null && <span class="setting-group last">
            <Button label={`${actions.pinWord} ${name} as it is now, to compare it later`} disabled={disabled} onClick={actions.pin}>{actions.pinWord}</Button>
            {actions.compare !== null && <Button label={`Compare ${name} with the pinned tensor`} onClick={actions.compare}>Compare</Button>}
          </span>}
        </div>
      </div>
    </div>
  );
}
