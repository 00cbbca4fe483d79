/** The thread that reads HDF5 files, shared by all of them: started when needed, ended when it hangs or nothing is open any more. */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Failure } from '../../tensor/failure';
import type { Hdf5Reply, Hdf5Request, Hdf5Source, Hdf5Task, Hdf5WorkerData } from './hdf5-index';

/** A thread that gets nothing done for this long (ms) hangs, and is ended. Starting it may take longer on a busy machine. */
const patience = { start: 15_000, work: 1_500 };
/** How long (ms) a thread without open files is kept for the next one. */
const rest = 10_000;

/** A file's way to the thread. */
export interface AttachedFile {
  /** @throws Failure when the thread cannot do it, or hangs over it */
  ask(task: Hdf5Task): Promise<Hdf5Reply>;
  close(): Promise<void>;
}

interface Waiting {
  readonly file: number;
  readonly source: Hdf5Source;
  readonly label: string;
  readonly task: Hdf5Task;
  resolve(reply: Hdf5Reply): void;
  reject(failure: Failure): void;
}

interface Thread { readonly worker: Worker; readonly progress: Int32Array; readonly known: Set<number> }

const queue: Waiting[] = [];
const open = new Set<number>();
let files = 0;
let thread: Thread | null = null;
let current: Waiting | null = null;
let watch: NodeJS.Timeout | undefined;
let farewell: NodeJS.Timeout | undefined;

/** Makes a file known; the thread opens it at the first request. `label` names it in errors. */
export function attach(source: Hdf5Source, label: string): AttachedFile {
  const file = files += 1;
  open.add(file);
  const ask = (task: Hdf5Task): Promise<Hdf5Reply> => new Promise((resolve, reject) => {
    if (!open.has(file)) { reject(new Failure('hdf5.closed', `${label} is closed.`)); return; }
    queue.push({ file, source, label, task, resolve, reject });
    next();
  });
  return {
    async ask(task) {
      const reply = await ask(task);
      if (reply.kind === 'failed') throw new Failure(reply.code, `${label} is a damaged HDF5 file, or incomplete: ${reply.reason}.`);
      return reply;
    },
    async close() {
      if (!open.has(file)) return;
      if (thread?.known.has(file) === true) await ask({ kind: 'close' });
      open.delete(file);
      leaveWhenIdle();
    },
  };
}

/** Sends the next request when the thread is free; only one is under way, so that it is known which one hangs. */
function next(): void {
  if (current !== null) return;
  current = queue.shift() ?? null;
  if (current === null) { thread?.worker.unref(); leaveWhenIdle(); return; }
  clearTimeout(farewell);
  thread ??= start();
  // While an answer is awaited the thread keeps the process alive.
  thread.worker.ref();
  const request: Hdf5Request = { file: current.file, source: thread.known.has(current.file) ? null : current.source, task: current.task };
  thread.known.add(current.file);
  watch = watchProgress(thread);
  thread.worker.postMessage(request);
}

function start(): Thread {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const data: Hdf5WorkerData = { progress };
  const worker = new Worker(path.join(__dirname, 'hdf5-worker.js'), { workerData: data, stdout: true, stderr: true });
  const started: Thread = { worker, progress, known: new Set() };
  worker.on('message', (reply: Hdf5Reply) => {
    if (thread !== started) return;
    // A damaged file may leave the library itself damaged; whatever comes next gets a fresh one.
    if (reply.kind === 'failed') { thread = null; void worker.terminate(); }
    finish((waiting) => { waiting.resolve(reply); });
  });
  worker.on('error', (error) => { lose(started, (label) => new Failure('hdf5.damaged', `${label} cannot be read: the HDF5 library stopped (${error.message}).`, { cause: error })); });
  worker.on('exit', () => { lose(started, (label) => new Failure('hdf5.damaged', `${label} cannot be read: the HDF5 library stopped.`)); });
  return started;
}

function finish(settle: (waiting: Waiting) => void): void {
  clearInterval(watch);
  const waiting = current;
  current = null;
  if (waiting !== null) settle(waiting);
  next();
}

/** Gives a thread up: the request under way fails, all others go to a new thread. */
function lose(lost: Thread, failure: (label: string) => Failure): void {
  if (thread !== lost) return;
  thread = null;
  void lost.worker.terminate();
  finish((waiting) => { waiting.reject(failure(waiting.label)); });
}

/** Ends the thread when its counter stands still; each check counts only its own interval, so that a machine that slept is no reason. */
function watchProgress(watched: Thread): NodeJS.Timeout {
  const interval = 100;
  let last = Atomics.load(watched.progress, 0);
  let still = 0;
  return setInterval(() => {
    const now = Atomics.load(watched.progress, 0);
    still = now === last ? still + interval : 0;
    last = now;
    if (still >= (now === 0 ? patience.start : patience.work)) lose(watched, (label) => new Failure('hdf5.hangs', `${label} is a damaged HDF5 file: its structure leads round in circles.`));
  }, interval);
}

function leaveWhenIdle(): void {
  if (open.size > 0 || current !== null || queue.length > 0) return;
  clearTimeout(farewell);
  farewell = setTimeout(() => {
    if (open.size > 0 || current !== null) return;
    const done = thread;
    thread = null;
    void done?.worker.terminate();
  }, rest);
  farewell.unref();
}
