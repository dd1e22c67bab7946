/** The stage: the lab's scenes side by side, one in sight. Each holds its charts in a grid, with its numbers as annotations. */

import { drawFigure } from "../charts/index.js";
import { hasData } from "../charts/data.js";
import { html } from "../html.js";
import { drawControl } from "./controls.js";
import { drawOutput } from "./outputs.js";
import { gridOf, hasNumbersBeside } from "./scenes.js";

function sceneId(slug, i) {
  return `lab-${slug}-scene-${i + 1}`;
}

function drawTexts({ spec, frame, main }, texts) {
  return texts.length ? html`<fieldset class="lab-controls lab-pasted" data-part="controls" disabled><legend class="lab-hidden">Yours</legend>${texts.map(
    (p) => drawControl(spec.slug, p, frame.params, main.includes(p.name)))}</fieldset>` : "";
}

function drawCell({ spec, frame, recorded }, { chart, columns, tall, box }) {
  const isRecorded = recorded && !hasData(chart, frame) && hasData(chart, recorded);
  return drawFigure({ ...chart, box }, isRecorded ? recorded : frame, spec, { columns, tall, isRecorded });
}

function drawScene(input, scene, i, own) {
  const { spec, frame, recorded } = input;
  const { rows, cells } = gridOf(scene);
  const side = hasNumbersBeside(scene) ? " lab-scene--side" : "";
  return html`<section class="lab-scene${side}${own ? " lab-scene--own" : ""}${scene.texts.length ? " lab-scene--pasted" : ""}" id="${sceneId(spec.slug, i)}" data-place="${i}" aria-label="${scene.title || `${spec.title}: the stage`}">${scene.title
    ? html`<h2 class="lab-scene__title">${scene.title}</h2>` : ""}${scene.lead ? html`<p class="lab-lead">${scene.lead}</p>` : ""}<div class="lab-scene__body">${
    drawTexts(input, scene.texts)}${own}<div class="lab-charts" style="--rows:${rows.map((share) => `minmax(0,${share}fr)`).join(" ")}">${cells.map((cell) => drawCell(input, cell))}</div>${
    scene.outputs.length ? html`<dl class="lab-outputs">${scene.outputs.map((o) => drawOutput(o, frame, recorded))}</dl>` : ""}</div></section>`;
}

/** @param {any} own the lab's own view, "" when it has none */
export function drawStage(input, scenes, own) {
  const { spec } = input;
  const tabs = scenes.length > 1 ? html`<nav class="lab-scenes" aria-label="Scenes of ${spec.title}"><ol>${scenes.map((scene, i) => html`<li><a href="#${
    sceneId(spec.slug, i)}" data-scene-link="${i}"${i ? "" : html` aria-current="true"`}>${scene.title}</a></li>`)}</ol></nav>` : "";
  return html`<div class="lab-stage" data-region="stage">${tabs}<div class="lab-track" data-part="track">${scenes.map(
    (scene, i) => drawScene(input, scene, i, scene.hasOwn ? own : ""))}</div></div>`;
}
