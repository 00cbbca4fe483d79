/** Where the selected element's value comes from and where it goes: folded until it is wanted, asked for when it stands still. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ContributionsView, DownstreamView, ElementView, InfluenceView, OriginView } from '../../../src/protocol/insight';
import type { TensorCard } from '../../../src/protocol/run';
import type { Answering } from '../../questions';
import { ask, useAnswer } from '../../questions';
import { count, exactNumber, shortNumber } from '../../render/numbers';
import { arrange, select, useStore } from '../../store';
import { go } from '../actions';
import { AskingLine } from './asking';
import { Bars, Columns } from './bars';
import { InputPicture } from './input-picture';

/** How long the selection must stand before the engine is asked, in milliseconds. */
const rest = 120;
const pictureHeight = 190;

const nameOf = ({ name, index }: Pick<ElementView, 'name' | 'index'>): string => (index.length === 0 ? name : `${name}[${index.join(', ')}]`);
const words = { sum: 'sum', product: 'product', max: 'largest', min: 'smallest', any: 'any', all: 'all' } as const;

function Part({ title, note, label, children }: { readonly title: string; readonly note: string; readonly label: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <section class="card" aria-label={label}>
      <header><h3>{title}</h3></header>
      <p class="statistics">{note}</p>
      {children}
    </section>
  );
}

function Seen({ view, influence, question }: { readonly view: OriginView; readonly influence: Answering<InfluenceView>; readonly question: string }): JSX.Element {
  const { fields, fieldWords, fieldNotes, fieldProblem, gradientProblem, element } = view;
  if (fieldProblem !== null) return <section class="card" aria-label="What it can see"><header><h3>what it can see</h3></header><p class="statistics">{fieldProblem}</p></section>;
  const parts = influence.state === 'ready' ? influence.answer.parts : [];
  const rows = Math.max(1, fields.length, parts.length);
  return (
    <>
      {Array.from({ length: rows }, (_, row) => {
        const field = fields[row], part = parts[row];
        const where = field === undefined ? '' : field.example === null ? 'all examples' : `example ${field.example + 1}`;
        return (
          <div class="card-row" key={row}>
            {field !== undefined && (
              <Part title={`what it can see of ${field.input}`} note={`${where} · ${field.words}`} label={`What it can see of ${field.input}`}>
                <InputPicture input={field.picture} map={null} frame={field.window} names={field.names} label={`${field.input}, ${where}; seen: ${field.words}`} maxHeight={pictureHeight} />
                {fieldWords !== null && <p class="fine">{fieldWords}</p>}
                {row === 0 && fieldNotes.map((note) => <p class="fine" key={note}>{note}</p>)}
              </Part>
            )}
            {part === undefined ? row === 0 && (
              <Part title="what mattered" note={gradientProblem ?? `∂ ${nameOf(element)} / ∂ input`} label="What mattered">
                {gradientProblem === null && <AskingLine answering={influence} question={question} label="running the pass again" />}
                {gradientProblem === null && influence.state === 'ready' && <p class="fine">It does not depend on the input.</p>}
              </Part>
            ) : (
              <Part title={`what mattered of ${part.input}`} note={`∂ ${nameOf(element)} / ∂ input · example ${part.example + 1}${part.share < 0.9995 ? ` · ${(100 * part.share).toFixed(part.share > 0.1 ? 0 : 1)} % of the squared gradient, the rest lies in other examples` : ''}`} label={`What mattered of ${part.input}`}>
                <InputPicture input={null} map={part.picture} names={field?.names ?? null} frame={field !== undefined && field.tensor === part.tensor ? field.window : null} label={`Gradient of ${nameOf(element)} by ${part.input}`} maxHeight={pictureHeight} />
              </Part>
            )}
          </div>
        );
      })}
    </>
  );
}

function Contributions({ view }: { readonly view: OriginView }): JSX.Element {
  const { contributions, contributionsProblem } = view;
  if (contributions === null) return <Part title="what made it" note={contributionsProblem ?? ''} label="What made it">{null}</Part>;
  const { via, of, count: terms, total, finish, positive, negative, top, channels, positions, combine, kernel }: ContributionsView = contributions;
  const hidden = terms - top.length;
  const signed = combine === 'sum' && positive !== 0 && negative !== 0 ? `, of which +${shortNumber(positive)} and ${shortNumber(negative)}` : '';
  return (
    <section class="card" aria-label="What made it">
      <header><h3>what made it</h3><span class="shape">{kernel.replace(/^_/, '')}</span></header>
      <p class="statistics">{via.map(({ element, text }) => `${nameOf(element)} = ${shortNumber(element.value, 4)}  ←  ${text}\n`)}{nameOf(of)} = {shortNumber(of.value, 4)}: {terms === 1 ? 'one term' : `${words[combine]} of ${count(terms)} terms = ${shortNumber(total, 4)}`}{signed}{finish.length > 0 && `, then ${finish.join(', ')}`}</p>
      <div class="made">
        <Bars label={`The largest ${combine === 'sum' ? 'products' : 'terms'}`} items={top.map(({ input, weight, value, text }, at) => ({
          key: String(at), label: input === null ? text ?? 'constant' : nameOf(input), value,
          detail: weight === null ? text ?? '' : `× [${weight.index.join(', ')}]  ${shortNumber(input?.value ?? NaN, 3)} × ${shortNumber(weight.value, 3)}`,
          title: weight === null ? text ?? '' : `${input === null ? '' : nameOf(input)} × ${nameOf(weight)}`,
        }))} />
        {positions !== null && (
          <div>
            <p class="fine">sums by position, through the attention's {positions.weights}{positions.all > positions.sums.length ? `, the ${positions.sums.length} largest of ${positions.all}` : ''}</p>
            <Columns label="Sums by position" items={positions.sums.map(({ position, value }) => ({ key: String(position), label: String(position), value, title: `position ${position}: ${shortNumber(value, 4)}` }))} />
          </div>
        )}
        {channels !== null && (
          <div>
            <p class="fine">sums by channel of {channels.input}{channels.all > channels.sums.length ? `, the ${channels.sums.length} largest of ${channels.all}` : ''}</p>
            <Columns label={`Sums by channel of ${channels.input}`} items={channels.sums.map(({ channel, value }) => ({ key: String(channel), label: String(channel), value, title: `channel ${channel}: ${shortNumber(value, 4)}` }))} />
          </div>
        )}
      </div>
      {hidden > 0 && <p class="fine">The {top.length} largest of {count(terms)}; Step Into shows them all.</p>}
    </section>
  );
}

