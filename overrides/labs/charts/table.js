/** The exact numbers of a chart, for reading, for screen readers and for paper. */

import { html } from "../html.js";
import { seriesOf, tokensOf } from "./data.js";
import { shapeOf } from "./heatmap.js";

const MOST_ROWS = 90; // the file of numbers holds them all

/** Six significant digits, as JavaScript writes them. */
export function exact(value) {
  if (value === undefined) return "";
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : "not defined";
}

/**
 * Columns of a chart: one for the positions of each distinct x, then its series.
 * @returns {{head: string, cells: (string | number)[]}[]}
 */
export function columnsOf(chart, frame) {
  if (chart.kind === "heatmap") return normColumns(chart, frame);
  const tokens = tokensOf(chart, frame);
  const columns = [];
  let lastX;
  seriesOf(chart, frame).forEach((s, i) => {
    const key = s.xName || `#${s.y.length}`;
    if (i === 0 || key !== lastX) columns.push({ head: chart.x_label || "position", cells: tokens ? tokens.slice(0, s.y.length) : s.x });
    lastX = key;
    if (s.y.some(Number.isFinite) || s.role !== "steps") columns.push({ head: s.label, cells: s.y });
    if (s.low) columns.push({ head: `${s.label}, low`, cells: s.low });
    if (s.high) columns.push({ head: `${s.label}, high`, cells: s.high });
    if (s.kept) columns.push({ head: "kept", cells: s.kept.map((k) => (k ? "yes" : "no")) });
  });
  return columns;
}

/** A heatmap's table holds the Euclidean norm of each row; the whole matrix is a download. */
function normColumns(chart, frame) {
  const tensor = frame.arrays[chart.series[0].array];
  const [rows, columns] = shapeOf(tensor);
  const norms = Array.from({ length: rows }, (_, r) => {
    let squares = 0;
    for (let c = 0; c < columns; c += 1) squares += tensor.data[r * columns + c] ** 2;
    return Math.sqrt(squares);
  });
  return [
    { head: chart.y_label || "row", cells: norms.map((_, r) => r + 1) },
    { head: `${chart.series[0].label}: norm of the row`, cells: norms },
  ];
}

/** @returns {import("../html.js").Safe} */
export function drawTable(chart, frame) {
  const columns = columnsOf(chart, frame);
  const length = Math.max(0, ...columns.map((c) => c.cells.length));
  const stride = Math.ceil(length / MOST_ROWS) || 1;
  const rows = Array.from({ length: Math.ceil(length / stride) }, (_, i) => i * stride);
  const note = stride > 1 ? html`, every ${stride}th of ${length} rows` : "";
  return html`<table class="lab-table"><caption>${chart.title}${note}</caption><thead><tr>${columns.map(
    (c) => html`<th scope="col">${c.head}</th>`)}</tr></thead><tbody>${rows.map((r) => html`<tr>${columns.map((c) => html`<td>${
    typeof c.cells[r] === "number" ? exact(c.cells[r]) : c.cells[r]}</td>`)}</tr>`)}</tbody></table>`;
}
