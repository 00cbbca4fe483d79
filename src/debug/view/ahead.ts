/**
 * Pictures sent along with the cursor, before the panel asks: it asks for the same cards in the same way at each step, and a step
 * that needs no second round trip is on the screen in half the time. What is guessed wrongly, the panel asks for as ever.
 */
import type { CursorView, TensorCard } from '../../protocol/run';
import type { PictureAhead, TensorPicture, TensorRequest } from '../../protocol/tensor';

/** Bytes of pictures a step; with the panel's own requests it stays below 1 MiB. */
const budget = 640 * 1024;
/** Cards further down are asked for when they are scrolled to. */
const most = 8;
/** Pictures that the panel certainly still has. */
const remembered = 200;

type Form = Omit<TensorRequest, 'address'>;

export class Ahead {
  /** How the panel asked for a card last: by the card's variable, and for cards never asked for ('') in the plainest way. */
  private readonly forms = new Map<string, Form>();
  private readonly sent = new Set<string>();

  /** Notes how the panel asks for a tensor of the cursor that it shows. */
  note({ address, ...form }: TensorRequest, cursor: CursorView | null): void {
    if (address.kind !== 'trace') return;
    const card = cursor?.cards.find(({ tensor }) => tensor === address.tensor);
    if (card === undefined || address.iteration !== cursor?.iteration) return;
    if (form.slice === undefined && form.clip === undefined) this.forms.set('', form);
    this.forms.set(formKey(card), form);
    this.keep(JSON.stringify([address, form, card.statistics]));
  }

  /** The webview starts anew, with nothing. */
  forget(): void {
    this.sent.clear();
  }

  /** Pictures of the cursor's cards that the panel will want and does not have. One that cannot be made is left to the panel's own request. */
  async pictures(cursor: CursorView, picture: (request: TensorRequest) => Promise<TensorPicture>): Promise<readonly PictureAhead[]> {
    const ahead: PictureAhead[] = [];
    let bytes = 0;
    for (const card of cursor.cards.slice(0, most)) {
      const form = this.forms.get(formKey(card)) ?? this.forms.get('');
      if (form === undefined || bytes >= budget) break;
      const address = { kind: 'trace', iteration: cursor.iteration, tensor: card.tensor } as const;
      const key = JSON.stringify([address, form, card.statistics]);
      if (this.sent.has(key)) continue;
      const request: TensorRequest = { address, ...form };
      const made = await picture(request).catch(() => null);
      if (made === null) continue;
      bytes += made.values.byteLength;
      this.keep(key);
      ahead.push({ request, picture: made });
    }
    return ahead;
  }

  private keep(key: string): void {
    this.sent.delete(key);
    this.sent.add(key);
    for (const oldest of this.sent) {
      if (this.sent.size <= remembered) break;
      this.sent.delete(oldest);
    }
  }
}

const formKey = ({ variable, shape }: TensorCard): string => `${variable} ${shape.join()}`;
