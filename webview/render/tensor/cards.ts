/** The cards of a step in rows: a gradient stands beside the value it belongs to, what is left over is paired in order. */
import type { TensorCard } from '../../../src/protocol/run';

/** Changes whenever the values at an address may have. */
export const versionOf = ({ statistics: { mean, norm, min, max, zeros, nan } }: TensorCard): string => [mean, norm, min, max, zeros, nan].join(' ');

export function cardRows(cards: readonly TensorCard[]): (readonly TensorCard[])[] {
  const partner = new Map<number, TensorCard>();
  for (const card of cards) {
    const value = cards.find(({ tensor }) => tensor === card.gradientOf);
    if (value !== undefined && value !== card && !partner.has(value.tensor) && !partner.has(card.tensor)) {
      partner.set(value.tensor, card);
      partner.set(card.tensor, value);
    }
  }
  const rows: TensorCard[][] = [];
  let open: TensorCard[] | null = null;
  const used = new Set<number>();
  for (const card of cards) {
    if (used.has(card.tensor)) continue;
    used.add(card.tensor);
    const other = partner.get(card.tensor);
    if (other !== undefined) {
      used.add(other.tensor);
      rows.push(card.gradientOf === other.tensor ? [other, card] : [card, other]);
    } else if (open !== null) {
      open.push(card);
      open = null;
    } else rows.push((open = [card]));
  }
  return rows;
}

/** Whether a row is a value and its gradient, or a weight before and after its update: they stay side by side where there is little room. */
export function isPair(row: readonly TensorCard[]): boolean {
  return row.some((card) => row.some((other) => other !== card && (card.gradientOf === other.tensor || card.title === `${other.title}, new`)));
}
