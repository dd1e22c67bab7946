// Answers to questions that moved to another page: they go along once, and nothing else is touched.
import assert from "node:assert/strict";
import test from "node:test";

import { carry, MOVED } from "../../overrides/assets/moved.js";

const RUNG = "quiz:articles/10-fine-tuning/rlhf-dpo-grpo/";
const PAIRS = "quiz:articles/10-fine-tuning/preference-tuning/";
const TRIALS = "quiz:articles/10-fine-tuning/reinforcement-learning/";

function storage(entries, full = false) {
  const kept = { ...entries };
  const write = (key, value) => {
    if (full && value !== null) return false;
    if (value === null) delete kept[key];
    else kept[key] = value;
    return true;
  };
  return { kept, read: (key) => kept[key] ?? null, write };
}

test("the answers of the rung go to its two parts, and the one that stays stays", () => {
  const store = storage({ [RUNG]: { 0: 1, 1: 2, 2: 0, 3: 1, 4: 2 }, "quiz:labs/lora/": { 0: 1 } });
  carry(store);
  assert.deepEqual(store.kept, {
    [RUNG]: { 4: 2 }, [PAIRS]: { 0: 1, 1: 2, 2: 1 }, [TRIALS]: { 0: 0 }, "quiz:labs/lora/": { 0: 1 },
  });
});

test("a second time changes nothing", () => {
  const store = storage({ [RUNG]: { 0: 1, 4: 2, 7: 0 } });
  carry(store);
  const once = structuredClone(store.kept);
  carry(store);
  assert.deepEqual(store.kept, once);
});

test("an answer that stands at the new place stays, and an emptied record goes", () => {
  const store = storage({ [RUNG]: { 0: 1 }, [PAIRS]: { 0: 2, 3: 1 } });
  carry(store);
  assert.deepEqual(store.kept, { [PAIRS]: { 0: 2, 3: 1 } });
});

test("without room in the browser's storage nothing is lost", () => {
  const entries = { [RUNG]: { 0: 1, 4: 2 } };
  const store = storage(entries, true);
  carry(store);
  assert.deepEqual(store.kept, entries);
});

test("no question goes to a place that another one has", () => {
  const places = Object.values(MOVED).flatMap((questions) => Object.values(questions).map(String));
  assert.equal(new Set(places).size, places.length);
});
