// Products of matrices, transposed or not, one pair after the other. Every element is summed as TensorFlow.js's own kernel sums it,
// so that the bits are the same: in blocks of 48 terms, each from zero, the blocks' sums added to the element in order. What is
// done at once is four rows by eight columns of the product.
import { at, repitch, roundUp4 } from './geometry';

const BLOCK: i32 = 48;

/** Offsets into the record of the sizes: matrices in the product, in a and in b; rows, terms of an element, columns; flags. */
const BATCH: usize = 0;
const BATCH_A: usize = 4;
const BATCH_B: usize = 8;
const ROWS: usize = 12;
const TERMS: usize = 16;
const COLUMNS: usize = 20;
const TRANSPOSE_A: usize = 24;
const TRANSPOSE_B: usize = 28;

/** Bytes of scratch memory: b with rows of whole vectors, and a product with such rows. */
export function matMulScratch(g: usize): i32 {
  return (at(g, TERMS) + at(g, ROWS)) * roundUp4(at(g, COLUMNS)) * 4 + 64;
}

/** y [batch, rows, columns] = a [.., rows, terms] b [.., terms, columns], where a transposed operand has its last two axes exchanged. */
export function matMul(a: usize, b: usize, y: usize, scratch: usize, g: usize): void {
  const rows = at(g, ROWS), terms = at(g, TERMS), columns = at(g, COLUMNS), transposeB = at(g, TRANSPOSE_B) != 0;
  const row = roundUp4(columns), whole = row == columns;
  const packed = (scratch + 15) & ~15;
  const staged = packed + (<usize>(terms * row) << 2);
  const bytes = <usize>(rows * row) << 2;
  for (let n = 0; n < at(g, BATCH); n++) {
    const left = a + (<usize>((n % at(g, BATCH_A)) * rows * terms) << 2);
    let right = b + (<usize>((n % at(g, BATCH_B)) * terms * columns) << 2);
    const product = y + (<usize>(n * rows * columns) << 2);
    if (transposeB) {
      transpose(right, packed, columns, terms, row);
      right = packed;
    } else if (!whole) {
      repitch(right, packed, terms, columns, row);
      right = packed;
    }
    const target = whole ? product : staged;
    memory.fill(target, 0, bytes);
    multiply(left, right, target, g, row);
    if (!whole) repitch(staged, product, rows, row, columns);
  }
}

function multiply(a: usize, b: usize, y: usize, g: usize, row: i32): void {
  const rows = at(g, ROWS), terms = at(g, TERMS), transposed = at(g, TRANSPOSE_A) != 0;
  // Bytes from a term to the next, and from a row to the next.
  const along = <usize>(transposed ? rows : 1) << 2, down = <usize>(transposed ? 1 : terms) << 2, pitch = <usize>row << 2;
  for (let k = 0; k < terms; k += BLOCK) {
    const count = min(BLOCK, terms - k);
    const from = a + <usize>k * along, by = b + <usize>k * pitch;
    let i = 0;
    for (; i + 4 <= rows; i += 4) {
      const p = from + <usize>i * down, target = y + <usize>i * pitch;
      let j = 0;
      for (; j + 8 <= row; j += 8) block8(p, by + (<usize>j << 2), target + (<usize>j << 2), count, along, down, pitch);
      if (j < row) block4(p, by + (<usize>j << 2), target + (<usize>j << 2), count, along, down, pitch);
    }
    for (; i < rows; i++) for (let j = 0; j < row; j += 4) block1(from + <usize>i * down, by + (<usize>j << 2), y + <usize>i * pitch + (<usize>j << 2), count, along, pitch);
  }
}

// @ts-ignore: decorator
@inline
function add(address: usize, value: v128): void { v128.store(address, f32x4.add(v128.load(address), value)); }

