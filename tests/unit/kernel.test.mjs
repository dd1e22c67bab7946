/** The SIMD kernel against three plain loops, at shapes that meet every edge of its tiles. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { kernelBytes, makeKernel, useKernel } from "../../overrides/labs/kernel.js";

const memory = new WebAssembly.Memory({ initial: 64 });
const floats = new Float32Array(memory.buffer);
const multiply = makeKernel(memory);

function check(rows, columns, inner, pairs = 1) {
  const [a, b] = [0, pairs * rows * inner];
  const c = b + pairs * inner * columns;
  const end = c + pairs * rows * columns;
  for (let i = 0; i < c; i += 1) floats[i] = Math.sin(i * 1.7 + rows);
  floats.fill(7, c, end + 8);
  multiply(4 * a, 4 * b, 4 * c, rows, columns, inner, pairs);
  for (let p = 0; p < pairs; p += 1)
    for (let i = 0; i < rows; i += 1)
      for (let j = 0; j < columns; j += 1) {
        let sum = 0;
        for (let k = 0; k < inner; k += 1)
          sum += floats[a + p * rows * inner + i * inner + k] * floats[b + p * inner * columns + k * columns + j];
        const found = floats[c + p * rows * columns + i * columns + j];
        assert.ok(Math.abs(found - sum) < 1e-4 * Math.max(1, inner / 8), `${[rows, columns, inner, p, i, j]}: ${found}, not ${sum}`);
      }
  assert.ok(floats.slice(end, end + 8).every((x) => x === 7), "written past the end");
}

test("every remainder of rows and columns", () => {
  for (let rows = 1; rows <= 9; rows += 1) for (let columns = 1; columns <= 17; columns += 1) check(rows, columns, 5);
});

test("the sizes of the tiny GPT", () => {
  for (const shape of [[70, 64, 64], [70, 256, 64], [64, 256, 70], [70, 4, 64], [4, 64, 70], [70, 251, 64]]) check(...shape);
});

test("stacks of matrices, and one inner entry", () => {
  check(7, 9, 16, 5);
  check(33, 12, 1, 2);
});

test("about a kilobyte, and a valid module", () => {
  assert.ok(WebAssembly.validate(kernelBytes()));
  assert.ok(kernelBytes().length < 3000, String(kernelBytes().length));
});

test("without a memory to share, numpy goes on multiplying", () => {
  assert.equal(useKernel({ _module: { HEAP8: 1 } }), false);
  assert.equal(useKernel({}), false);
  const broken = { _module: { memory }, pyimport: () => { throw new Error("no such module"); } };
  assert.equal(useKernel(broken), false);
});

test("the kernel is handed to labs_py", () => {
  let given;
  const python = { _module: { other: 1, memory }, pyimport: () => ({ use: (f) => { given = f; }, destroy() {} }) };
  assert.equal(useKernel(python), true);
  assert.equal(typeof given, "function");
});
