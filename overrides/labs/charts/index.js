/**
 * One chart of a frame as a figure: picture, one-line summary, legend, and its numbers in a table.
 * Pure: the same frame gives the same text, in node at build time and in the browser afterwards.
 */

import { html, raw } from "../html.js";
import { boxOf } from "./axes.js";
import { drawBars, drawHistogram, drawRows, rowsBox } from "./bars.js";
import { hasData, seriesOf, tokensOf } from "./data.js";
import { drawHeatmap, heatmapBox } from "./heatmap.js";
import { drawLine } from "./line.js";
import { markPath } from "./paths.js";
import { drawScatter } from "./scatter.js";
import { drawTable, exact } from "./table.js";

const DRAW = {
  line: drawLine,
  scatter: drawScatter,
  bars: drawBars,
  histogram: drawHistogram,
  heatmap: drawHeatmap,
  tokens: (chart, frame, id) => drawRows(chart, frame, id, tokensOf(chart, frame) || seriesOf(chart, frame)[0].x.map(String)),
};

/** The sentence that stands for the picture. */
export function summaryOf(chart, frame) {
  const given = frame.texts[`summary:${chart.name}`];
  if (given) return given;
  return seriesOf(chart, frame)
    .map((s) => {
      const finite = s.y.filter(Number.isFinite);
      if (!finite.length) return `${s.label}: no values`;
      const low = finite.reduce((a, b) => Math.min(a, b));
      const high = finite.reduce((a, b) => Math.max(a, b));
      return `${s.label}: ${s.y.length} values from ${exact(low)} to ${exact(high)}`;
    })
    .join("; ");
}

function sizeOf(chart, frame) {
  if (chart.kind === "heatmap") return heatmapBox(chart, frame);
  return chart.kind === "tokens" || tokensOf(chart, frame) ? rowsBox(chart, frame) : boxOf(chart);
}

/**
 * @param {any} chart
 * @param {any} frame
 * @param {string} id unique on the page
 */
export function drawSvg(chart, frame, id) {
  const box = sizeOf(chart, frame);
  return html`<svg class="lab-svg" viewBox="0 0 ${box.width} ${box.height}" role="img" aria-label="${chart.title}: ${
    summaryOf(chart, frame)}">${DRAW[chart.kind](chart, frame, id)}</svg>`;
}

/** Swatches show the dash, the mark or the hatching, not just the colour. */
export function drawLegend(chart, frame) {
  if (chart.kind === "heatmap") return html``;
  const series = seriesOf(chart, frame);
  const anyKept = series.some((s) => s.kept && s.kept.some((k) => !k));
  if (series.length < 2 && !anyKept) return html``;
  return html`${series.map((s, i) => html`<span class="lab-key c${i + 1}"><svg viewBox="0 0 22 10" aria-hidden="true">${
    swatch(s, i, chart)}</svg>${s.label}</span>`)}${anyKept ? html`<span class="lab-key"><svg viewBox="0 0 22 10" aria-hidden="true"
    ><path class="lab-hatch" d="M1 9L7 1M6 9L12 1M11 9L17 1M16 9L21 2"/></svg>dropped</span>` : ""}`;
}

function swatch(s, i, chart) {
  if (s.role === "bars" || (chart.kind === "tokens" && s.role !== "dots")) return html`<rect x="2" y="1" width="18" height="8"/>`;
  if (s.role === "dots" || chart.kind === "scatter") return html`<path d="${raw(markPath(i, 3.6))}" transform="translate(11 5)"/>`;
  if (s.role === "steps" && chart.kind === "histogram") return html`<path class="lab-line" d="M4 0V10M11 0V10M18 0V10"/>`;
  const mark = i > 0 && s.role === "line" ? html`<path d="${raw(markPath(i, 3.3))}" transform="translate(11 5)"/>` : "";
  return html`<path class="lab-line${s.role === "dashed" ? " dashed" : ""}" d="M0 5H22"/>${mark}`;
}

/** What stands in a chart's place while its arrays are not there. */
export function emptyText(chart, spec) {
  return chart.live && spec.run_label ? `Press \u201c${spec.run_label}\u201d to fill this chart.` : "No data at these settings.";
}

/**
 * The changing inside of a figure, piece by piece.
 * @returns {{plot: any, legend: any, summary: string, table: any, empty: boolean}}
 */
export function drawParts(chart, frame, spec) {
  if (!hasData(chart, frame)) {
    const text = emptyText(chart, spec);
    return { plot: html`<p class="lab-empty">${text}</p>`, legend: html``, summary: text, table: html`<table class="lab-table"><caption>${
      chart.title}</caption><tbody><tr><td>${text}</td></tr></tbody></table>`, empty: true };
  }
  const id = `${spec.slug}-${chart.name}`;
  return { plot: drawSvg(chart, frame, id), legend: drawLegend(chart, frame), summary: summaryOf(chart, frame),
    table: drawTable(chart, frame), empty: false };
}

/**
 * A whole figure, as the first frame needs it.
 * @param {{columns?: number, tall?: number, isRecorded?: boolean}} [place] in the grid of twelve columns; isRecorded:
 *   the frame is a recorded run's, since the shown settings fill no such chart before one is started
 */
export function drawFigure(chart, frame, spec, { columns = 12, tall = 1, isRecorded = false } = {}) {
  const parts = drawParts(chart, frame, spec);
  return html`<figure class="lab-figure lab-figure--${chart.kind}${parts.empty ? " is-empty" : ""}" data-chart="${chart.name}"${
    isRecorded ? raw(" data-recorded") : ""} style="--columns:${columns};--tall:${tall}"
    ><figcaption><strong>${chart.title}</strong>${chart.help ? html` <span>${chart.help}</span>` : ""}</figcaption
    ><div class="lab-legend" data-part="legend">${parts.legend}</div><div class="lab-plot" data-part="plot">${parts.plot}</div
    ><div class="lab-foot"><p class="lab-summary" data-part="summary">${parts.summary}</p><details class="lab-numbers"><summary>Numbers<span class="lab-hidden"> of
    ${chart.title}</span></summary><div class="lab-panel"><div class="lab-scroll" tabindex="0" role="region" aria-label="Numbers of ${chart.title}" data-part="table">${
    parts.table}</div><button type="button" class="lab-button" data-action="download" data-for="${chart.name}" disabled>${
    chart.download || "Save as CSV"}</button></div></details></div></figure>`;
}
