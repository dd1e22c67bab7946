/** What one token needs beside the products, against plain loops: norm, rotary, attention, gate, adapter, likeliest. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const memory = new WebAssembly.Memory({ initial: 8 });
const module = new WebAssembly.Module(readFileSync(new URL("../../overrides/labs/real/blocks.wasm", import.meta.url)));
const code = new WebAssembly.Instance(module, { env: { memory } }).exports;
const floats = new Float32Array(memory.buffer);

/** Numbers at an address of their own. */
let free = 1024;
function put(numbers) {
  const at = free;
  floats.set(numbers, at / 4);
  free += 4 * numbers.length + 64;
  return at;
}
const taken = (at, count) => [...floats.slice(at / 4, at / 4 + count)];
const wave = (count, seed) => Array.from({ length: count }, (_, i) => Math.fround(2 * Math.sin(seed + 1.7 * i + 0.01 * i * i)));
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

function near(found, wanted, within = 2e-6) {
  const size = Math.max(1e-3, ...wanted.map(Math.abs));
  found.forEach((x, i) => assert.ok(Math.abs(x - wanted[i]) <= within * size, `${i}: ${x}, not ${wanted[i]}`));
}

test("the norm divides by the root mean square", () => {
  for (const n of [4, 12, 576]) {
    const [x, gain] = [wave(n, 1), wave(n, 2)];
    const y = put(wave(n, 9));
    code.norm(put(x), put(gain), y, n, 1e-5);
    const size = Math.sqrt(dot(x, x) / n + 1e-5);
    near(taken(y, n), x.map((value, i) => (value / size) * gain[i]));
  }
});

test("pairs are turned by their angle", () => {
  const [x, angles] = [wave(24, 3), wave(4, 5)];
  const at = put(x);
  code.turn(at, put(angles.map(Math.cos)), put(angles.map(Math.sin)), 3, 8);
  const wanted = x.map((value, i) => {
    const [pair, angle] = [x[i % 8 < 4 ? i + 4 : i - 4], angles[i % 4]];
    return value * Math.cos(angle) + (i % 8 < 4 ? -1 : 1) * pair * Math.sin(angle);
  });
  near(taken(at, 24), wanted);
});

test("a query mixes the values that it may see, whatever their number", () => {
  for (const count of [1, 2, 3, 4, 5, 8, 61]) {
    const [q, keys, values] = [wave(8, count), wave(8 * count, 2), wave(8 * count, 4)];
    const [mix, shares] = [put(wave(8, 7)), put(wave(count + 8, 7))];
    code.attend(put(q), put(keys), put(values), mix, shares, count, 8);
    const scores = Array.from({ length: count }, (_, t) => dot(q, keys.slice(8 * t, 8 * t + 8)) / Math.sqrt(8));
    const weights = scores.map((score) => Math.exp(score - Math.max(...scores)));
    const total = weights.reduce((a, b) => a + b);
    near(taken(mix, 8), Array.from({ length: 8 }, (_, i) => weights.reduce((sum, w, t) => sum + (w / total) * values[8 * t + i], 0)));
  }
});

test("the gate, from far below zero to far above", () => {
  const gate = [-300, -88, -20, -1, -0.01, 0, 0.5, 3, 30, 87, 88, 300].map(Math.fround);
  const up = wave(12, 6);
  const at = put(gate);
  code.swiglu(at, put(up), 12);
  near(taken(at, 12), gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]));
});

test("an adapter's part is added", () => {
  const [rank, columns, rows] = [3, 20, 8];
  const [x, a, b, y] = [wave(columns, 1), wave(rank * columns, 2), wave(rank * rows, 3), wave(rows, 4)];
  const at = put(y);
  code.add_thin(put(x), put(a), put(b), at, rank, columns, rows);
  near(taken(at, rows), y.map((value, i) => {
    const parts = Array.from({ length: rank }, (_, r) => dot(x, a.slice(r * columns, r * columns + columns)) * b[r * rows + i]);
    return value + parts.reduce((sum, part) => sum + part, 0);
  }));
});

test("the likeliest token, its lead and the sum behind its probability", () => {
  for (const place of [0, 5, 63]) {
    const logits = wave(64, 8);
    logits[place] = 9;
    const out = put([0, 0, 0, 0]);
    code.likeliest(put(logits), out, 64);
    const [found, first, second, total] = taken(out, 4);
    assert.deepEqual([found, first], [place, 9]);
    assert.equal(second, Math.max(...logits.filter((_, i) => i !== place)));
    near([total], [logits.reduce((sum, logit) => sum + Math.exp(logit - 9), 0)]);
  }
});
