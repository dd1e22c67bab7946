/**
 * The products with packed weights for labs_py.core.llama.blocks: which function of blocks.wasm, with which scratch.
 *
 * multiply(code, w, x, y, rows, columns, count, quick), expand(code, w, out, blocks) and step(plan, token, place, quick);
 * addresses in bytes of `memory`.
 */

import { makeStep } from "./step.js";

/** Numbers of the kinds, as labs_py.core.llama.blocks.CODES has them. */
const Q41 = 0;
const WEIGHTS = 32;
/** Widest row of activations, and what a scratch of that needs: rounded numbers, steps, sums. */
const WIDEST = 2048;
export const SCRATCH_BYTES = 2 * WIDEST + 8 * (WIDEST / WEIGHTS);

/**
 * @param {WebAssembly.Module} module of blocks.wasm
 * @param {WebAssembly.Memory} memory Pyodide's
 * @param {number} scratch address of SCRATCH_BYTES bytes in it
 */
export function makeBlocks(module, memory, scratch) {
  const code = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const rounded = (scratch + 15) & ~15;
  const steps = rounded + 2 * WIDEST;
  const sums = steps + 4 * (WIDEST / WEIGHTS);
  function multiply(kind, w, x, y, rows, columns, count, quick = false) {
    if (columns > WIDEST) throw new Error(`a row of ${columns} activations`);
    const blocks = columns / WEIGHTS;
    for (let i = 0; i < count; i += 1) {
      const [from, to] = [x + 4 * i * columns, y + 4 * i * rows];
      if (quick) {
        code.round_blocks(from, rounded, steps, sums, blocks);
        if (kind === Q41) code.quick_q41(w, rounded, steps, sums, to, rows, blocks);
        else code.quick_q80(w, rounded, steps, to, rows, blocks);
      } else if (kind === Q41) {
        code.sum_blocks(from, sums, blocks);
        code.exact_q41(w, from, sums, to, rows, blocks);
      } else code.exact_q80(w, from, to, rows, blocks);
    }
  }
  const expand = (kind, w, out, blocks) => (kind === Q41 ? code.expand_q41 : code.expand_q80)(w, out, blocks);
  return { multiply, expand, step: makeStep(code, memory, multiply) };
}
