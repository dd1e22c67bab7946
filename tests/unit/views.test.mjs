/** Views of a lab's own: what they say of a frame. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { html } from "../../overrides/labs/html.js";
import { tale } from "../../overrides/labs/views/finetune.js";
import { pushesOf } from "../../overrides/labs/views/rlhf.js";

const FEATURES = [["Words", "58", "28"], ["Hedges", "0", "4"], ["Refuses", "no", "yes"], ["Lists", "2", "2"], ["Correct", "no truth to match", "no truth to match"]];

test("a pick pushes up what the better answer has more of, and down what it has less of", () => {
  assert.deepEqual(pushesOf(FEATURES, "A"), [1, -1, -1, 0, 0]);
  assert.deepEqual(pushesOf(FEATURES, "B").map((sign) => sign + 0), [-1, 1, 1, 0, 0]);
  assert.deepEqual(pushesOf(FEATURES, "skip").map((sign) => sign + 0), [0, 0, 0, 0, 0]);
});

test("learnt and forgotten are said side by side, and a fall of the old loss is nothing forgotten", () => {
  const rows = [{ now: "greed loses all. ■", wanted: "greed loses all." }, { now: "greed", wanted: "greed loses all." }];
  const scalars = (old) => ({ old_loss: { value: old }, old_loss_before: { value: 0.27 } });
  assert.match(tale(html, rows, scalars(0.46)).text, /Learnt: 1 of 2 stories.*●○.*Forgotten: 0\.19 nats.*--share:38%/s);
  assert.match(tale(html, rows, scalars(0.2)).text, /Forgotten: 0\.00 nats.*--share:0%/s);
});
