/** The strip on top: where the cursor is among the four phases and on the loss curve, and the facts of the run. */
import type { JSX } from 'preact';
import type { PhaseName, RunView } from '../../../src/protocol/run';
import { shortNumber } from '../../render/numbers';
import { go } from '../actions';
import { LossCurve } from './loss-curve';

const phases: readonly { readonly name: PhaseName; readonly label: string; readonly share: number; readonly tone: 'forward' | 'backward' }[] = [
  { name: 'forward', label: 'Forward', share: 5, tone: 'forward' },
  { name: 'loss', label: 'Loss', share: 2, tone: 'forward' },
  { name: 'backward', label: 'Backward', share: 7, tone: 'backward' },
  { name: 'update', label: 'Update', share: 3, tone: 'backward' },
];

const backends: Readonly<Record<string, string>> = { tensorflow: 'native TensorFlow', wasm: 'WebAssembly', cpu: 'plain JavaScript' };
const conventions: Readonly<Record<string, string>> = { keras: 'Keras', tfjs: 'TensorFlow.js', pytorch: 'PyTorch' };

/** The colour of a phase: forward for what computes values, backward for what follows from the gradient. */
export function toneOf(phase: PhaseName | null): 'forward' | 'backward' {
  return phases.find(({ name }) => name === phase)?.tone ?? 'forward';
}

function PhaseTrack({ run }: { readonly run: RunView }): JSX.Element {
  const { cursor } = run;
  const at = cursor === null ? -1 : phases.findIndex(({ name }) => name === cursor.phase);
  const whole = cursor?.depth === 'iteration';
  return (
    <div class="phase-track" role="group" aria-label="Phases of the iteration">
      {phases.map(({ name, label, share, tone }, index) => {
        const filled = whole || index < at ? 1 : index === at ? Math.max(0.02, cursor?.phaseProgress ?? 0) : 0;
        return (
          <button key={name} type="button" class={`phase ${tone} ${index === at ? 'current' : ''}`} data-phase={name} style={{ flexGrow: share }} aria-current={index === at ? 'step' : undefined}
            title={`Go to the ${label.toLowerCase()} phase`} aria-label={`${label}, ${filled === 1 ? 'done' : filled === 0 ? 'to come' : `${Math.round(100 * filled)} % done`}`} onClick={() => go({ kind: 'phase', phase: name })}>
            <span class="fill" style={{ width: `${100 * filled}%` }} /><span class="label" data-text={label}>{label}</span>
          </button>
        );
      })}
    </div>
  );
}

export function Strip({ run }: { readonly run: RunView }): JSX.Element {
  const { cursor, losses, status } = run;
  const iteration = status.kind === 'running' ? status.iteration : cursor?.iteration ?? null;
  return (
    <header class="strip">
      <div class="strip-track">
        <PhaseTrack run={run} />
        <LossCurve losses={losses} iteration={cursor?.iteration ?? null} marker={toneOf(cursor?.phase ?? null)} height={32} axes={false} onJump={(to) => go({ kind: 'iteration', iteration: to })} />
      </div>
      <div class="facts">
        <span title={`Computed by ${backends[run.backend] ?? run.backend}, by the rules of ${conventions[run.convention] ?? run.convention}. The same seed (${run.seed}) gives the same run, bit for bit.`}>{run.backend} · {run.convention} · seed {run.seed}</span>
        <span title={`Data of ${run.examples.toLocaleString('en-US')} examples; each iteration takes ${run.batchSize} of them.`}>{run.examples.toLocaleString('en-US')} examples / batch {run.batchSize}</span>
        <span class="now">{iteration === null ? 'not started' : `iteration ${iteration + 1}${losses.length > 1 ? ` of ${losses.length}` : ''}`}{cursor !== null && <> · loss <b>{shortNumber(cursor.loss, 4)}</b></>}</span>
      </div>
    </header>
  );
}
