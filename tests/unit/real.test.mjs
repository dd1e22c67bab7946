/** The real model's page, as far as it needs no browser: rows of the reader, the line of the losses, the time left. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { percent } from "../../overrides/labs/real/columns.js";
import { MOST_ROWS, parseRows } from "../../overrides/labs/real/rows.js";
import { lasting, linePoints, MARGIN, verdict } from "../../overrides/labs/real/training.js";

const pair = (question, answer) => [{ role: "user", content: question }, { role: "assistant", content: answer }];

test("a row is a pair, or JSON in either form", () => {
  const text = 'a? => b\n\n c\td \n{"prompt": "e", "completion": "f"}\n{"messages": [{"role": "user", "content": "g"}, {"role": "assistant", "content": "h"}]}';
  const { rows, faults } = parseRows(text);
  assert.deepEqual(faults, []);
  assert.deepEqual(rows.map(({ messages }) => messages), [pair("a?", "b"), pair("c", "d"), pair("e", "f"), pair("g", "h")]);
});

test("what is no row is named by its line", () => {
  const { rows, faults } = parseRows('no arrow\n => b\n{"a"\n{"messages": []}\n{"messages": [{"role": "user", "content": "x"}]}\na => b => c');
  assert.deepEqual(rows, []);
  assert.deepEqual(faults.map((fault) => fault.slice(0, 7)), [1, 2, 3, 4, 5, 6].map((line) => `Line ${line}:`));
});

test("too many rows are refused", () => {
  assert.match(parseRows(Array(MOST_ROWS + 1).fill("a => b").join("\n")).faults[0], /at most 50/);
});

test("the losses' line stays in its picture", () => {
  assert.equal(linePoints([2, 1], 2), "0.0,0.0 320.0,45.0");
  assert.equal(linePoints([0], 1), "0.0,90.0");
});

test("time and shares in words", () => {
  assert.deepEqual([lasting(0.2), lasting(61), lasting(200)], ["a second", "61 seconds", "3 minutes"]);
  assert.deepEqual([percent(0.001), percent(0.5), percent(0.999)], ["1%", "50%", "over 99%"]);
});

test("the verdict tells the loss within the gate's margin from one beyond it, and a question that was lost", () => {
  const found = (loss, ...right) => ({ loss, general: right.map((isRight) => ["", isRight]), held: [] });
  assert.match(verdict(found(4, true), found(4 + MARGIN, true)), /4\.000 to 4\.050.*0\.050 worse.*within the gate/);
  assert.match(verdict(found(4, true), found(4.06, true)), /hold this adapter back/);
  assert.match(verdict(found(4, true, true), found(3.9, true, false)), /2 right, yours 1.*0\.100 better.*hold this adapter back/);
  const held = { loss: 4, general: [], held: [["a", false], ["b", true]] };
  assert.match(verdict(held, held), /^Of 2 rows that were not learnt the base model answers 1 word for word, yours 1\./);
  assert.doesNotMatch(verdict(found(4), found(4)), /not learnt/);
});
