/** The step under the cursor: what it computes, the tensors it reads and writes, the numbers of one element, their distribution. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import type { CursorView, RunView, TensorCard as Card } from '../../../src/protocol/run';
import type { TensorRequest } from '../../../src/protocol/tensor';
import { domainOf } from '../../../src/tensor/colormap';
import { Button } from '../../controls';
import { cardRows, isPair, versionOf } from '../../render/tensor/cards';
import { count, shortNumber } from '../../render/numbers';
import { cellOf, indexOf, sliceText } from '../../render/tensor/tiles';
import type { Selection } from '../../store';
import { arrange, select, useStore } from '../../store';
import { usePicture } from '../../tensors';
import { go, selectElement } from '../actions';
import { CellCard } from './cell';
import { CheckGradient } from '../insight/check';
import { Formula } from './formula';
import { Histogram } from '../tensor/histogram';
import { NumbersTable, useElement } from '../tensor/numbers-table';
import { Origin } from '../insight/origin';
import { toneOf } from './strip';
import { TensorCard } from '../tensor/card';
import { Pins } from '../tensor/pins';
import type { Subject } from '../tensor/view';
import { useView } from '../tensor/view';

/** Elements a picture; six cards then stay below 1 MiB a step. */
const maxElements = 32_768;

/** What decides how a card is shown, and where its tensor is. */
function subjectOf(cursor: CursorView, card: Card, example: number, examples: number): Subject {
  const use = card.layout ?? 'activation';
  const request: TensorRequest = { address: { kind: 'trace', iteration: cursor.iteration, tensor: card.tensor }, example, maxElements };
  return {
    settingsKey: card.variable === '' ? card.title : card.variable, shape: card.shape, use, role: card.role ?? 'value', usual: null, firstKind: card.image === true ? 'image' : null, request,
    example: use.startsWith('activation') && examples > 0 && card.shape[0] === examples ? example : null,
  };
}

/** Where the cursor stands, as a pinned tensor notes it. */
const placeOf = ({ iteration, phase, op, ops }: CursorView): string => `iteration ${iteration + 1} · ${phase}, op ${op + 1} of ${ops}`;

/** One scale for a tensor before and after the update, so that colours can be compared. */
function sharedRange(card: Card, row: readonly Card[]): { readonly min: number; readonly max: number } | null {
  const other = row.find(({ title }) => title === `${card.title}, new` || card.title === `${title}, new`);
  if (other === undefined || other === card) return null;
  return { min: Math.min(card.statistics.min, other.statistics.min), max: Math.max(card.statistics.max, other.statistics.max) };
}

/** The number of examples if a card of the step has them along its first axis. */
function examplesOf(run: RunView, cursor: CursorView): number {
  return cursor.cards.find(({ shape }) => shape.length > 2 && shape[0] === run.batchSize)?.shape[0] ?? 0;
}

/** Steps through the examples of the batch; one choice for all views. */
export function ExamplePicker({ example, examples }: { readonly example: number; readonly examples: number }): JSX.Element {
  const to = (next: number): void => arrange({ example: (next + examples) % examples });
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowLeft: example - 1, ArrowDown: example - 1, ArrowRight: example + 1, ArrowUp: example + 1, Home: 0, End: examples - 1 };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    to(next);
  };
  return (
    <div class="example-picker" role="group" aria-label="Example of the batch">
      <Button appearance="icon" label="Previous example ([)" onClick={() => to(example - 1)}>‹</Button>
      <span role="spinbutton" tabIndex={0} aria-label="Example" aria-valuenow={example + 1} aria-valuemin={1} aria-valuemax={examples} onKeyDown={onKeyDown} title="Arrow keys change the example">example {example + 1} of {examples}</span>
      <Button appearance="icon" label="Next example (])" onClick={() => to(example + 1)}>›</Button>
    </div>
  );
}

function Title({ cursor }: { readonly cursor: CursorView }): JSX.Element {
  const where = cursor.depth === 'iteration' ? 'the whole iteration' : cursor.depth === 'phase' ? `the whole ${cursor.phase} phase` : `${cursor.phase}, op ${cursor.op + 1} of ${cursor.ops}`;
  return <h2 aria-live="polite"><span class="step-title">{cursor.title}</span> <span class={`where ${toneOf(cursor.phase)}`}>{where}</span></h2>;
}

