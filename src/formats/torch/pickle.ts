/**
 * Python pickles as data: an interpreter of the opcodes that builds plain records and never imports or calls anything.
 * What a pickle would call becomes a `PickleCall` with a name and arguments. https://docs.python.org/3/library/pickletools.html
 */
import { Failure } from '../../tensor/failure';

/** A class or function by its name; nothing is ever looked up. */
export class PickleGlobal { constructor(readonly module: string, readonly name: string) {} get path(): string { return `${this.module}.${this.name}`; } }
/** What the pickle would make by calling `callee`; `state` is what it would then set on it. */
export class PickleCall {
  state: PickleValue = null;
  readonly items = new Map<PickleValue, PickleValue>();
  readonly list: PickleValue[] = [];
  constructor(readonly callee: PickleValue, readonly args: PickleValue) {}
  /** `torch._utils._rebuild_tensor_v2`, or '' when the callee is no global. */
  get path(): string { return this.callee instanceof PickleGlobal ? this.callee.path : ''; }
}
export class PickleTuple { constructor(readonly items: readonly PickleValue[]) {} }
/** A reference to something outside the pickle: a storage of a tensor. */
export class PicklePersistent { constructor(readonly id: PickleValue) {} }
export type PickleValue = null | boolean | number | bigint | string | Uint8Array | PickleValue[] | Map<PickleValue, PickleValue> | PickleTuple | PickleGlobal | PickleCall | PicklePersistent;

/** Instructions of one byte can fill the memory; a checkpoint of ten thousand tensors and its optimizer takes less than a million. */
const mostInstructions = 3_000_000;

const mark = Symbol('mark');
type Slot = PickleValue | typeof mark;

/** Items of a list or tuple; none for anything else. */
export function itemsOf(value: PickleValue | undefined): readonly PickleValue[] {
  if (Array.isArray(value)) return value;
  return value instanceof PickleTuple ? value.items : [];
}

/** Reads the pickle that begins at `start`. @returns its value, where it ends, and all references in it. @throws Failure `pickle.*` */
export function readPickle(bytes: Uint8Array, label: string, start = 0): { readonly value: PickleValue; readonly end: number; readonly references: readonly PicklePersistent[] } {
  return new Machine(bytes, label, start).run();
}

class Machine {
  private readonly view: DataView;
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private readonly references: PicklePersistent[] = [];