/** Four rows by eight columns. */
function block8(a: usize, b: usize, y: usize, count: i32, along: usize, down: usize, pitch: usize): void {
  let p0 = f32x4.splat(0), p1 = p0, q0 = p0, q1 = p0, r0 = p0, r1 = p0, s0 = p0, s1 = p0;
  for (let k = 0; k < count; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a), a1 = v128.load32_splat(a + down), a2 = v128.load32_splat(a + 2 * down), a3 = v128.load32_splat(a + 3 * down);
    p0 = f32x4.add(p0, f32x4.mul(a0, b0)); p1 = f32x4.add(p1, f32x4.mul(a0, b1));
    q0 = f32x4.add(q0, f32x4.mul(a1, b0)); q1 = f32x4.add(q1, f32x4.mul(a1, b1));
    r0 = f32x4.add(r0, f32x4.mul(a2, b0)); r1 = f32x4.add(r1, f32x4.mul(a2, b1));
    s0 = f32x4.add(s0, f32x4.mul(a3, b0)); s1 = f32x4.add(s1, f32x4.mul(a3, b1));
    a += along; b += pitch;
  }
  add(y, p0); add(y + 16, p1); y += pitch;
  add(y, q0); add(y + 16, q1); y += pitch;
  add(y, r0); add(y + 16, r1); y += pitch;
  add(y, s0); add(y + 16, s1);
}

/** Four rows by four columns. */
function block4(a: usize, b: usize, y: usize, count: i32, along: usize, down: usize, pitch: usize): void {
  let p = f32x4.splat(0), q = p, r = p, s = p;
  for (let k = 0; k < count; k++) {
    const b0 = v128.load(b);
    p = f32x4.add(p, f32x4.mul(v128.load32_splat(a), b0));
    q = f32x4.add(q, f32x4.mul(v128.load32_splat(a + down), b0));
    r = f32x4.add(r, f32x4.mul(v128.load32_splat(a + 2 * down), b0));
    s = f32x4.add(s, f32x4.mul(v128.load32_splat(a + 3 * down), b0));
    a += along; b += pitch;
  }
  add(y, p); y += pitch;
  add(y, q); y += pitch;
  add(y, r); y += pitch;
  add(y, s);
}

/** One row by four columns. */
function block1(a: usize, b: usize, y: usize, count: i32, along: usize, pitch: usize): void {
  let sum = f32x4.splat(0);
  for (let k = 0; k < count; k++) {
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(a), v128.load(b)));
    a += along; b += pitch;
  }
  add(y, sum);
}

/** Writes the matrix [rows, columns] as its transpose, in rows of `pitch` floats whose ends are zero. */
function transpose(from: usize, to: usize, rows: i32, columns: i32, pitch: i32): void {
  const step = <usize>columns << 2, stride = <usize>pitch << 2;
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    let p = from + <usize>i * step, q = to + (<usize>i << 2), j = 0;
    for (; j + 4 <= columns; j += 4) {
      const r0 = v128.load(p), r1 = v128.load(p + step), r2 = v128.load(p + 2 * step), r3 = v128.load(p + 3 * step);
      const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(q, v128.shuffle<i64>(t0, t2, 0, 2)); q += stride;
      v128.store(q, v128.shuffle<i64>(t0, t2, 1, 3)); q += stride;
      v128.store(q, v128.shuffle<i64>(t1, t3, 0, 2)); q += stride;
      v128.store(q, v128.shuffle<i64>(t1, t3, 1, 3)); q += stride;
      p += 16;
    }
    for (; j < columns; j++) {
      v128.store(q, f32x4(load<f32>(p), load<f32>(p + step), load<f32>(p + 2 * step), load<f32>(p + 3 * step)));
      p += 4; q += stride;
    }
  }
  if (i == rows) return;
  // The last one to three, and zeros up to the whole vector.
  for (let j = 0; j < columns; j++) {
    let q = to + (<usize>(j * pitch + i) << 2);
    for (let n = i; n < pitch; n++) {
      store<f32>(q, n < rows ? load<f32>(from + (<usize>(n * columns + j) << 2)) : 0);
      q += 4;
    }
  }
}