/** The card whose numbers are shown: the selected one while it is there, else the step's result. */
function shownCard(cursor: CursorView, selection: Selection | null): Card | undefined {
  // A scalar says all in its card.
  const cards = cursor.cards.filter(({ statistics }) => statistics.count > 1);
  return cards.find(({ tensor, shape }) => selection?.tensor === String(tensor) && shape.join(',') === selection.shape)
    ?? cards.find(({ use, shape }) => use === 'output' && shape.join(',') === selection?.shape)
    ?? cards.find(({ shape }) => shape.join(',') === selection?.shape)
    ?? cards.find(({ use }) => use === 'output') ?? cards[0];
}

/** The selected element of a card; without one the first of the example that is shown. */
function chosenIndex({ shape }: Card, selection: Selection | null, example: number, examples: number): readonly number[] {
  if (selection?.shape === shape.join(',')) return selection.index;
  return shape.map((extent, axis) => (axis === 0 && examples > 1 && extent === examples ? example : 0));
}

/** Moves the cell under the cursor when an element of its own output is chosen; elsewhere a choice only selects. */
function moverOf(cursor: CursorView, tensor: number): ((index: readonly number[]) => void) | undefined {
  const { cell, iteration, op } = cursor;
  return cell === null || cell.tensor !== tensor ? undefined : (index) => go({ kind: 'cell', iteration, op, tensor, index });
}

function Detail({ cursor, card, subject }: { readonly cursor: CursorView; readonly card: Card; readonly subject: Subject }): JSX.Element | null {
  const selection = useStore((state) => state.selection);
  const { request } = useView(subject);
  const loading = usePicture(request, versionOf(card));
  const shape = card.shape.join(',');
  const picture = loading.state === 'ready' && loading.picture.shape.join(',') === shape ? loading.picture : null;
  const chosen = picture === null ? [] : selection !== null && selection.shape === shape && cellOf(picture, selection.index) !== null ? selection.index : indexOf(picture, { tile: 0, row: 0, column: 0 });
  const source = { address: request.address, version: versionOf(card) };
  const value = useElement(picture, source, chosen);
  if (picture === null) return <div class="card-row"><section class="card waiting" /></div>;
  const kind = card.diverging ? 'diverging' : 'sequential';
  const domain = domainOf(kind, card.statistics.min, card.statistics.max);
  // The element under the cursor has been stepped into already.
  const canStepInto = card.cellOp !== null && (cursor.cell?.tensor !== card.tensor || cursor.cell.index.join() !== chosen.join());
  return (
    <div class="card-row">
      <section class="card" aria-label="Numbers of the selection">
        <header><h3>{card.variable}{sliceText(picture, chosen)}</h3><span class="shape">numbers</span></header>
        <p class="statistics">{value === null ? '\u00a0' : `[${chosen.join(', ')}] = ${shortNumber(value, 5)}`}</p>
        {canStepInto && <div class="step-into"><Button label={`Step into ${card.variable}[${chosen.join(', ')}]: the terms that make it`} onClick={() => go({ kind: 'cell', iteration: cursor.iteration, op: card.cellOp ?? 0, tensor: card.tensor, index: chosen })}>Step into this element</Button></div>}
        <NumbersTable picture={picture} source={source} kind={kind} domain={domain} index={chosen} rowsShown={7} onSelect={(index) => { select({ tensor: String(card.tensor), shape, index }); moverOf(cursor, card.tensor)?.(index); }} />
      </section>
      <section class="card" aria-label="Distribution">
        <header><h3>distribution<span class="variable">{card.variable}</span></h3><span class="shape">{count(card.statistics.count)} values</span></header>
        <p class="statistics">deviation {shortNumber(card.statistics.standardDeviation)}{value !== null && ` · lit bar: ${shortNumber(value, 2)}`}</p>
        <Histogram histogram={picture.histogram} statistics={card.statistics} value={value} height={104} color={card.gradientOf !== null || card.title.startsWith('∂') ? 'backward' : 'forward'} />
      </section>
    </div>
  );
}

