/**
 * A whole lab from its SPEC and one frame, as HTML: an instrument the size of a screen (strip, rail, stage) and a
 * drawer below it that can be docked beside it. Node calls this once per lab at build; the browser only moves what
 * changes (controls, outputs, charts), with the same functions.
 */

import { html, raw } from "../html.js";
import { drawCode } from "./code.js";
import { drawControl } from "./controls.js";
import { drawChallenges, drawChip, drawMeanings, drawPredictions, drawPresets, drawProgress, drawReasons } from "./learning.js";
import { placesOf, sceneOf, scenesOf } from "./scenes.js";
import { drawStage } from "./stage.js";

/**
 * @typedef {{spec: any, frame: any, recorded: any, main: string[], sources: {name: string, text: string}[],
 *   tasks: Record<string, any>, answers: Record<string, number>,
 *   view?: {render: (input: any) => string} | null}} LabInput
 *   recorded: the frame of a run at the first settings, null when the lab has none; main: parameters of the rail
 */

const SERVE_SENTENCE =
  "This page was opened as a file, where browsers do not let Python start: the first results stand. " +
  "To move the controls, run \u201cmake site\u201d in the project\u2019s folder and open the address that it prints.";

function drawActions(spec) {
  const button = (action, text) => html`<button type="button" class="lab-button lab-button--quiet" data-action="${action}" disabled>${text}</button>`;
  const main = spec.run_label
    ? html`<button type="button" class="lab-button lab-button--main" data-action="run" disabled>${spec.run_label}</button>` : "";
  return html`<div class="lab-row lab-actions" role="group" aria-label="This lab">${main}${button("stop", "Stop")}${button("reset", "Reset")}${
    button("copy-link", "Copy link")}${button("export", "Export as .py")}<button type="button" class="lab-button" data-action="drawer"
    aria-expanded="false" aria-controls="lab-${spec.slug}-drawer" disabled>${spec.challenges.length ? "Challenges" : "More"}</button><button
    type="button" class="lab-button lab-button--main" data-action="retry" hidden>Try again</button></div>`;
}

/** Presets, buttons, the prediction that waits for an answer, and what the lab says of itself. */
function drawStrip({ spec, frame, answers }) {
  return html`<div class="lab-strip" data-region="strip"><div class="lab-top">${drawPresets(spec)}${drawActions(spec)}</div>${
    drawChip(spec, answers)}<div class="lab-say"><div class="lab-meter" data-part="meter" hidden><progress max="1" value="0" aria-label="Progress"
    ></progress> <span data-part="time"></span></div><p class="lab-status" role="status" data-part="status">${frame.texts.status || ""}</p><p
    class="lab-status" data-part="file-note" hidden>${SERVE_SENTENCE}</p><noscript><p class="lab-status">These are the results at the first
    settings. Moving the controls needs JavaScript; everything else on this page reads without it.</p></noscript></div></div>`;
}

function drawGroup({ spec, frame, main }, title, params, scene) {
  return html`<fieldset class="lab-controls" data-part="controls"${scene === null ? "" : html` data-scene="${scene}"`} disabled><legend>${title}</legend>${
    params.map((p) => drawControl(spec.slug, p, frame.params, main.includes(p.name)))}</fieldset>`;
}

/** The controls, grouped by the scene that they move. */
function drawRail(input, scenes, { pinned, rail }) {
  const groups = scenes.map((scene, i) => ({ scene, i, params: rail.filter((p) => sceneOf(scenes, p.section) === i) }));
  const dense = rail.length > 7 ? " lab-rail--dense" : "";
  if (!pinned.length && !rail.length) return "";
  return html`<div class="lab-rail${dense}" data-region="rail" id="lab-${input.spec.slug}-rail"><div class="lab-rail__scroll">${pinned.length ? html`<fieldset
    class="lab-pins" data-part="controls" disabled><legend class="lab-hidden">Main settings</legend>${pinned.map(
    (p) => drawControl(input.spec.slug, p, input.frame.params, true))}</fieldset>` : ""}${groups.filter(({ params }) => params.length).map(
    ({ scene, i, params }) => drawGroup(input, scenes.length > 1 ? scene.title : "Settings", params, i))}</div></div>`;
}

function drawOwn({ spec, frame, recorded, view }) {
  return view ? html`<div class="lab-own" data-part="own-view" tabindex="0" role="region" aria-label="${spec.title}: what it says">${raw(String(view.render({ spec, frame, recorded, html, raw })))}</div>` : "";
}

function drawDrawer(input, rare) {
  const { spec, sources, tasks, answers } = input;
  return html`<aside class="lab-drawer" data-region="drawer" id="lab-${spec.slug}-drawer" aria-label="Challenges, settings and code of ${spec.title}"><p class="lab-drawer__head"><button type="button" class="lab-button" data-action="close-drawer" disabled>Close</button></p>${
    drawPredictions(spec, answers)}${drawChallenges(spec, tasks)}${rare.length ? html`<section class="lab-rare"><h2>More settings</h2>${
    drawGroup(input, "More settings", rare, null)}</section>` : ""}${drawReasons(spec)}${drawMeanings(spec)}${drawCode(spec, sources)}${
    spec.training_command ? html`<p class="lab-training">On a real model: <code>${spec.training_command}</code></p>` : ""}${drawProgress()}</aside>`;
}

/** What the scripts need to go on from the painted page: the SPEC and the tasks, but no arrays. */
function hydration({ spec, frame, tasks }) {
  const scalars = Object.fromEntries(Object.entries(frame.scalars).map(([name, { value, unit }]) => [name, { value, unit }]));
  return JSON.stringify({ spec, tasks, frame: { params: frame.params, scalars, texts: { status: frame.texts.status || "" } } });
}

/** @param {LabInput} input @returns {string} the element with everything in it */
export function drawLab(input) {
  const { spec, frame } = input;
  const scenes = scenesOf(spec);
  const places = placesOf(spec, input.main);
  return html`<lab-view slug="${spec.slug}" data-state="static" data-params="${JSON.stringify(frame.params)}"><template data-part="data">${
    hydration(input)}</template><div class="lab"><div class="lab-screen"><section class="lab-instrument" id="lab-${spec.slug}-instrument" aria-label="${spec.title}">${
    drawStrip(input)}<div class="lab-body">${drawRail(input, scenes, places)}${drawStage(input, scenes, drawOwn(input))}</div></section></div>${
    drawDrawer(input, places.rare)}</div></lab-view>`.text;
}
