/** Lines, dashed lines, steps, dots and bands; told apart by dashes and marks as well as by colour. */

import { html, raw } from "../html.js";
import { axes, markerLines, scalesOf } from "./axes.js";
import { markersOf, seriesOf } from "./data.js";
import { areaPath, fix, linePath, markPath } from "./paths.js";

const MOST_POINTS = 1500;
const MARKS_PER_LINE = 7;

/**
 * Long series keep the lowest and the highest point of each stretch, so that no spike is lost.
 * @param {[number, number][]} points
 */
export function thin(points) {
  if (points.length <= MOST_POINTS) return points;
  const stretch = Math.ceil((2 * points.length) / MOST_POINTS);
  const kept = [];
  for (let i = 0; i < points.length; i += stretch) {
    const part = points.slice(i, i + stretch);
    let low = 0;
    let high = 0;
    part.forEach(([, y], j) => {
      if (!(y >= part[low][1])) low = j;
      if (!(y <= part[high][1])) high = j;
    });
    kept.push(part[Math.min(low, high)], ...(low === high ? [] : [part[Math.max(low, high)]]));
  }
  return kept;
}

/** Whether a value can be placed on an axis. */
function placed(value, log) {
  return Number.isFinite(value) && (!log || value > 0);
}

/**
 * One series over given scales (bars and histograms draw their extra series with this too).
 * @param {import("./data.js").Points} s
 * @param {number} i its index: colour and shape
 */
export function drawSeries(s, i, chart, x, y) {
  const whole = s.x.slice(0, s.y.length).map((value, j) => /** @type {[number, number]} */ ([value, s.y[j]]));
  const ok = ([a, b]) => placed(a, chart.x_log) && placed(b, chart.y_log);
  if (s.role === "dots") {
    const mark = markPath(i, 2.9);
    return html`<g class="c${i + 1} lab-dots">${thin(whole).filter(ok).map(
      ([a, b], j) => html`<path class="${s.kept && !s.kept[j] ? "hollow" : ""}" transform="translate(${fix(x(a))} ${
        fix(y(b))})" d="${raw(mark)}"/>`)}</g>`;
  }
  const points = thin(whole);
  const band = s.role === "band" || (s.low && s.high) ? drawBand(s, i, chart, x, y) : "";
  const d = linePath(points, ok, x, y, s.role === "steps");
  const marks = s.role === "dashed" || s.role === "steps" ? "" : lineMarks(points.filter(ok), i, x, y);
  return html`${band}<g class="c${i + 1}"><path class="lab-line${s.role === "dashed" ? " dashed" : ""}" d="${raw(d)}"/>${
    marks}</g>`;
}

/** A single point shows as a mark; the first line is plain, the others carry a few marks of their own shape. */
function lineMarks(points, i, x, y) {
  if (points.length !== 1 && i === 0) return "";
  const stride = Math.max(1, Math.floor(points.length / MARKS_PER_LINE));
  const mark = markPath(i, 3.3);
  return points
    .filter((_, j) => j % stride === Math.floor(stride / 2) || points.length === 1)
    .map(([a, b]) => html`<path class="lab-mark" transform="translate(${fix(x(a))} ${fix(y(b))})" d="${raw(mark)}"/>`);
}

function drawBand(s, i, chart, x, y) {
  const rows = s.x.map((value, j) => [value, s.low?.[j], s.high?.[j]]);
  const ok = ([a, b, c]) => placed(a, chart.x_log) && placed(b, chart.y_log) && placed(c, chart.y_log);
  return html`<path class="c${i + 1} lab-band" d="${raw(areaPath(rows, ok, x, y))}"/>`;
}

/** @returns {import("../html.js").Safe} inner SVG */
export function drawLine(chart, frame) {
  const series = seriesOf(chart, frame);
  const markers = markersOf(chart, frame);
  const { x, y } = scalesOf(chart, series, { markers });
  return html`${axes(chart, x, y)}${series.map((s, i) => drawSeries(s, i, chart, x, y))}${markerLines(chart, markers, x)}`;
}
