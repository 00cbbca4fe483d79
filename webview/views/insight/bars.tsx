/** Signed numbers as bars from a middle line, each with its name and value: readable without colour. */
import type { JSX } from 'preact';
import { shortNumber } from '../../render/numbers';

export interface BarItem {
  readonly key: string;
  readonly label: string;
  readonly detail?: string;
  readonly value: number;
  readonly title?: string;
}

interface Props { readonly label: string; readonly items: readonly BarItem[]; readonly digits?: number }

const reachOf = (values: readonly number[]): number => values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0) || 1;

/** A row a number. */
export function Bars({ label, items, digits = 3 }: Props): JSX.Element {
  const reach = reachOf(items.map(({ value }) => value));
  const signed = items.some(({ value }) => value < 0);
  return (
    <ol class={`bars ${signed ? 'signed' : ''}`} aria-label={label}>
      {items.map(({ key, label: name, detail, value, title }) => {
        const share = Number.isFinite(value) ? (Math.abs(value) / reach) * (signed ? 50 : 100) : 0;
        return (
          <li key={key} title={title}>
            <span class="bar-name">{name}{detail !== undefined && detail !== '' && <small> {detail}</small>}</span>
            <span class="bar-track" aria-hidden="true"><i class={value < 0 ? 'negative' : 'positive'} style={{ width: `${share}%`, left: `${signed ? (value < 0 ? 50 - share : 50) : 0}%` }} /></span>
            <span class="bar-value">{shortNumber(value, digits)}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** A column a number, for many of them side by side. */
export function Columns({ label, items }: Props): JSX.Element {
  const reach = reachOf(items.map(({ value }) => value));
  const few = items.length <= 20;
  const strongest = [...items].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 5);
  return (
    <div class="columns" role="img" aria-label={`${label}; largest: ${strongest.map(({ label: name, value }) => `${name} ${shortNumber(value, 3)}`).join(', ')}`}>
      {items.map(({ key, label: name, value, title }) => {
        const share = Number.isFinite(value) ? (Math.abs(value) / reach) * 50 : 0;
        return <span key={key} title={title ?? `${name}: ${shortNumber(value, 4)}`}><i class={value < 0 ? 'negative' : 'positive'} style={{ height: `${share}%`, top: `${value < 0 ? 50 : 50 - share}%` }} />{few && <small>{name}</small>}</span>;
      })}
    </div>
  );
}