const rangeText = ({ first, last, shape }: DownstreamView): string =>
  (shape.length === 0 ? 'the value' : `[${first.map((low, axis) => { const high = last[axis] ?? low; return low === high ? String(low) : low === 0 && high === (shape[axis] ?? 0) - 1 ? ':' : `${low}…${high}`; }).join(', ')}]`);

function Downstream({ view, iteration }: { readonly view: OriginView; readonly iteration: number }): JSX.Element {
  const { downstream, downstreamProblem, moreDownstream } = view;
  const follow = ({ op, tensor, shape, first, last }: DownstreamView): void => {
    select({ tensor: String(tensor), shape: shape.join(','), index: first.map((low, axis) => Math.floor((low + (last[axis] ?? low)) / 2)) });
    go({ kind: 'op', iteration, op });
  };
  return (
    <section class="card" aria-label="What it feeds">
      <header><h3>what it feeds</h3></header>
      {downstreamProblem !== null ? <p class="statistics">{downstreamProblem}</p> : (
        <table class="listing">
          <thead><tr><th scope="col">tensor</th><th scope="col">layer</th><th scope="col">elements</th><th scope="col" class="number">how many</th></tr></thead>
          <tbody>
            {downstream.map((fed) => (
              <tr key={fed.tensor}>
                <td><button type="button" class="link" title="Go to the op that makes it, and select an element in the middle" onClick={() => follow(fed)}>{fed.name}</button>{fed.direct && <small> reads it</small>}</td>
                <td>{fed.layer ?? 'loss'}</td><td class="range">{rangeText(fed)}</td>
                <td class="number">{count(fed.count)} of {count(fed.shape.reduce((a, b) => a * b, 1))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {moreDownstream > 0 && <p class="fine">and {moreDownstream} later tensors</p>}
    </section>
  );
}

function Content({ iteration, tensor, index, version, running }: { readonly iteration: number; readonly tensor: number; readonly index: readonly number[]; readonly version: string; readonly running: boolean }): JSX.Element {
  const where = `${iteration} ${tensor} ${index.join()} ${version}`;
  const [key, influenceKey] = [`origin ${where}`, `influence ${where}`];
  const origin = useAnswer<'origin'>(key), influence = useAnswer<'influence'>(influenceKey);
  const last = useRef<OriginView | null>(null);
  useEffect(() => {
    if (running || origin.state !== 'idle') return undefined;
    const timer = setTimeout(() => void ask('origin', key, { iteration, tensor, index }), rest);
    return () => clearTimeout(timer);
  }, [key, running, origin.state === 'idle']);
  const wanted = origin.state === 'ready' && origin.answer.gradientProblem === null;
  useEffect(() => { if (wanted && influence.state === 'idle') void ask('influence', influenceKey, { iteration, tensor, index }); }, [influenceKey, wanted]);
  if (origin.state === 'ready') last.current = origin.answer;
  if (origin.state === 'failed') return <AskingLine answering={origin} question={key} label="" />;
  const view = last.current;
  if (view === null) return <div class="card-waiting" />;
  return (
    <div class={`origin-parts ${origin.state === 'ready' ? '' : 'stale'}`}>
      <p class="origin-value">{nameOf(view.element)} = <b>{exactNumber(view.element.value)}</b>{view.layer === null ? '' : ` in ${view.layer}`}</p>
      <Seen view={view} influence={origin.state === 'ready' ? influence : { state: 'idle' }} question={influenceKey} />
      <Contributions view={view} />
      <Downstream view={view} iteration={iteration} />
    </div>
  );
}

interface Props { readonly iteration: number; readonly card: TensorCard; readonly index: readonly number[]; readonly version: string; readonly running: boolean }

/** The section below the cards; `index` is the selected element of the card. */
export function Origin({ iteration, card, index, version, running }: Props): JSX.Element {
  const open = useStore((state) => state.arrangement.originOpen);
  return (
    <section class="origin" aria-label="Origin of the selected element">
      <button type="button" class="fold" aria-expanded={open} onClick={() => arrange({ originOpen: !open })}>
        <span class={`twisty ${open ? 'open' : ''}`} aria-hidden="true" /><b>Origin</b> <span class="variable-name">{card.variable}{index.length === 0 ? '' : `[${index.join(', ')}]`}</span>
        <span class="fold-note">{open ? '' : 'what it can see, what mattered, what made it, what it feeds'}</span>
      </button>
      {open && <Content iteration={iteration} tensor={card.tensor} index={index} version={version} running={running} />}
    </section>
  );
}
