/** What stands in the browser's storage is looked at before it is used, and a file is laid to it entry by entry. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sound } from "../../overrides/assets/kept.js";
import { loaded, merge, takeIn } from "../../overrides/assets/take_in.js";

const JUNK = [null, 7, "x", [], {}, [1], { a: null }, { challenges: 5, predictions: [null] }, { predictions: { p: null, q: { guess: "1", answer: 2 } } },
  { challenges: { c: { seed: "NaN", tries: -1, result: "maybe" } } }, { __proto__: { x: 1 } }, { steps: 3 }, { steps: [null, { why: 1 }] },
  { picks: 3, words: { a: 1 } }, { "labs_py.core.lora:x": "text" }, { 0: 1.5, 1: "2" }];
const KEYS = ["lab:lora", "quiz:labs/lora", "inputs:rlhf", "code:lora", "undo:lora", "else:x", "", "probe"];

/** Storage for tests; `full` refuses everything. */
function storage(entries = {}, full = false) {
  const kept = { ...entries };
  return { kept, read: (key) => kept[key] ?? null, write: (key, value) => !full && Boolean((kept[key] = value)) };
}

const file = (entries) => JSON.stringify({ format: "stage10-progress", version: 1, entries });

test("whatever stands there, what is read has the form that is expected", () => {
  for (const key of KEYS) {
    for (const value of JUNK) {
      const found = sound(key, value);
      if (found === null) continue;
      if (key.startsWith("lab:")) {
        for (const entry of Object.values(found.predictions)) assert.ok(Number.isFinite(entry.guess) && Number.isFinite(entry.answer));
        for (const entry of Object.values(found.challenges)) assert.ok(entry.result || Number.isInteger(entry.seed));
      }
      if (key.startsWith("inputs:")) assert.ok(Object.values(found).every((part) => typeof part === "string" || Array.isArray(part)));
      if (key.startsWith("code:")) assert.ok(Object.values(found).every(({ text }) => typeof text === "string"));
      if (key.startsWith("quiz:")) assert.ok(Object.values(found).every(Number.isInteger));
      if (key.startsWith("undo:")) assert.ok(found.steps.every(({ why }) => typeof why === "string"));
      assert.deepEqual(sound(key, found), found, "what is sound stays as it is");
    }
  }
});

test("a sound entry loses nothing", () => {
  const record = { version: "1", challenges: { c: { result: "right", seed: 3, tries: 2, solved: true, at: "2026" } }, predictions: { p: { guess: 1, answer: 2, right: false, at: "2026" } } };
  assert.deepEqual(sound("lab:lora", record), record);
  assert.deepEqual(sound("inputs:rlhf", { picks: [[1, "A"]], words: "x" }), { picks: [[1, "A"]], words: "x" });
  assert.deepEqual(sound("quiz:labs/x/", { 0: 1, 2: 0 }), { 0: 1, 2: 0 });
});

test("a file comes in beside what stands here, and what does not come in is said", () => {
  const here = storage({
    "lab:lora": { version: "1", challenges: { a: { result: "right", seed: 2, tries: 1, solved: true, at: "2026-01-01" } }, predictions: { p: { guess: 1, answer: 2, right: false, at: "" } } },
    "inputs:rlhf": { picks: [[0, "A"], [1, "B"]] },
    "inputs:evidence": { results: "mine" },
  });
  const done = takeIn(file({
    "stage10:lab:lora": { version: "1", challenges: { a: { result: "wrong", seed: 5, tries: 9, at: "2026-02-02" }, b: { result: "right", seed: 1 } }, predictions: { q: { guess: 3, answer: 4 }, bad: null } },
    "inputs:rlhf": { picks: [[1, "A"], [2, "B"]] },
    "inputs:evidence": { results: "theirs" },
    "stage10:what": { ever: 1 },
    "quiz:x": 7,
  }), here);
  const { challenges, predictions } = here.kept["lab:lora"];
  assert.ok(challenges.a.solved && challenges.a.tries === 9 && challenges.b.result === "right");
  assert.deepEqual(Object.keys(predictions).sort(), ["p", "q"]);
  assert.deepEqual(here.kept["inputs:rlhf"].picks, [[0, "A"], [1, "B"], [2, "B"]]);
  assert.equal(here.kept["inputs:evidence"].results, "mine");
  assert.equal(done.taken, 3);
  const said = loaded(done);
  assert.match(said, /^Loaded 3 entries\. Not taken: /);
  assert.equal(done.left.length, 4);
});

test("a full browser and a file that is too large are said", () => {
  const done = takeIn(file({ "quiz:x": { 0: 1 } }), storage({}, true));
  assert.equal(done.taken, 0);
  assert.match(loaded(done), /Loaded 0 entries\. Not taken: .*does not fit/);
  assert.throws(() => takeIn(file({ "inputs:evidence": { results: "x".repeat(12_000_000) } }), storage()), /too large \(12 MB/);
  for (const text of ["", "{", "[]", "null", '{"format": "other", "entries": {}}', '{"format": "stage10-progress", "entries": 3}']) {
    assert.throws(() => takeIn(text, storage()), /record/);
  }
});

test("merging twice changes nothing", () => {
  const mine = sound("inputs:rlhf", { picks: [[0, "A"]] });
  const once = merge("inputs:rlhf", mine, { picks: [[3, "B"]] }).value;
  assert.deepEqual(merge("inputs:rlhf", once, { picks: [[3, "B"]] }).value, once);
});
