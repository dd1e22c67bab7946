/** Challenges: a task drawn by seed in Python, an answer, and a verdict that says what went wrong. */

import { isLinked } from "../state.js";
import { keep, recordOf } from "./record.js";

const MARKS = { untried: "not tried yet", wrong: "\u2717 not yet", right: "\u2713 solved" };

/** @param {import("./element.js").LabView} lab */
export function mountChallenges(lab) {
  for (const challenge of lab.spec.challenges) {
    const item = lab.querySelector(`[data-challenge="${challenge.name}"]`);
    if (item) mountChallenge(lab, challenge, item);
  }
}

function mountChallenge(lab, challenge, item) {
  const { signal } = lab;
  const kept = recordOf(lab.spec.slug).challenges[challenge.name] || {};
  const state = { seed: Number.isInteger(kept.seed) ? kept.seed : 1, task: lab.tasks[challenge.name] };
  mark(item, ["right", "wrong"].includes(kept.result) ? kept.result : "untried");
  item.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    check(lab, challenge, item, state);
  }, { signal });
  item.querySelector('[data-action="set-task"]').addEventListener("click", () => setTask(lab, challenge, item, state), { signal });
  item.querySelector('[data-action="new-task"]').addEventListener("click", () => newTask(lab, challenge, item, state), { signal });
  if (state.seed !== 1) drawAgain(lab, challenge, item, state);
}

const AGAIN = "The task that you drew on an earlier visit comes as soon as Python runs.";

/** The task in the page is that of the first seed: until the reader's own is drawn, an answer would be to the wrong question. */
async function drawAgain(lab, challenge, item, state) {
  const first = { seed: 1, task: state.task, prompt: item.querySelector('[data-part="prompt"]').textContent };
  const parts = item.querySelectorAll('[data-answer], form button:not([data-action="new-task"])');
  const typed = item.querySelector("[data-answer]")?.value;
  parts.forEach((part) => (part.disabled = true));
  item.querySelector('[data-part="prompt"]').textContent = AGAIN;
  try {
    const { seed } = state;
    await lab.bridge.boot();
    if (lab.signal.aborted) return;
    if (state.seed === seed) await draw(lab, challenge, item, state);
    if (typed) say(item, "What you typed was for the task that stood here before yours came.");
  } catch (error) {
    state.seed = first.seed;
    item.querySelector('[data-part="prompt"]').textContent = first.prompt;
    say(item, `${error.message} This is the first task, not the one that you had drawn.`);
  } finally {
    parts.forEach((part) => (part.disabled = false));
  }
}

function mark(item, result) {
  item.dataset.result = result;
  item.querySelector('[data-part="mark"]').textContent = MARKS[result];
}

function say(item, text) {
  item.querySelector('[data-part="reply"]').textContent = text;
}

/** Draws the task of the current seed and writes what it asks. */
async function draw(lab, challenge, item, state) {
  state.task = await lab.bridge.call("draw", { slug: lab.spec.slug, challenge: challenge.name, seed: state.seed });
  item.querySelector('[data-part="prompt"]').textContent = state.task.prompt;
}

async function newTask(lab, challenge, item, state) {
  state.seed = 2 + (crypto.getRandomValues(new Uint32Array(1))[0] % 100_000);
  say(item, "");
  try {
    await draw(lab, challenge, item, state);
  } catch (error) {
    say(item, error.message);
    return;
  }
  const field = item.querySelector("[data-answer]");
  if (field) field.value = "";
  mark(item, "untried");
  keep(lab, "challenges", challenge.name, { seed: state.seed });
  setTask(lab, challenge, item, state);
}

async function setTask(lab, challenge, item, state) {
  // A task names all settings; what it leaves as it came says nothing of what the reader made.
  const asked = lab.spec.params.filter((p) => p.name in state.task.params && (isLinked(p) || JSON.stringify(state.task.params[p.name]) !== JSON.stringify(p.default)));
  const frame = await lab.setParams(Object.fromEntries(asked.map(({ name }) => [name, state.task.params[name]])), {
    over: "defaults", run: Boolean(state.task.params.train), why: challenge.title });
  if (frame) say(item, "The lab now stands at this task\u2019s settings.");
}

async function check(lab, challenge, item, state) {
  const field = item.querySelector("[data-answer]");
  if (field && field.value.trim() === "") {
    say(item, challenge.choices.length ? "Choose one of the answers first." : "Type a number first.");
    return;
  }
  if (!lab.bridge.booted) say(item, "Starting Python to check this\u2026");
  try {
    const verdict = await lab.bridge.call("check", {
      slug: lab.spec.slug, challenge: challenge.name, seed: state.seed, params: lab.params, answer: field ? field.value : null });
    const { result = "untried", solved = false, tries = 0 } = recordOf(lab.spec.slug).challenges[challenge.name] || {};
    mark(item, verdict.result);
    say(item, verdict.message);
    keep(lab, "challenges", challenge.name, {
      result: verdict.result, seed: state.seed, tries: tries + 1, solved: solved || result === "right" || verdict.result === "right" });
  } catch (error) {
    say(item, error.message);
  }
}
