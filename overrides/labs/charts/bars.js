/** Bars over positions, bars along words, and histograms. Dropped bars are hatched, not only paler. */

import { html } from "../html.js";
import { axes, axisTitles, boxOf, makeScale, markerLines, scalesOf, ticksOf, tickText } from "./axes.js";
import { extent, markersOf, seriesOf, tokensOf } from "./data.js";
import { drawSeries } from "./line.js";
import { fix } from "./paths.js";

const MOST_TOKENS = 40;
const ROW = 17;
const AXIS = 59; // half the width of an axis of words between two mirror images

/** Hatching in the colour of series i; ids are unique on the page. */
export function hatch(id, i) {
  return html`<pattern id="${id}-h${i}" class="c${i + 1}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"
    ><rect class="lab-hatch-ground" width="5" height="5"/><path class="lab-hatch" d="M0 0V5"/></pattern>`;
}

/** The hatching of a group's dropped bars: named once, not on each bar. */
function hatching(s, id, i) {
  return s.kept ? html` style="--hatch: url(#${id}-h${i})"` : "";
}

function dropped(s, j) {
  return s.kept && !s.kept[j] ? html` class="dropped"` : "";
}

/** Vertical error bar. */
function whisker(at, low, high, y) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return "";
  return html`<path class="lab-whisker" d="M${fix(at - 3)} ${fix(y(low))}h6m-3 0V${fix(y(high))}m-3 0h6"/>`;
}

/** @param {string} id prefix for the hatching patterns */
export function drawBars(chart, frame, id) {
  const tokens = tokensOf(chart, frame);
  if (tokens) return drawRows(chart, frame, id, tokens);
  const series = seriesOf(chart, frame);
  const bars = series.filter((s) => s.role === "bars");
  const markers = markersOf(chart, frame);
  const { x, y } = scalesOf({ ...chart, y_zero: !chart.y_log }, series, { markers, pad: 0.5 });
  const count = Math.max(1, ...bars.map((s) => s.y.length));
  const box = boxOf(chart);
  const slot = (box.width - box.left - box.right) / count;
  const width = Math.max(0.6, (slot * (slot > 6 ? 0.8 : 0.9)) / Math.max(1, bars.length));
  const floor = y(chart.y_log ? y.domain()[0] : 0);
  return html`<defs>${series.map((_, i) => hatch(id, i))}</defs>${axes(chart, x, y)}${series.map((s, i) => {
    if (s.role !== "bars") return drawSeries(s, i, chart, x, y);
    const k = bars.indexOf(s);
    return html`<g class="c${i + 1} lab-bars"${hatching(s, id, i)}>${s.y.map((value, j) => {
      if (!Number.isFinite(value) || (chart.y_log && value <= 0)) return "";
      const left = x(s.x[j]) + (k - bars.length / 2) * width;
      const top = Math.min(y(value), floor);
      return html`<rect x="${fix(left)}" y="${fix(top)}" width="${fix(width)}" height="${fix(
        Math.max(0.5, Math.abs(floor - y(value))))}"${dropped(s, j)}/>${
        s.low && s.high ? whisker(left + width / 2, s.low[j], s.high[j], y) : ""}`;
    })}</g>`;
  })}${markerLines(chart, markers, x)}`;
}

/** Size of a chart of rows, one group per word. */
export function rowsBox(chart, frame) {
  const tokens = tokensOf(chart, frame) || [];
  const groups = chart.mirror ? 1 : Math.max(1, chart.series.length);
  const band = Math.max(ROW, 9 * groups + 7);
  const box = boxOf(chart);
  const rows = Math.max(1, Math.min(tokens.length, MOST_TOKENS));
  // Where its place is taller than the rows need, they spread; where it is wider than they are tall, it is as wide.
  const spread = Math.max(band, Math.min(44, (box.height - box.top - box.bottom) / rows));
  const height = Math.round(box.top + box.bottom + spread * rows);
  return { ...box, left: chart.left || 118, band: spread, height, width: Math.round(Math.max(box.width, Math.min(900, (box.width / box.height) * height))) };
}

