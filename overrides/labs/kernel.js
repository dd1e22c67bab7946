/**
 * A matrix product in WebAssembly SIMD that works on Pyodide's own memory, about a kilobyte, assembled here.
 *
 * Numpy in the browser has neither BLAS nor SIMD. C = A B, float32, row by row: four rows and eight columns of C stay
 * in registers while k runs; what is left over at the edges is done in narrower tiles. Where the browser knows no
 * SIMD, or Pyodide shows no memory, nothing is handed over and numpy multiplies.
 */

import { memoryOf } from "./memory.js";

/** LEB128, the numbers of the format. */
function unsigned(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value);
  return bytes;
}

const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];
const text = (string) => [...unsigned(string.length), ...new TextEncoder().encode(string)];

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;
/** Local variables: six parameters, then ours. */
const [A, B, C, M, N, K, I, J, AT, PA, PB, PC, ROW_A, TWO_A, THREE_A, ROW_C, SUM] = Array(17).keys();
const ACC = 17; // eight of them
const COLUMN = 25; // two

const get = (local) => [0x20, ...unsigned(local)];
const set = (local) => [0x21, ...unsigned(local)];
const constant = (value) => [0x41, ...unsigned(value)]; // below 64
const add = (a, b) => [...a, ...b, 0x6a];
const times = (a, b) => [...a, ...b, 0x6c];
const fourfold = (a) => [...a, ...constant(2), 0x74];
const advance = (local, by) => [...add(get(local), by), ...set(local)];
const simd = (code) => [0xfd, ...unsigned(code)];
const memory = (offset) => [2, ...unsigned(offset)]; // aligned to four bytes
const loadVector = (address, offset) => [...address, ...simd(0x00), ...memory(offset)];
const loadSplat = (address) => [...address, ...simd(0x09), ...memory(0)];
const storeVector = (address, value, offset) => [...address, ...value, ...simd(0x0b), ...memory(offset)];
const addVectors = (a, b) => [...a, ...b, ...simd(0xe4)];
const timesVectors = (a, b) => [...a, ...b, ...simd(0xe6)];
const ZERO_VECTOR = [...simd(0x0c), ...Array(16).fill(0)];
const loadFloat = (address) => [...address, 0x2a, ...memory(0)];

/** Body again and again while local + step <= limit, the step taken after each. */
const steps = (local, step, limit, body) => [
  0x02, 0x40, 0x03, 0x40, ...add(get(local), constant(step)), ...get(limit), 0x4a, 0x0d, 1,
  ...body, ...advance(local, constant(step)), 0x0c, 0, 0x0b, 0x0b,
];
/** Body for each k, K of them, at least one. */
const eachInner = (body) => [
  ...constant(0), ...set(AT), 0x03, 0x40, ...body, ...advance(AT, constant(1)), ...get(AT), ...get(K), 0x48, 0x0d, 0, 0x0b,
];

const toStart = (row) => [
  ...add(get(A), times(add(get(I), constant(row)), get(ROW_A))), ...set(PA),
  ...add(get(B), fourfold(get(J))), ...set(PB),
  ...add(add(get(C), times(add(get(I), constant(row)), get(ROW_C))), fourfold(get(J))), ...set(PC),
];
const nextInner = [...advance(PA, constant(4)), ...advance(PB, get(ROW_C))];
const range = (count) => [...Array(count).keys()];

/** Address of k in A, some rows down. */
const below = (row) => (row ? add(get(PA), get([ROW_A, TWO_A, THREE_A][row - 1])) : get(PA));

/** `rows` rows by four times `vectors` columns of C, held in registers. */
function tile(rows, vectors) {
  const accumulators = range(rows).map((row) => range(vectors).map((v) => ACC + 2 * row + v));
  return [
    ...toStart(0),
    ...accumulators.flat().flatMap((local) => [...ZERO_VECTOR, ...set(local)]),
    ...eachInner([
      ...range(vectors).flatMap((v) => [...loadVector(get(PB), 16 * v), ...set(COLUMN + v)]),
      ...accumulators.flatMap((locals, row) => locals.flatMap((local, v) => [
        ...addVectors(get(local), timesVectors(loadSplat(below(row)), get(COLUMN + v))), ...set(local),
      ])),
      ...nextInner,
    ]),
    ...accumulators.flatMap((locals) => [...locals.flatMap((local, v) => storeVector(get(PC), get(local), 16 * v)), ...advance(PC, get(ROW_C))]),
  ];
}

/** One entry of C in each of `rows` rows. */
const entries = (rows) => range(rows).flatMap((row) => [
  ...toStart(row), 0x43, 0, 0, 0, 0, ...set(SUM),
  ...eachInner([...get(SUM), ...loadFloat(get(PA)), ...loadFloat(get(PB)), 0x94, 0x92, ...set(SUM), ...nextInner]),
  ...get(PC), ...get(SUM), 0x38, ...memory(0),
]);

const rowsOf = (rows) => steps(I, rows, M, [
  ...constant(0), ...set(J),
  ...steps(J, 8, N, tile(rows, 2)), ...steps(J, 4, N, tile(rows, 1)), ...steps(J, 1, N, entries(rows)),
]);

/** The module's bytes: it imports env.memory and exports multiply(a, b, c, rows, columns, inner). */
export function kernelBytes() {
  const code = [
    ...fourfold(get(K)), ...set(ROW_A), ...add(get(ROW_A), get(ROW_A)), ...set(TWO_A),
    ...add(get(TWO_A), get(ROW_A)), ...set(THREE_A), ...fourfold(get(N)), ...set(ROW_C), ...rowsOf(4), ...rowsOf(1), 0x0b,
  ];
  const locals = [3, 10, I32, 1, F32, 10, V128];
  const body = [...locals, ...code];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, 0x60, 6, I32, I32, I32, I32, I32, I32, 0]),
    ...section(2, [1, ...text("env"), ...text("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("multiply"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/** multiply(a, b, c, rows, columns, inner, pairs) on a memory; addresses in bytes. */
export function makeKernel(shared) {
  const { multiply } = new WebAssembly.Instance(new WebAssembly.Module(kernelBytes()), { env: { memory: shared } }).exports;
  return (a, b, c, rows, columns, inner, pairs) => {
    for (let p = 0; p < pairs; p += 1) {
      multiply(a + 4 * p * rows * inner, b + 4 * p * inner * columns, c + 4 * p * rows * columns, rows, columns, inner);
    }
  };
}

/** Let labs_py multiply by the kernel. @returns {boolean} false when numpy goes on multiplying */
export function useKernel(pyodide) {
  try {
    const shared = memoryOf(pyodide);
    if (!shared) return false;
    const products = pyodide.pyimport("labs_py.core.products");
    products.use(makeKernel(shared));
    products.destroy();
    return true;
  } catch {
    return false;
  }
}
