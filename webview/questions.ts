/** Questions to the engine that take their time: their progress, their answers (kept a while, so that a view that comes back has them), and their withdrawal. */
import { useLayoutEffect, useState } from 'preact/hooks';
import type { Asked } from '../src/protocol/insight';
import type { Requests } from '../src/protocol/messages';
import { onHostEvent, request } from './channel';

/** Requests whose argument is a question. */
export type QuestionName = { [Name in keyof Requests]: Requests[Name][0] extends Asked ? Name : never }[keyof Requests];
export type Argument<Name extends QuestionName> = Omit<Requests[Name][0], 'question'>;

export type Answering<T> =
  | { readonly state: 'idle' }
  | { readonly state: 'asking'; readonly done: number }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'ready'; readonly answer: T };

const kept = 60;
const idle = { state: 'idle' } as const;
const answers = new Map<string, Answering<unknown>>();
const followers = new Map<string, Set<() => void>>();

function set(key: string, answer: Answering<unknown>): void {
  answers.delete(key);
  if (answer.state !== 'idle') answers.set(key, answer);
  for (const [old, { state }] of answers) {
    if (answers.size <= kept) break;
    if (state !== 'asking') answers.delete(old);
  }
  for (const follow of [...followers.get(key) ?? []]) follow();
}

onHostEvent((event) => {
  if (event.type === 'progress' && answers.get(event.question)?.state === 'asking') set(event.question, { state: 'asking', done: event.done });
});

/** Asks under a key; an answer that comes after the question was withdrawn or asked anew is forgotten. */
export async function ask<Name extends QuestionName>(name: Name, key: string, argument: Argument<Name>): Promise<void> {
  const asking: Answering<unknown> = { state: 'asking', done: 0 };
  set(key, asking);
  const current = turns.get(key) ?? 0;
  turns.set(key, current + 1);
  const settle = (answer: Answering<unknown>): void => { if (turns.get(key) === current + 1 && answers.get(key)?.state === 'asking') set(key, answer); };
  try {
    // The question's name completes the argument that the table of requests asks for.
    settle({ state: 'ready', answer: await request(name, { ...argument, question: key } as Requests[Name][0]) });
  } catch (error) {
    settle({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}
const turns = new Map<string, number>();

/** Withdraws a question that is under way. */
export function withdraw(key: string): void {
  if (answers.get(key)?.state !== 'asking') return;
  set(key, idle);
  void request('withdraw', { question: key }).catch(() => null);
}

/** What is known under a key. A question under way that nobody follows any more is withdrawn. */
export function useAnswer<Name extends QuestionName>(key: string): Answering<Requests[Name][1]> {
  const [, again] = useState(0);
  useLayoutEffect(() => {
    const follow = (): void => again((count) => count + 1);
    const set = followers.get(key) ?? new Set();
    followers.set(key, set);
    set.add(follow);
    follow();
    return () => {
      set.delete(follow);
      if (set.size > 0) return;
      followers.delete(key);
      withdraw(key);
    };
  }, [key]);
  // A key is asked for under one name only, so what lies there is of its type.
  return (answers.get(key) ?? idle) as Answering<Requests[Name][1]>;
}