/** Horizontal bars with a word each: weights of features, probabilities of tokens. */
export function drawRows(chart, frame, id, tokens) {
  const box = rowsBox(chart, frame);
  const series = seriesOf(chart, frame);
  const shown = tokens.slice(0, MOST_TOKENS);
  const domain = extent(series.flatMap((s) => [s.y.slice(0, MOST_TOKENS), s.low, s.high]), chart.y_log);
  const middle = box.width / 2;
  const sides = chart.mirror ? [[middle - AXIS, box.right], [middle + AXIS, box.width - box.right]] : [[box.left, box.width - box.right]];
  const scales = sides.map((side) => makeScale(domain, side, { log: chart.y_log, zero: !chart.y_log }));
  const floor = box.height - box.bottom;
  const zeroOf = (x) => x(chart.y_log ? x.domain()[0] : 0);
  const ticks = scales.flatMap((x) => ticksOf(x, chart.y_log, chart.mirror ? 3 : 5).map((t) => [t, fix(x(t))]));
  const groups = series.length / sides.length || 1;
  const thick = (box.band - 6) / groups;
  return html`<defs>${series.map((_, i) => hatch(id, i))}</defs><g class="lab-grid">${ticks.map(
    ([, at]) => html`<path d="M${at} ${box.top}V${floor}"/>`)}</g><g class="lab-ticks" text-anchor="middle">${ticks.map(
    ([t, at]) => html`<text x="${at}" y="${floor + 17}">${tickText(t)}</text>`)}</g><g class="lab-words" text-anchor="${chart.mirror ? "middle" : "end"}">${
    shown.map((word, j) => html`<text x="${chart.mirror ? middle : box.left - 7}" y="${fix(box.top + box.band * (j + 0.5) + 4)}"><title>${word}</title>${
      chart.left ? word : clip(word)}</text>`)}</g>${series.map((s, i) => html`<g class="c${i + 1} lab-bars"${hatching(s, id, i)}>${s.y.slice(0, MOST_TOKENS).map(
      (value, j) => row(s, value, j, { x: scales[i % sides.length], zero: zeroOf(scales[i % sides.length]), chart, mark: dropped(s, j),
        top: box.top + box.band * j + 3 + Math.floor(i / sides.length) * thick, thick }))}</g>`)}${scales.map((x) => html`<path class="lab-axis" d="M${
    fix(zeroOf(x))} ${box.top}V${floor}"/>`)}${axisTitles({ y_label: chart.x_label, x_label: chart.y_label }, box)}`;
}

function row(s, value, j, { x, zero, chart, mark, top, thick }) {
  if (!Number.isFinite(value) || (chart.y_log && value <= 0)) return "";
  const end = x(value);
  const middle = top + thick / 2;
  const low = s.low?.[j];
  const high = s.high?.[j];
  const error = Number.isFinite(low) && Number.isFinite(high)
    ? html`<path class="lab-whisker" d="M${fix(x(low))} ${fix(middle - 3)}v6m0 -3H${fix(x(high))}m0 -3v6"/>` : "";
  if (s.role === "dots") {
    return html`<circle class="lab-mark" r="3.5" cx="${fix(end)}" cy="${fix(middle)}"/>${error}`;
  }
  return html`<rect x="${fix(Math.min(end, zero))}" y="${fix(top)}" width="${fix(Math.max(0.5, Math.abs(end - zero)))}" height="${
    fix(Math.max(1, thick - 1))}"${mark}/>${error}`;
}

/** @param {string} word */
function clip(word) {
  const letters = [...word.replace(/\n/g, "\u21b5")];
  return letters.length > 18 ? letters.slice(0, 17).join("") + "\u2026" : letters.join("");
}

/** Heights over bin edges (one more than heights) or centres; "steps" series are ticks at their x positions. */
export function drawHistogram(chart, frame, id) {
  const series = seriesOf(chart, frame);
  const ticks = series.filter((s) => s.role === "steps");
  const bars = series.filter((s) => s.role === "bars");
  const lines = series.filter((s) => !ticks.includes(s) && !bars.includes(s));
  const markers = markersOf(chart, frame);
  const shapes = bars.map((s) => ({ ...s, x: edgesOf(s) }));
  const { x, y } = scalesOf({ ...chart, y_zero: !chart.y_log }, [...shapes, ...ticks.map((s) => ({ ...s, y: [], low: null,
    high: null })), ...lines], { markers });
  const box = boxOf(chart);
  const floor = box.height - box.bottom;
  return html`<defs>${series.map((_, i) => hatch(id, i))}</defs>${axes(chart, x, y)}${shapes.map((s, k) => {
    const i = series.indexOf(bars[k]);
    return html`<g class="c${i + 1} lab-bars lab-bins"${hatching(s, id, i)}>${s.y.map((value, j) => {
      if (!Number.isFinite(value) || (chart.y_log && value <= 0) || !Number.isFinite(s.x[j + 1])) return "";
      const [left, right] = [x(s.x[j]), x(s.x[j + 1])];
      return html`<rect x="${fix(left)}" y="${fix(y(value))}" width="${fix(Math.max(0.6, right - left - 0.6))}" height="${
        fix(Math.max(0, floor - y(value)))}"${dropped(s, j)}/>`;
    })}</g>`;
  })}${ticks.map((s) => html`<g class="c${series.indexOf(s) + 1} lab-levels">${s.x.filter(Number.isFinite).map(
    (at) => html`<path d="M${fix(x(at))} ${box.top}V${floor}"/>`)}</g>`)}${lines.map(
    (s) => drawSeries(s, series.indexOf(s), chart, x, y))}${markerLines(chart, markers, x)}`;
}

/** @param {import("./data.js").Points} s */
function edgesOf(s) {
  if (s.x.length === s.y.length + 1) return s.x;
  const width = s.x.length > 1 ? s.x[1] - s.x[0] : 1;
  return [...s.x.map((at) => at - width / 2), (s.x.at(-1) ?? 0) + width / 2];
}