  constructor(private readonly bytes: Uint8Array, private readonly label: string, private at: number) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): { value: PickleValue; end: number; references: readonly PicklePersistent[] } {
    for (let done = 0; ; done += 1) {
      const place = this.at;
      if (done > mostInstructions) throw new Failure('pickle.size', `${this.label} holds a pickle of more than ${mostInstructions.toLocaleString('en-US')} instructions, more than any model has; it is refused.`);
      const code = this.take(1)[0] ?? 0;
      if (code === 0x2e) return { value: this.pop(), end: this.at, references: this.references };
      const act = opcodes[code];
      if (act === undefined) throw new Failure('pickle.opcode', `${this.label} holds no pickle that can be read: byte ${place} is 0x${code.toString(16).padStart(2, '0')}, which is no known instruction.`);
      act(this);
    }
  }

  take(count: number): Uint8Array {
    if (!(count >= 0 && this.at + count <= this.bytes.length)) throw new Failure('pickle.truncated', `${this.label} ends inside its pickle at byte ${this.bytes.length}; it is incomplete.`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  uint(width: 1 | 2 | 4 | 8): number {
    const at = this.at;
    this.take(width);
    if (width === 1) return this.view.getUint8(at);
    if (width === 2) return this.view.getUint16(at, true);
    return width === 4 ? this.view.getUint32(at, true) : Number(this.view.getBigUint64(at, true));
  }

  int32(): number { const at = this.at; this.take(4); return this.view.getInt32(at, true); }
  double(): number { const at = this.at; this.take(8); return this.view.getFloat64(at, false); }
  text(count: number): string { return new TextDecoder().decode(this.take(count)); }

  /** A string of Python 2: text where it is text, else bytes. */
  octets(count: number): string | Uint8Array {
    const bytes = this.take(count);
    try { return new TextDecoder('utf-8', { fatal: true }).decode(bytes); } catch { return bytes; }
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    const text = this.text((end < 0 ? this.bytes.length + 1 : end) - this.at);
    this.take(1);
    return text;
  }

  /** A little-endian two's complement integer. */
  long(count: number): number | bigint {
    if (count > 1024) throw new Failure('pickle.number', `${this.label} holds a whole number of ${count} bytes, more than the 1024 that are read.`);
    const digits = this.take(count);
    let value = 0n;
    for (let index = count - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(digits[index] ?? 0);
    if (count > 0 && (digits[count - 1] ?? 0) & 0x80) value -= 1n << BigInt(8 * count);
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  push(value: Slot): void { this.stack.push(value); }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined || value === mark) throw this.malformed();
    return value;
  }

  discard(): void { if (this.stack.pop() === undefined) throw this.malformed(); }

  top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === mark) throw this.malformed();
    return value;
  }

  /** All values above the last mark, which goes too. */
  sinceMark(): PickleValue[] {
    const at = this.stack.lastIndexOf(mark);
    if (at < 0) throw this.malformed();
    const values = this.stack.splice(at).slice(1);
    return values.filter((value): value is PickleValue => value !== mark);
  }

  malformed(): Failure { return new Failure('pickle.malformed', `${this.label} holds a malformed pickle (at byte ${this.at}).`); }

  /** A reference to a storage; before version 1.6 classes of modules stood behind references too, with their source, which is not looked at. */
  refer(id: PickleValue): void {
    const [kind, named] = itemsOf(id);
    // Protocol 0 writes the reference as Python prints it.
    const printed = typeof id === 'string' ? /^\('storage', <class 'torch\.(?:storage\.)?(\w+)'>, '([^']*)', '[^']*', (\d+)(?:, None)?\)$/.exec(id) : null;
    if (printed !== null) { this.refer(new PickleTuple(['storage', new PickleGlobal('torch', printed[1] ?? ''), printed[2] ?? '', 'cpu', Number(printed[3])])); return; }
    if (kind === 'module' && named instanceof PickleGlobal) { this.push(named); return; }
    const reference = new PicklePersistent(id);
    this.references.push(reference);
    this.push(reference);
  }

  remember(index: number): void { this.memo.set(index, this.top()); }
  memoize(): void { this.remember(this.memo.size); }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.malformed();
    this.push(value);
  }

  append(values: readonly PickleValue[]): void {
    const target = this.top();
    const list = Array.isArray(target) ? target : target instanceof PickleCall ? target.list : null;
    if (list === null) throw this.malformed();
    for (const value of values) list.push(value);
  }

  set(values: readonly PickleValue[]): void {
    const target = this.top();
    const entries = target instanceof Map ? target : target instanceof PickleCall ? target.items : null;
    if (entries === null || values.length % 2 !== 0) throw this.malformed();
    for (let index = 0; index < values.length; index += 2) entries.set(values[index] ?? null, values[index + 1] ?? null);
  }

  reduce(): void { const args = this.pop(); this.push(call(this.pop(), args)); }

  build(): void {
    const state = this.pop();
    const target = this.top();
    if (target instanceof PickleCall) target.state = state;
  }

  global(module: PickleValue, name: PickleValue): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.malformed();
    this.push(new PickleGlobal(module, name));
  }
}

/** What a call stands for: an OrderedDict is a record, the lists of TorchScript are lists; everything else stays a call that is not made. */
function call(callee: PickleValue, args: PickleValue): PickleValue {
  if (!(callee instanceof PickleGlobal)) return new PickleCall(callee, args);
  const [first] = itemsOf(args);
  switch (callee.path) {
    case 'collections.OrderedDict': return new Map(itemsOf(first).flatMap((pair) => {
      const [key, value] = itemsOf(pair);
      return key === undefined ? [] : [[key, value ?? null] as const];
    }));
    case 'torch.Size': case 'builtins.set': case 'builtins.list': case 'torch.jit._pickle.build_intlist': case 'torch.jit._pickle.build_doublelist':
    case 'torch.jit._pickle.build_boollist': case 'torch.jit._pickle.build_tensorlist': return [...itemsOf(first)];
    case 'torch.jit._pickle.restore_type_tag': return first ?? null;
    default: return new PickleCall(callee, args);
  }
}

