/** The kernels for packed weights against plain loops over the same bytes: both kinds, exact, quick, and as floats. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { makeBlocks, SCRATCH_BYTES } from "../../overrides/labs/real/blocks.js";

const FILE = new URL("../../overrides/labs/real/blocks.wasm", import.meta.url);
const SHA256 = "ab0e81a785a9d5fb677dba0957f39999f3835b35b8f2c32c03f7426ea2873582";
const SOURCES_SHA256 = "4c070dba1eaca1b78dba872cc4609aeff17e5eb5efe5f86328ae47d5813e321a";
const KINDS = [{ code: 0, size: 20 }, { code: 1, size: 34 }];

const bytes = readFileSync(FILE);
const module = new WebAssembly.Module(bytes);
const memory = new WebAssembly.Memory({ initial: 16 });
const view = new DataView(memory.buffer);
const floats = new Float32Array(memory.buffer);
const [SCRATCH, W, X, Y] = [1024, 65_536, 393_216, 524_288];
const blocks = makeBlocks(module, memory, SCRATCH);

/** A 16-bit float by its definition. */
function half(bits) {
  const [sign, exponent, rest] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest / 1024) : 2 ** -14 * (rest / 1024));
}

/** Random packed weights at W; steps of every size down to the smallest that there are. @returns {number[][]} by row */
function weights({ code, size }, rows, columns, seed) {
  let state = seed;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  const found = [];
  for (let r = 0; r < rows; r += 1) {
    found.push([]);
    for (let b = 0; b < columns / 32; b += 1) {
      const at = W + (r * (columns / 32) + b) * size;
      for (let i = 0; i < size; i += 1) view.setUint8(at + i, Math.floor(random() * 256));
      const steps = [0x2000 + (Math.floor(random() * 4096) | 0), random() < 0.2 ? 5 : 0xa000 + Math.floor(random() * 2048)];
      view.setUint16(at, b % 7 === 3 ? 9 : steps[0], true);
      if (code === 0) view.setUint16(at + 2, steps[1], true);
      const step = half(view.getUint16(at, true));
      for (let i = 0; i < 32; i += 1) {
        if (code === 1) found[r].push(step * view.getInt8(at + 2 + i));
        else {
          const byte = view.getUint8(at + 4 + (i % 16));
          found[r].push(step * (i < 16 ? byte & 15 : byte >> 4) + half(view.getUint16(at + 2, true)));
        }
      }
    }
  }
  return found;
}

const activations = (count, seed) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(seed + i * 1.37) * (i % 32 === 5 ? 9 : 1)));

/** As the quick path rounds: each block's largest becomes 32767. */
function rounded(x) {
  const out = [];
  for (let b = 0; b < x.length; b += 32) {
    const block = x.slice(b, b + 32);
    const step = Math.fround(Math.max(...block.map(Math.abs)) / 32767);
    for (const value of block) out.push(step ? Math.round(value / step) * step : 0);
  }
  return out;
}

function check(kind, rows, columns, count, quick) {
  const matrix = weights(kind, rows, columns, 17 + columns);
  floats.fill(7, Y / 4, Y / 4 + count * rows + 8);
  const inputs = Array.from({ length: count }, (_, i) => activations(columns, i));
  inputs.forEach((x, i) => floats.set(x, X / 4 + i * columns));
  blocks.multiply(kind.code, W, X, Y, rows, columns, count, quick);
  inputs.forEach((x, i) => {
    const used = quick ? rounded(x) : x;
    matrix.forEach((row, r) => {
      const wanted = row.reduce((sum, weight, k) => sum + weight * used[k], 0);
      const size = row.reduce((sum, weight, k) => sum + Math.abs(weight * used[k]), 0);
      const found = floats[Y / 4 + i * rows + r];
      // A value that lies between two whole numbers may be rounded either way: one step of one activation.
      const slack = quick ? 1e-5 * size : 2e-6 * size;
      assert.ok(Math.abs(found - wanted) <= slack + 1e-12, `${kind.code} ${quick} ${[rows, columns, i, r]}: ${found}, not ${wanted}`);
    });
  });
  assert.ok(floats.slice(Y / 4 + count * rows, Y / 4 + count * rows + 8).every((x) => x === 7), "written past the end");
}

for (const kind of KINDS)
  for (const quick of [false, true])
    test(`products with kind ${kind.code}, ${quick ? "quick" : "exact"}`, () => {
      for (const [rows, columns, count] of [[1, 32, 1], [3, 64, 2], [5, 576, 1], [4, 1536, 3]]) check(kind, rows, columns, count, quick);
    });

test("weights as floats", () => {
  for (const kind of KINDS) {
    const wanted = weights(kind, 4, 96, 3).flat();
    blocks.expand(kind.code, W, Y, 12);
    wanted.forEach((weight, i) => assert.ok(Math.abs(floats[Y / 4 + i] - weight) <= 1e-6 * Math.abs(weight) + 1e-9, `${kind.code} ${i}`));
  }
});

test("activations of zero give zero, or the lowest values times nothing", () => {
  for (const kind of KINDS) {
    weights(kind, 2, 64, 5);
    floats.fill(0, X / 4, X / 4 + 64);
    for (const quick of [false, true]) {
      blocks.multiply(kind.code, W, X, Y, 2, 64, 1, quick);
      assert.deepEqual([...floats.slice(Y / 4, Y / 4 + 2)].map((x) => x + 0), [0, 0]);
    }
  }
});

test("a row that is wider than the scratch is refused", () => {
  assert.throws(() => blocks.multiply(0, W, X, Y, 1, 4096, 1, false), /4096/);
  assert.ok(SCRATCH_BYTES < 16_000);
});

test("the module is the one that was built from this source", () => {
  const source = Buffer.concat(["blocks.c", "step.c"].map((name) => readFileSync(new URL(name, FILE))));
  const sha = (content) => createHash("sha256").update(content).digest("hex");
  assert.equal(sha(source), SOURCES_SHA256, "blocks.c or step.c has changed: build it again (overrides/build/blocks_wasm.py)");
  assert.equal(sha(bytes), SHA256, "blocks.wasm is not the one that was built");
});

test("the module keeps nothing in a memory that is not its own", () => {
  assert.deepEqual(WebAssembly.Module.imports(module).map(({ module: from, name, kind }) => `${kind} ${from}.${name}`), ["memory env.memory"]);
  const sections = [];
  for (let at = 8; at < bytes.length; ) {
    sections.push(bytes[at]);
    let [size, shift] = [0, 0];
    do {
      at += 1;
      size |= (bytes[at] & 127) << shift;
      shift += 7;
    } while (bytes[at] & 128);
    at += 1 + size;
  }
  assert.ok(!sections.includes(11), "a data section would overwrite Python's memory");
});

test("nothing is written but the result and the scratch", () => {
  for (const kind of KINDS)
    for (const quick of [false, true]) {
      weights(kind, 4, 576, 2);
      floats.set(activations(576, 1), X / 4);
      const before = new Uint8Array(memory.buffer).slice();
      blocks.multiply(kind.code, W, X, Y, 4, 576, 1, quick);
      const after = new Uint8Array(memory.buffer);
      for (let at = 0; at < before.length; at += 1) {
        if (before[at] !== after[at]) assert.ok((at >= SCRATCH && at < SCRATCH + SCRATCH_BYTES + 15) || (at >= Y && at < Y + 16), String(at));
      }
    }
});
