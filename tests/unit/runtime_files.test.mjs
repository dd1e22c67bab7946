/** The runtime's cache: a folder with any file cut off, altered or gone is made anew, and never handed on. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { filledOnce, isSound, sentenceFor } from "../../overrides/build/runtime_files.mjs";

const NAMES = ["manifest.json", "a.pack", "b.wasm", "sums.json"];

async function filled(folder, times) {
  return filledOnce(folder, (part) => {
    times.count += 1;
    for (const name of NAMES.slice(0, 3)) fs.writeFileSync(path.join(part, name), `{"${name}": ${"x".repeat(50)}}`);
  });
}

test("each file of the cache, damaged in each way, is noticed and mended", async () => {
  const folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "cache 'ü\" ")), "built");
  const times = { count: 0 };
  await filled(folder, times);
  await filled(folder, times);
  assert.equal(times.count, 1, "a sound one is kept");
  const damages = {
    cut: (file) => fs.truncateSync(file, 10),
    empty: (file) => fs.truncateSync(file, 0),
    altered: (file) => fs.appendFileSync(file, " "),
    gone: (file) => fs.rmSync(file),
    "a folder": (file) => (fs.rmSync(file), fs.mkdirSync(file)),
  };
  for (const [how, damage] of Object.entries(damages)) {
    for (const name of NAMES) {
      if (how === "altered" && name === "sums.json") continue; // a space more says the same
      damage(path.join(folder, name));
      assert.ok(!isSound(folder), `${name} ${how}`);
      const before = times.count;
      await filled(folder, times);
      assert.equal(times.count, before + 1, `${name} ${how}`);
      assert.ok(isSound(folder));
    }
  }
});

test("a folder that was filled before hashes were noted, or is a file, is made anew", async () => {
  const folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "cache")), "built");
  const times = { count: 0 };
  fs.mkdirSync(folder);
  await filled(folder, times);
  fs.rmSync(folder, { recursive: true });
  fs.writeFileSync(folder, "no folder");
  await filled(folder, times);
  assert.equal(times.count, 2);
});

test("what stands in the way is named in one line", () => {
  assert.match(sentenceFor(Object.assign(new Error(), { code: "ENOTDIR", path: "/c/runtime" })), /^\/c\/runtime is in the way/);
});
