/** Predictions: a number is locked in, then the lab runs those settings and shows what it says. */

import { number, scalar } from "../format.js";
import { html, setHtml } from "../html.js";
import { readAnswer } from "../numbers.js";
import { keep, recordOf } from "./record.js";

/** How long a locked answer can be taken back before the lab says its own. */
const SECOND_THOUGHT = 2500;

/**
 * How a guess compares with the answer.
 * @param {any} prediction
 * @param {number} guess
 * @param {number} answer
 */
export function judge(prediction, guess, answer) {
  const scale = Math.max(Math.abs(answer), 1e-12);
  const off = Math.abs(guess - answer) / scale;
  const right = prediction.choices?.length ? Math.abs(guess - answer) <= 1e-9 * Math.max(1, scale) : off <= prediction.tolerance;
  const ratio = answer !== 0 && guess / answer > 0 ? guess / answer : null;
  return { right, off, ratio };
}

/** @param {import("./element.js").LabView} lab */
export function mountPredictions(lab) {
  const { spec, signal } = lab;
  for (const prediction of spec.predictions) {
    const item = lab.querySelector(`[data-prediction="${prediction.name}"]`);
    if (!item) continue;
    const output = spec.outputs.find((o) => o.name === prediction.reveal) || {};
    const done = recordOf(spec.slug).predictions[prediction.name];
    if (done && Number.isFinite(done.answer)) {
      item.querySelector("[data-answer]").value = String(done.guess); // over what was typed before it could be sealed
      reveal(item, prediction, output, done.guess, done.answer);
    }
    item.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      lock(lab, item, prediction, output);
    }, { signal });
  }
  lab.addEventListener("lab-progress", () => showCalibration(lab), { signal });
  showCalibration(lab);
}

/** The number that was typed or chosen, or what to ask back. @returns {{value: number} | {ask: string}} */
function guessOf(prediction, output, text) {
  if (!prediction.choices.length) return readAnswer(text, { format: output.format, unit: output.unit || prediction.unit });
  return text === "" ? { ask: "Choose one of the answers first." } : { value: Number(text) };
}

async function lock(lab, item, prediction, output) {
  const field = item.querySelector("[data-answer]");
  const reply = item.querySelector('[data-part="reply"]');
  const { value: guess, ask } = guessOf(prediction, output, field.value);
  if (ask) {
    reply.textContent = ask;
    return;
  }
  seal(item, field);
  const wait = secondThought(lab, item, labelOf(prediction, output, guess));
  if (!(await wait)) {
    if (lab.signal.aborted) return;
    unseal(item, field);
    reply.textContent = "Taken back. Your number is still here: change it and lock it in again.";
    return;
  }
  reply.textContent = `Locked in: ${labelOf(prediction, output, guess)}. The lab is computing the answer\u2026`;
  const frame = await lab.setParams(prediction.params, { over: "defaults", run: Boolean(prediction.params.train), why: "the prediction" });
  const answer = frame?.scalars[prediction.reveal]?.value;
  if (!Number.isFinite(answer)) {
    unseal(item, field);
    reply.textContent = "The lab was stopped before it had the answer. Your number is still here: lock it in again.";
    return;
  }
  keep(lab, "predictions", prediction.name, { guess, answer, right: judge(prediction, guess, answer).right });
  reveal(item, prediction, output, guess, answer);
}

/** Says how the answer was read, and lets the reader take it back. @returns {Promise<boolean>} whether it stands */
function secondThought(lab, item, label) {
  const reply = item.querySelector('[data-part="reply"]');
  setHtml(reply, html`Locked in: <strong>${label}</strong>. <button type="button" class="lab-button lab-button--quiet" data-action="take-back">Correct
    it</button> <button type="button" class="lab-button lab-button--quiet" data-action="reveal">Show the answer</button>`);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), SECOND_THOUGHT);
    const end = (stands) => {
      clearTimeout(timer);
      resolve(stands);
    };
    reply.querySelector('[data-action="take-back"]').addEventListener("click", () => end(false));
    reply.querySelector('[data-action="reveal"]').addEventListener("click", () => end(true));
    lab.signal.addEventListener("abort", () => end(false));
    lab.addEventListener("lab-moved", () => end(false), { once: true }); // what is asked was to be run next
  });
}

function seal(item, field) {
  field.disabled = true;
  item.querySelector("form button").disabled = true;
}

function unseal(item, field) {
  field.disabled = false;
  item.querySelector("form button").disabled = false;
}

function labelOf(prediction, output, value) {
  return prediction.choices.find(([legal]) => Number(legal) === value)?.[1] ?? scalar(value, output);
}

function reveal(item, prediction, output, guess, answer) {
  const field = item.querySelector("[data-answer]");
  seal(item, field);
  const { right, ratio } = judge(prediction, guess, answer);
  const distance = right ? "Close enough." : ratio && !prediction.choices.length
    ? ratio > 1 ? `Too high, by a factor of ${number(ratio, 3)}.` : `Too low, by a factor of ${number(1 / ratio, 3)}.` : "Not this time.";
  item.dataset.result = right ? "right" : "wrong";
  setHtml(item.querySelector('[data-part="reply"]'), html`You said ${labelOf(prediction, output, guess)}; the lab says <strong>${
    labelOf(prediction, output, answer)}</strong>. ${distance} ${prediction.why}`);
}

/** The running calibration: how often, and how far off in the middle. */
function showCalibration(lab) {
  const entries = Object.values(recordOf(lab.spec.slug).predictions).filter((entry) => Number.isFinite(entry.answer));
  const place = lab.querySelector('[data-part="calibration"]');
  if (!place || !entries.length) return;
  const factors = entries
    .map(({ guess, answer }) => guess / answer)
    .filter((ratio) => ratio > 0 && Number.isFinite(ratio))
    .map((ratio) => Math.max(ratio, 1 / ratio))
    .sort((a, b) => a - b);
  const middle = factors.length ? ` Half of your numbers were within a factor of ${number(factors[Math.floor((factors.length - 1) / 2)], 3)}.` : "";
  const right = entries.filter((entry) => entry.right).length;
  place.textContent = `So far ${right} of ${entries.length} of your predictions were close.${middle}`;
}
