/** Presets, predictions and challenges: what a reader is asked to do with the lab. */

import { paramText, scalar } from "../format.js";
import { html } from "../html.js";

const verdict = (preset) => html`<span class="lab-verdict">${preset.good ? "\u2713" : "\u2717"}<span class="lab-hidden">${
  preset.good ? " works:" : " fails:"}</span></span>`;

/** One row of settings worth seeing. */
export function drawPresets(spec) {
  if (!spec.presets.length) return "";
  return html`<ul class="lab-chips" aria-label="Settings worth seeing">${spec.presets.map((preset) => html`<li class="${preset.good ? "good" : "bad"}"><button
    type="button" class="lab-button" data-preset="${preset.name}" aria-pressed="false" disabled>${verdict(preset)} ${preset.label}</button></li>`)}</ul>`;
}

/** What each of those settings shows. */
export function drawReasons(spec) {
  if (!spec.presets.length) return "";
  return html`<section class="lab-reasons"><h2>Settings worth seeing</h2><details><summary>What each of them shows</summary><dl>${spec.presets.map(
    (preset) => html`<dt class="${preset.good ? "good" : "bad"}">${verdict(preset)} ${preset.label}</dt><dd>${preset.reason}</dd>`)}</dl></details></section>`;
}

/** What each number means, in one place, so that the instrument shows the numbers alone. */
export function drawMeanings(spec) {
  const explained = spec.outputs.filter((output) => output.help);
  if (!explained.length) return "";
  return html`<section class="lab-meanings"><h2>What the numbers mean</h2><details><summary>All ${explained.length}</summary><dl>${explained.map(
    (output) => html`<dt>${output.label}</dt><dd>${output.help}</dd>`)}</dl></details></section>`;
}

/** Settings in words, for readers without scripts. */
function settingsText(spec, params) {
  const changed = spec.params.filter((p) => p.name in params && p.name !== "train" && params[p.name] !== p.default);
  return changed.map((p) => `${p.label}: ${paramText(p, params[p.name])}`).join("; ") || "the settings as first shown";
}

/** A number field or a choice for an answer. */
function answerField(id, item, label) {
  if (item.choices?.length) {
    return html`<select id="${id}" data-answer aria-label="${label}"><option value="">choose\u2026</option>${item.choices.map(
      ([value, text]) => html`<option value="${value}">${text}</option>`)}</select>`;
  }
  return html`<input id="${id}" data-answer inputmode="decimal" autocomplete="off" aria-label="${label}" size="9">${
    item.unit ? html` <span class="lab-unit">${item.unit}</span>` : ""}`;
}

/** One prediction: its question, a place for an answer, and the answer itself for readers without scripts. */
function drawPrediction(spec, answers, prediction) {
  const output = spec.outputs.find((o) => o.name === prediction.reveal) || {};
  const id = `lab-${spec.slug}-predict-${prediction.name}`;
  const answer = prediction.choices.find(([value]) => Number(value) === answers[prediction.name])?.[1] ?? scalar(answers[prediction.name], output);
  return html`<li data-prediction="${prediction.name}"><p>${prediction.question}</p><form class="lab-answer">${answerField(id, prediction, `Your prediction: ${prediction.question}`)}
        <button class="lab-button" disabled>Lock it in<span class="lab-hidden">: ${prediction.question}</span></button></form><p class="lab-reply" data-part="reply" role="status"></p><details class="lab-static"
        ><summary>The answer<span class="lab-hidden"> to: ${prediction.question}</span></summary><p><strong>${answer}</strong> (${settingsText(spec, prediction.params)}). ${
        prediction.why}</p></details></li>`;
}

/**
 * The first prediction, over the instrument: it takes an answer or is skipped, and the next one follows.
 * @param {Record<string, number>} answers the scalar that each prediction reveals, computed at build
 */
export function drawChip(spec, answers) {
  if (!spec.predictions.length) return "";
  return html`<section class="lab-chip" data-part="chip" aria-label="Predict first"><strong>Predict first</strong><ol>${
    drawPrediction(spec, answers, spec.predictions[0])}</ol><button type="button" class="lab-button lab-button--quiet" data-action="skip" disabled>Skip</button></section>`;
}

/** The other predictions. */
export function drawPredictions(spec, answers) {
  if (!spec.predictions.length) return "";
  return html`<section class="lab-predictions"><h2>Predict before you move</h2><p>Lock in a number first: a guess you wrote down is one you
    learn from. The lab then runs those very settings.</p><p class="lab-calibration" data-part="calibration"></p><ol data-part="predictions">${
    spec.predictions.slice(1).map((prediction) => drawPrediction(spec, answers, prediction))}</ol></section>`;
}

/** @param {Record<string, {prompt: string, params: object}>} tasks the tasks of seed 1 */
export function drawChallenges(spec, tasks) {
  if (!spec.challenges.length) return "";
  return html`<section class="lab-challenges"><h2>Challenges</h2><ol>${spec.challenges.map((challenge) => {
    const id = `lab-${spec.slug}-challenge-${challenge.name}`;
    const field = challenge.answer === "params" ? html`<span class="lab-help">The lab\u2019s settings are your answer.</span>`
      : answerField(id, challenge, `Your answer: ${challenge.title}`);
    return html`<li data-challenge="${challenge.name}" data-result="untried"><h3>${challenge.title} <span class="lab-mark-result" data-part="mark">not
      tried yet</span></h3><p data-part="prompt">${tasks[challenge.name].prompt}</p><form class="lab-answer">${field}<button class="lab-button" disabled>Check<span class="lab-hidden">: ${challenge.title}</span></button>
      <button type="button" class="lab-button lab-button--quiet" data-action="set-task" disabled>Set the lab to this task<span class="lab-hidden">: ${challenge.title}</span></button>
      <button type="button" class="lab-button lab-button--quiet" data-action="new-task" disabled>New task<span class="lab-hidden">: ${challenge.title}</span></button></form><p class="lab-reply" data-part="reply"
      role="status"></p>${challenge.hint ? html`<details><summary>Hint<span class="lab-hidden"> for ${challenge.title}</span></summary><p>${challenge.hint}</p></details>` : ""}</li>`;
  })}</ol></section>`;
}

export function drawProgress() {
  return html`<section class="lab-progress"><h2>Your progress</h2><p data-part="progress">Nothing tried yet.</p><p class="lab-help">Kept only in this
    browser, on this device. Browsers may delete it, some after a few days without a visit: save a file of it if it matters to you.</p><p
    class="lab-row"><button type="button" class="lab-button" data-action="save-progress" disabled>Save my progress</button>
    <label class="lab-button lab-file">Load a saved file<input type="file" accept="application/json,.json" data-action="load-progress" disabled></label></p><p
    class="lab-reply" data-part="progress-reply" role="status"></p></section>`;
}