type Act = (machine: Machine) => void;
const opcodes: Readonly<Record<number, Act>> = {
  0x80: (m) => { m.take(1); }, 0x95: (m) => { m.take(8); },
  0x28: (m) => { m.push(mark); }, 0x30: (m) => { m.discard(); }, 0x31: (m) => { m.sinceMark(); }, 0x32: (m) => { m.push(m.top()); },
  0x4e: (m) => { m.push(null); }, 0x88: (m) => { m.push(true); }, 0x89: (m) => { m.push(false); },
  0x4a: (m) => { m.push(m.int32()); }, 0x4b: (m) => { m.push(m.uint(1)); }, 0x4d: (m) => { m.push(m.uint(2)); },
  0x8a: (m) => { m.push(m.long(m.uint(1))); }, 0x8b: (m) => { m.push(m.long(m.uint(4))); }, 0x47: (m) => { m.push(m.double()); },
  0x49: (m) => { const text = m.line(); m.push(text === '00' ? false : text === '01' ? true : Number(text)); },
  0x4c: (m) => { m.push(Number(m.line().replace(/L$/, ''))); }, 0x46: (m) => { m.push(Number(m.line())); },
  0x53: (m) => { m.push(m.line().replace(/^(['"])(.*)\1$/, '$2')); }, 0x56: (m) => { m.push(m.line().replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))); },
  0x58: (m) => { m.push(m.text(m.uint(4))); }, 0x8c: (m) => { m.push(m.text(m.uint(1))); }, 0x8d: (m) => { m.push(m.text(m.uint(8))); },
  0x54: (m) => { m.push(m.octets(m.uint(4))); }, 0x55: (m) => { m.push(m.octets(m.uint(1))); },
  0x42: (m) => { m.push(m.take(m.uint(4))); }, 0x43: (m) => { m.push(m.take(m.uint(1))); }, 0x8e: (m) => { m.push(m.take(m.uint(8))); }, 0x96: (m) => { m.push(m.take(m.uint(8))); },
  0x5d: (m) => { m.push([]); }, 0x7d: (m) => { m.push(new Map()); }, 0x29: (m) => { m.push(new PickleTuple([])); }, 0x8f: (m) => { m.push([]); },
  0x74: (m) => { m.push(new PickleTuple(m.sinceMark())); }, 0x6c: (m) => { m.push(m.sinceMark()); }, 0x91: (m) => { m.push(m.sinceMark()); },
  0x85: (m) => { m.push(new PickleTuple([m.pop()])); },
  0x86: (m) => { const second = m.pop(); m.push(new PickleTuple([m.pop(), second])); },
  0x87: (m) => { const third = m.pop(); const second = m.pop(); m.push(new PickleTuple([m.pop(), second, third])); },
  0x64: (m) => { const values = m.sinceMark(); m.push(new Map()); m.set(values); },
  0x61: (m) => { const value = m.pop(); m.append([value]); }, 0x65: (m) => { m.append(m.sinceMark()); }, 0x90: (m) => { m.append(m.sinceMark()); },
  0x73: (m) => { const value = m.pop(); const key = m.pop(); m.set([key, value]); }, 0x75: (m) => { m.set(m.sinceMark()); },
  0x71: (m) => { m.remember(m.uint(1)); }, 0x72: (m) => { m.remember(m.uint(4)); }, 0x94: (m) => { m.memoize(); }, 0x70: (m) => { m.remember(Number(m.line())); },
  0x68: (m) => { m.recall(m.uint(1)); }, 0x6a: (m) => { m.recall(m.uint(4)); }, 0x67: (m) => { m.recall(Number(m.line())); },
  0x63: (m) => { const module = m.line(); m.global(module, m.line()); }, 0x93: (m) => { const name = m.pop(); m.global(m.pop(), name); },
  0x52: (m) => { m.reduce(); }, 0x81: (m) => { m.reduce(); }, 0x62: (m) => { m.build(); },
  0x92: (m) => { m.pop(); m.reduce(); },
  0x69: (m) => { const module = m.line(); const name = m.line(); m.push(new PickleCall(new PickleGlobal(module, name), new PickleTuple(m.sinceMark()))); },
  0x6f: (m) => { const [callee = null, ...args] = m.sinceMark(); m.push(new PickleCall(callee, new PickleTuple(args))); },
  0x51: (m) => { m.refer(m.pop()); }, 0x50: (m) => { m.refer(m.line()); },
};
