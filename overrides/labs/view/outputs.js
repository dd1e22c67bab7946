/** Scalars as annotations: what a reader sees, and the exact value for tests and for copying. */

import { scalar } from "../format.js";
import { changeHtml, html } from "../html.js";
import { drawParts } from "../charts/index.js";
import { sizedCharts } from "./scenes.js";

/** The value as JavaScript writes a double: exact, and the same in node and in the browser. */
export function valueAttribute(value) {
  return Number.isFinite(value) ? String(value) : "nan";
}

/**
 * A number as an annotation. Where the first frame has none, the recorded run's stands, marked as such; the exact value
 * in the attribute is always the shown frame's own.
 */
export function drawOutput(output, frame, recorded = null) {
  const value = frame.scalars[output.name]?.value ?? NaN;
  const then = recorded?.scalars[output.name]?.value ?? NaN;
  const isRecorded = !Number.isFinite(value) && Number.isFinite(then);
  return html`<div class="lab-output" data-output="${output.name}" data-value="${valueAttribute(value)}"${isRecorded ? html` data-recorded="${
    valueAttribute(then)}"` : ""}${output.help ? html` title="${output.help}"` : ""}><dt>${output.label}</dt><dd>${
    scalar(isRecorded ? then : value, output)}</dd></div>`;
}

/**
 * A frame on the way may lack a scalar that the last one will bring; it stays as it is.
 * @param {Element} root
 */
export function syncOutputs(root, spec, frame) {
  for (const output of spec.outputs) {
    if (!frame.final && !(output.name in frame.scalars)) continue;
    const value = frame.scalars[output.name]?.value ?? NaN;
    const tile = root.querySelector(`[data-output="${output.name}"]`);
    if (!tile) continue;
    tile.dataset.value = valueAttribute(value);
    if (!Number.isFinite(value) && "recorded" in tile.dataset) continue;
    delete tile.dataset.recorded;
    const text = scalar(value, output);
    const place = tile.querySelector("dd");
    if (place.textContent !== text) place.textContent = text;
  }
}

/**
 * Draws every chart of a frame whose arrays came with it; the others keep their last picture, marked as such.
 * @param {Element} root
 * @param {boolean} withTables the numbers below are rewritten too (costlier than the picture)
 * @param {Set<string> | null} [only] names of the charts that may change
 */
export function syncCharts(root, spec, frame, withTables, only = null) {
  for (const chart of sizedCharts(spec, isNarrow(root))) {
    if (only && !only.has(chart.name)) continue;
    const figure = root.querySelector(`[data-chart="${chart.name}"]`);
    if (!figure) continue;
    const parts = drawParts(chart, frame, spec);
    if (parts.empty && !figure.classList.contains("is-empty")) {
      figure.classList.toggle("is-old", !("recorded" in figure.dataset));
      continue;
    }
    delete figure.dataset.recorded;
    figure.classList.remove("is-old");
    figure.classList.toggle("is-empty", parts.empty);
    figure.querySelector('[data-action="download"]')?.toggleAttribute("disabled", parts.empty);
    setPart(figure, "plot", parts.plot);
    setPart(figure, "legend", parts.legend);
    const summary = figure.querySelector('[data-part="summary"]');
    if (summary.textContent !== parts.summary) summary.textContent = parts.summary;
    if (withTables || figure.querySelector("details").open) setPart(figure, "table", parts.table);
  }
}

const NARROW = 700; // pixels, as in the style sheet

/** On a small screen a chart fills the width, so its own units are fewer. Asked of the layout once for each size. */
export function isNarrow(root) {
  return (root.narrow ??= root.clientWidth < NARROW);
}

/** What each part was last given: most charts stay as they are when one slider moves, and keep their elements. */
const given = new WeakMap();

function setPart(figure, name, content) {
  const part = figure.querySelector(`[data-part="${name}"]`);
  if (given.get(part) === content.text) return;
  given.set(part, content.text);
  changeHtml(part, content);
}
