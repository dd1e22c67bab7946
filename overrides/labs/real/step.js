/**
 * One token through the whole model in one call from Python, by the functions of blocks.c and step.c.
 *
 * labs_py/core/llama/one_token.py writes the plan that is followed here, a list of addresses and counts;
 * labs_py/core/llama/model.py is the same in numpy, to be read.
 */

/** Numbers of the plan: at its start, then for each layer two gains and seven linear maps. */
const HEAD = 14;
const GAINS = 2;
const MAP = 7;
const PER_LAYER = GAINS + 7 * MAP;
const FLOAT = 4;
const Q80 = 1;
const BYTES_OF_32 = 34;

/** Addresses of floats that lie one after the other. */
function laidOut(start, sizes) {
  let at = start;
  return sizes.map((size) => {
    const own = at;
    at += FLOAT * size;
    return own;
  });
}

/**
 * @param {object} code exports of blocks.wasm
 * @param {WebAssembly.Memory} memory Pyodide's
 * @param {Function} multiply as makeBlocks gives it
 * @returns {(plan: number, token: number, place: number, quick: boolean) => void} reads the token that stands at
 *   `place`: its keys and values, the logits and what `likeliest` finds are written where the plan says
 */
export function makeStep(code, memory, multiply) {
  return (plan, token, place, quick) => {
    const numbers = new Uint32Array(memory.buffer, plan);
    const [layers, width, heads, keyHeads, inner, room, vocabulary, epsilonAt, cos, sin, keys, values, gain, table] = numbers;
    const [epsilon] = new Float32Array(memory.buffer, epsilonAt, 1);
    const [, x, normed, q, mix, gate, up, shares, logits, found] = laidOut(epsilonAt, [4, width, width, width, width, inner, inner, room + 4, vocabulary, 4]);
    const size = width / heads;
    const bytes = new Uint8Array(memory.buffer);
    const turn = (vectors, count) => code.turn(vectors, cos + FLOAT * place * (size / 2), sin + FLOAT * place * (size / 2), count, size);
    /** y = x Wᵀ of a map, and the adapter's part. */
    const linear = (at, from, to) => {
      const [kind, w, rows, columns, a, b, rank] = numbers.subarray(at, at + MAP);
      multiply(kind, w, from, to, rows, columns, 1, quick);
      if (rank) code.add_thin(from, a, b, to, rank, columns, rows);
    };
    code.expand_q80(table + (token * width * BYTES_OF_32) / 32, x, width / 32);
    for (let layer = 0; layer < layers; layer += 1) {
      const start = HEAD + layer * PER_LAYER;
      const map = (name) => start + GAINS + name * MAP;
      /** Where a head's keys or values of this layer begin. */
      const kept = (all, head) => all + FLOAT * size * room * (layer * keyHeads + head);
      code.norm(x, numbers[start], normed, width, epsilon);
      linear(map(0), normed, q);
      linear(map(1), normed, gate); // keys and values pass through where the inner layer comes later
      linear(map(2), normed, up);
      turn(q, heads);
      turn(gate, keyHeads);
      for (let head = 0; head < keyHeads; head += 1)
        for (const [from, all] of [[gate, keys], [up, values]]) {
          const own = from + FLOAT * size * head;
          bytes.copyWithin(kept(all, head) + FLOAT * size * place, own, own + FLOAT * size);
        }
      for (let head = 0; head < heads; head += 1) {
        const group = Math.floor((head * keyHeads) / heads);
        code.attend(q + FLOAT * size * head, kept(keys, group), kept(values, group), mix + FLOAT * size * head, shares, place + 1, size);
      }
      linear(map(3), mix, normed);
      code.add(x, normed, width);
      code.norm(x, numbers[start + 1], normed, width, epsilon);
      linear(map(4), normed, gate);
      linear(map(5), normed, up);
      code.swiglu(gate, up, inner);
      linear(map(6), gate, normed);
      code.add(x, normed, width);
    }
    code.norm(x, gain, normed, width, epsilon);
    multiply(Q80, table, normed, logits, vocabulary, width, 1, quick);
    code.likeliest(logits, found, vocabulary);
  };
}
