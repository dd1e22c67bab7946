/** Python's memory grows to its bound and no further, whoever asks. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { boundMemory, memoryOf } from "../../overrides/labs/memory.js";

const PAGE = 65_536;

test("up to the bound, and not beyond", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  boundMemory(memory, 3 * PAGE);
  assert.equal(memory.grow(2), 1);
  assert.throws(() => memory.grow(1), RangeError);
  assert.equal(memory.grow(0), 3);
  assert.equal(memory.buffer.byteLength, 3 * PAGE);
});

test("where Pyodide shows no memory nothing is bounded", () => {
  assert.equal(memoryOf({ _module: { a: 1 } }), undefined);
  boundMemory(undefined);
});
