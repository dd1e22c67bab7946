// Questions come back after growing pauses, wrong ones at once, and no entry of a record can break the schedule.
import assert from "node:assert/strict";
import test from "node:test";

import { dayOf, daysLeft, due, noted, PAUSES, schedule } from "../../overrides/assets/due.js";
import { sound } from "../../overrides/assets/kept.js";
import { takeIn } from "../../overrides/assets/take_in.js";

const later = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

test("the pauses are a day, three, seven and twenty-one days, and a wrong answer brings a question back at once", () => {
  assert.deepEqual(PAUSES, [0, 1, 3, 7, 21]);
  let day = "2026-12-01";
  let entry = noted(undefined, true, day);
  for (const pause of [1, 3, 7, 21, 21]) {
    assert.equal(daysLeft(entry, day), pause);
    assert.equal(daysLeft(entry, later(day, pause)), 0);
    day = later(day, pause);
    entry = noted(entry, true, day);
  }
  entry = noted(entry, false, day);
  assert.equal(daysLeft(entry, day), 0);
  assert.equal(daysLeft(noted(entry, true, day), day), 1);
});

test("what was answered before days were noted is due, and a clock that was set back puts nothing off", () => {
  assert.equal(daysLeft(undefined, "2026-12-01"), 0);
  assert.equal(daysLeft({ at: "2031-01-01", step: 2 }, "2026-12-01"), 3);
  assert.equal(dayOf(new Date(2026, 11, 1, 0, 30)), "2026-12-01");
  assert.equal(dayOf(new Date(2026, 11, 1, 23, 30)), "2026-12-01");
});

const RECORD = {
  "quiz:a/": { 0: 1, 1: 2, 2: 0 },
  "asked:a/": { 0: { at: "2026-11-01", step: 1 }, 1: { at: "2026-11-30", step: 4 }, 2: { at: "2026-11-20", step: 1 } },
  "quiz:b/#1": { 0: 0 },
  "quiz:c/": null,
  "lab:x": { challenges: {} },
};

test("the latest comes first, pages take turns, and what is not due waits", () => {
  assert.deepEqual(schedule(RECORD, "2026-12-01").map(({ left }) => left), [-29, -10, 0, 20]);
  assert.deepEqual(due(RECORD, "2026-12-01").map(({ page, question }) => page + question), ["a/0", "b/#10", "a/2"]);
  assert.deepEqual(due({}, "2026-12-01"), []);
});

test("an entry that is none is left out", () => {
  const junk = { 0: { at: "never", step: 1 }, 1: { at: "2026-12-01", step: 9 }, 2: null, 3: { at: "2026-13-45", step: 0 }, 4: { at: "2026-12-01", step: 2, more: "x" } };
  assert.deepEqual(sound("asked:a/", junk), { 4: { at: "2026-12-01", step: 2 } });
  assert.deepEqual(sound("exercise:x", { text: 3, former: "mine", tries: -1, hints: 2, result: "great", solved: "yes" }), { former: "mine", hints: 2 });
});

test("a file keeps the code that stands here, and what was solved in either", () => {
  const kept = { "exercise:x": { text: "mine", result: "wrong", tries: 3 }, "asked:a/": { 0: { at: "2026-11-01", step: 1 }, 1: { at: "2026-12-01", step: 0 } } };
  const storage = { read: (key) => kept[key] ?? null, write: (key, value) => Boolean((kept[key] = value)) };
  const entries = {
    "exercise:x": { text: "theirs", result: "right", tries: 1, solved: true },
    "exercise:y": { text: "new", result: "right", tries: 1, solved: true },
    "asked:a/": { 0: { at: "2026-11-09", step: 2 }, 1: { at: "2026-11-09", step: 2 } },
  };
  const { taken, left } = takeIn(JSON.stringify({ format: "stage10-progress", version: 1, entries }), storage);
  assert.equal(taken, 3);
  assert.equal(left.length, 1);
  assert.deepEqual(kept["exercise:x"], { text: "mine", tries: 3, result: "wrong", solved: true });
  assert.deepEqual(kept["exercise:y"], entries["exercise:y"]);
  assert.deepEqual(kept["asked:a/"], { 0: { at: "2026-11-09", step: 2 }, 1: { at: "2026-12-01", step: 0 } });
});
