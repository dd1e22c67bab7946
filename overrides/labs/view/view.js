/**
 * A whole lab from its SPEC and one frame, as HTML. Node calls this once per lab at build; the browser only moves
 * what changes (controls, outputs, charts), with the same functions.
 */

import { drawFigure } from "../charts/index.js";
import { html, raw } from "../html.js";
import { drawCode } from "./code.js";
import { drawControl, hasControl } from "./controls.js";
import { drawChallenges, drawPredictions, drawPresets, drawProgress } from "./learning.js";
import { drawOutput } from "./outputs.js";

/**
 * @typedef {{spec: any, frame: any, sources: {name: string, text: string}[], tasks: Record<string, any>,
 *   answers: Record<string, number>, view?: {section?: string, render: (input: any) => string} | null}} LabInput
 */

const SERVE_SENTENCE =
  "This page was opened as a file, where browsers do not let Python start: the first results stand. " +
  "To move the controls, run \u201cmake site\u201d in the project\u2019s folder and open the address that it prints.";

/** Sections of the SPEC, or one without a title when it names none. */
function sectionsOf(spec) {
  return spec.sections.length ? spec.sections : [{ title: "", lead: "" }];
}

/** What of `items` stands in section i ("" = the first). */
function inSection(items, sections, i) {
  return items.filter((item) => item.section === sections[i].title || (i === 0 && !sections.some((s) => s.title === item.section)));
}

function drawBar(spec, frame) {
  const main = spec.run_label
    ? html`<button type="button" class="lab-button lab-button--main" data-action="run" disabled>${spec.run_label}</button>` : "";
  const pins = spec.params.filter((p) => spec.pinned.includes(p.name) && hasControl(p));
  const pinned = pins.length ? html`<fieldset class="lab-pins" data-part="controls" disabled><legend class="lab-hidden">Settings that stay in
    sight</legend>${pins.map((p) => drawControl(spec.slug, p, frame.params))}</fieldset>` : "";
  return html`<div class="lab-bar${pins.length ? " lab-bar--pins" : ""}">${pinned}<div class="lab-row" role="group" aria-label="This lab">${main}<button type="button" class="lab-button" data-action="stop"
    disabled>Stop</button><button type="button" class="lab-button" data-action="reset" disabled>Reset</button><button type="button" class="lab-button" data-action="copy-link"
    disabled>Copy link</button><button type="button" class="lab-button" data-action="export" disabled>Export as .py</button><button type="button" class="lab-button lab-button--main"
    data-action="retry" hidden>Try again</button></div><div class="lab-meter" data-part="meter" hidden><progress max="1" value="0" aria-label="Progress"></progress> <span
    data-part="time"></span></div><p class="lab-status" role="status" data-part="status">${frame.texts.status || ""}</p><p class="lab-status" data-part="file-note" hidden>${
    SERVE_SENTENCE}</p><noscript><p class="lab-status">These are the results
    at the first settings. Moving the controls needs JavaScript; everything else on this page reads without it.</p></noscript></div>`;
}

function drawSection({ spec, frame, view }, sections, i) {
  const section = sections[i];
  const controls = inSection(spec.params.filter((p) => hasControl(p) && !spec.pinned.includes(p.name)), sections, i);
  const outputs = inSection(spec.outputs, sections, i);
  const charts = inSection(spec.charts, sections, i);
  const own = view && (view.section === section.title || (i === 0 && !view.section)) ? html`<div class="lab-own" data-part="own-view">${
    raw(String(view.render({ spec, frame, html, raw })))}</div>` : "";
  const rail = controls.length ? html`<fieldset class="lab-controls" data-part="controls" disabled><legend class="lab-hidden">Settings${
    section.title ? `: ${section.title}` : ""}</legend>${controls.map((p) => drawControl(spec.slug, p, frame.params))}</fieldset>` : "";
  return html`<section class="lab-section${controls.length ? "" : " lab-section--wide"}">${section.title ? html`<h2>${section.title}</h2>` : ""}${
    section.lead ? html`<p class="lab-lead">${section.lead}</p>` : ""}${own}<div class="lab-body">${rail}<div class="lab-stage">${
    outputs.length ? html`<dl class="lab-outputs">${outputs.map((o) => drawOutput(o, frame))}</dl>` : ""}${
    charts.length ? html`<div class="lab-charts">${charts.map((chart) => drawFigure(chart, frame, spec))}</div>` : ""}</div></div></section>`;
}

/** What the scripts need to go on from the painted page: the SPEC and the tasks, but no arrays. */
function hydration({ spec, frame, tasks }) {
  const scalars = Object.fromEntries(Object.entries(frame.scalars).map(([name, { value, unit }]) => [name, { value, unit }]));
  return JSON.stringify({ spec, tasks, frame: { params: frame.params, scalars, texts: { status: frame.texts.status || "" } } });
}

/** @param {LabInput} input @returns {string} the element with everything in it */
export function drawLab(input) {
  const { spec, frame, sources, tasks, answers } = input;
  const sections = sectionsOf(spec);
  return html`<lab-view slug="${spec.slug}" data-state="static" data-params="${JSON.stringify(frame.params)}"><template data-part="data">${
    hydration(input)}</template><div class="lab">${drawBar(spec, frame)}${drawPresets(spec)}${sections.map(
    (_, i) => drawSection(input, sections, i))}${drawPredictions(spec, answers)}${drawChallenges(spec, tasks)}${
    spec.training_command ? html`<p class="lab-training">On a real model: <code>${spec.training_command}</code></p>` : ""}${
    drawCode(spec, sources)}${drawProgress()}</div></lab-view>`.text;
}