export function Step({ run, cursor }: { readonly run: RunView; readonly cursor: CursorView }): JSX.Element {
  const wanted = useStore((state) => state.arrangement.example);
  const selection = useStore((state) => state.selection);
  const examples = examplesOf(run, cursor);
  const example = examples === 0 ? 0 : Math.min(wanted, examples - 1);
  // Before the next paint: a key that follows at once must meet the example that is shown.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const step = event.key === '[' ? -1 : event.key === ']' ? 1 : 0;
      if (step === 0 || examples === 0 || (event.target instanceof HTMLElement && event.target.tagName === 'VSCODE-TEXT-FIELD')) return;
      arrange({ example: (example + step + examples) % examples });
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [example, examples]);
  const { cell } = cursor;
  // One selection for all: the element under the cursor is the one selected, and its example the one shown.
  useLayoutEffect(() => {
    const output = cursor.cards.find(({ tensor }) => tensor === cell?.tensor);
    if (cell === null || output === undefined) return;
    select({ tensor: String(cell.tensor), shape: output.shape.join(','), index: cell.index });
    const [of = 0] = cell.index;
    if (examples > 0 && output.shape.length > 2 && output.shape[0] === examples && of !== example) arrange({ example: of });
  }, [cursor.iteration, cell?.tensor, cell?.element]);
  // Pinned tensors are of another time: Step Into does not lead there.
  useEffect(() => { if (selection !== null && /^\d+$/.test(selection.tensor)) selectElement(Number(selection.tensor), selection.index); }, [selection]);
  const card = shownCard(cursor, selection);
  return (
    <div class="step">
      <div class="step-head">
        <div class="step-line">
          <Title cursor={cursor} />
          {examples > 1 && <ExamplePicker example={example} examples={examples} />}
        </div>
        {cursor.formula !== '' && <Formula source={cursor.formula} />}
        {cursor.explanation !== '' && <p class="explanation">{cursor.explanation}</p>}
      </div>
      <div class="cards">
        <Pins others={cursor.cards.map((entry) => ({
          ...subjectOf(cursor, entry, example, examples), id: String(entry.tensor), title: entry.title, variable: entry.variable, dtype: entry.dtype, statistics: entry.statistics, diverging: entry.diverging, version: versionOf(entry),
        }))} />
        {cell !== null && <CellCard key={`${cursor.op} ${cell.tensor}`} cell={cell} tone={toneOf(cursor.phase)} />}
        {cursor.cards.length === 0 && <p class="empty">This step reads and writes no tensors.</p>}
        {cardRows(cursor.cards).map((row, line) => (
          <div class={`card-row ${isPair(row) ? 'pair' : ''}`} key={line}>
            {row.map((entry, place) => (
              <TensorCard key={place} id={String(entry.tensor)} {...subjectOf(cursor, entry, example, examples)} title={entry.title} variable={entry.variable} dtype={entry.dtype} statistics={entry.statistics}
                diverging={entry.diverging} range={sharedRange(entry, row)} version={versionOf(entry)} place={placeOf(cursor)} mark={entry.use === 'output' ? 'result of this step' : null}
                tone={entry.use === 'output' ? toneOf(cursor.phase) : null} maxHeight={136} tall={1}
                reads={entry.tensor === cell?.tensor ? null : cell?.windows.find(({ tensor }) => tensor === entry.tensor) ?? null} onChoose={moverOf(cursor, entry.tensor)}>
                {entry.checkable && <CheckGradient key={entry.tensor} card={entry} iteration={cursor.iteration} version={versionOf(entry)} />}
              </TensorCard>
            ))}
          </div>
        ))}
        {card !== undefined && <Detail cursor={cursor} card={card} subject={subjectOf(cursor, card, example, examples)} />}
        {card !== undefined && <Origin iteration={cursor.iteration} card={card} index={chosenIndex(card, selection, example, examples)} version={versionOf(card)} running={run.status.kind !== 'stopped'} />}
      </div>
    </div>
  );
}
