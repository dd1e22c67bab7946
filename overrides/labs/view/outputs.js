/** Scalars as tiles: what a reader sees, and the exact value for tests and for copying. */

import { scalar } from "../format.js";
import { html, setHtml } from "../html.js";
import { drawParts } from "../charts/index.js";

/** The value as JavaScript writes a double: exact, and the same in node and in the browser. */
export function valueAttribute(value) {
  return Number.isFinite(value) ? String(value) : "nan";
}

export function drawOutput(output, frame) {
  const value = frame.scalars[output.name]?.value ?? NaN;
  return html`<div class="lab-output" data-output="${output.name}" data-value="${valueAttribute(value)}"><dt>${output.label}</dt><dd>${
    scalar(value, output)}</dd>${output.help ? html`<dd class="lab-help">${output.help}</dd>` : ""}</div>`;
}

/**
 * A frame on the way may lack a scalar that the last one will bring; its tile stays as it is.
 * @param {Element} root
 */
export function syncOutputs(root, spec, frame) {
  for (const output of spec.outputs) {
    if (!frame.final && !(output.name in frame.scalars)) continue;
    const value = frame.scalars[output.name]?.value ?? NaN;
    const tile = root.querySelector(`[data-output="${output.name}"]`);
    if (!tile) continue;
    tile.dataset.value = valueAttribute(value);
    const text = scalar(value, output);
    const place = tile.querySelector("dd");
    if (place.textContent !== text) place.textContent = text;
  }
}

/**
 * Draws every chart of a frame whose arrays came with it; the others keep their last picture, marked as such.
 * @param {Element} root
 * @param {boolean} withTables the numbers below are rewritten too (costlier than the picture)
 */
export function syncCharts(root, spec, frame, withTables) {
  for (const chart of spec.charts) {
    const figure = root.querySelector(`[data-chart="${chart.name}"]`);
    if (!figure) continue;
    const parts = drawParts(chart, frame, spec);
    if (parts.empty && !figure.classList.contains("is-empty")) {
      figure.classList.add("is-old");
      continue;
    }
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

/** What each part was last given: most charts stay as they are when one slider moves, and keep their elements. */
const given = new WeakMap();

function setPart(figure, name, content) {
  const part = figure.querySelector(`[data-part="${name}"]`);
  if (given.get(part) === content.text) return;
  given.set(part, content.text);
  setHtml(part, content);
}
