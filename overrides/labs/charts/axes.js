/** Scales, ticks and the box that every chart with two axes stands in. */

import { scaleLinear, scaleLog } from "d3-scale";

import { grouped, powerOfTen } from "../format.js";
import { html } from "../html.js";
import { extent } from "./data.js";
import { fix } from "./paths.js";

const MARGINS = { top: 26, right: 12, bottom: 40, left: 46 };
const SMALL = { width: 360, height: 240 };

/** Size and margins of a chart in its own units; its place in the stage may give it a size. */
export function boxOf(chart) {
  return { ...MARGINS, ...(chart.box || SMALL) };
}

/**
 * @param {[number, number] | null} domain
 * @param {[number, number]} range
 * @param {{log?: boolean, zero?: boolean, nice?: boolean}} [options]
 */
export function makeScale(domain, range, { log = false, zero = false, nice = true } = {}) {
  let [low, high] = domain || (log ? [1, 10] : [0, 1]);
  if (log) {
    if (low === high) [low, high] = [low / 2, high * 2];
    const scale = scaleLog().domain([low, high]).range(range).clamp(true);
    return nice ? scale.nice() : scale;
  }
  if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high && zero) [low, high] = [0, 1]; // nothing but zeros stands on the axis
  else if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const scale = scaleLinear().domain([low, high]).range(range);
  return nice ? scale.nice(5) : scale;
}

/** @param {number} value */
export function tickText(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    const [mantissa, exponent] = value.toExponential(1).split("e");
    const power = powerOfTen(Number(exponent));
    return Number(mantissa) === 1 ? power : `${Number(mantissa)}\u00b7${power}`;
  }
  return size >= 1e4 ? grouped(Math.round(value)) : String(Number(value.toPrecision(6))).replace("-", "\u2212");
}

/** At most `most` round values of a scale; whole powers of ten on a long log axis. */
export function ticksOf(scale, log, most) {
  if (!log) return scale.ticks(most);
  const [low, high] = scale.domain().map(Math.log10);
  const decades = [];
  for (let e = Math.ceil(low - 1e-9); e <= Math.floor(high + 1e-9); e += 1) decades.push(e);
  if (decades.length < 2) return scale.ticks(most).filter((_, i, all) => i % Math.ceil(all.length / most) === 0);
  const stride = Math.ceil(decades.length / most);
  return decades.filter((_, i) => i % stride === 0).map((e) => 10 ** e);
}

/**
 * Both scales of a chart.
 * @param {any} chart
 * @param {import("./data.js").Points[]} series
 * @param {{markers: {x: number}[], pad?: number, xDomain?: [number, number]}} options
 */
export function scalesOf(chart, series, { markers, pad = 0, xDomain }) {
  const xs = xDomain || extent([...series.map((s) => s.x), markers.map((m) => m.x)], chart.x_log);
  const ys = extent(series.flatMap((s) => [s.y, s.low, s.high]), chart.y_log);
  const padded = xs && pad ? [xs[0] - pad, xs[1] + pad] : xs;
  const box = boxOf(chart);
  return {
    x: makeScale(padded, [box.left, box.width - box.right], { log: chart.x_log, nice: false }),
    y: makeScale(ys, [box.height - box.bottom, box.top], { log: chart.y_log, zero: chart.y_zero }),
  };
}

/** Grid, tick labels and axis titles. */
export function axes(chart, x, y) {
  const box = boxOf(chart);
  const floor = box.height - box.bottom;
  const right = box.width - box.right;
  const xTicks = ticksOf(x, chart.x_log, 6);
  const yTicks = ticksOf(y, chart.y_log, 5);
  return html`<g class="lab-grid">${yTicks.map((t) => html`<path d="M${box.left} ${fix(y(t))}H${right}"/>`)}</g
    ><path class="lab-axis" d="M${box.left} ${floor}H${right}"/><g class="lab-ticks" text-anchor="end">${yTicks.map(
      (t) => html`<text x="${box.left - 7}" y="${fix(y(t) + 4)}">${tickText(t)}</text>`,
    )}</g><g class="lab-ticks" text-anchor="middle">${xTicks.map(
      (t) => html`<text x="${fix(x(t))}" y="${floor + 17}">${tickText(t)}</text>`,
    )}</g>${axisTitles(chart)}`;
}

/** Axis titles: the vertical one stands level above its axis, where it can be read. */
export function axisTitles(chart, box = boxOf(chart)) {
  return html`<g class="lab-axis-title"><text x="2" y="13">${chart.y_label}</text><text text-anchor="middle" x="${
    (box.left + box.width - box.right) / 2}" y="${box.height - 6}">${chart.x_label}</text></g>`;
}

/** Vertical marker lines with their labels, lower when they would run into each other. */
export function markerLines(chart, markers, x) {
  let lastX = -Infinity;
  let lane = 0;
  const box = boxOf(chart);
  const floor = box.height - box.bottom;
  // what page/drag.js needs to read a place on the axis
  const axis = chart.drag || chart.markers?.length ? [html`<g data-axis="${[...x.domain(), ...x.range()].join(" ")}"/>`] : [];
  const lines = [...markers]
    .sort((a, b) => a.x - b.x)
    .map((marker) => {
      const at = x(marker.x);
      lane = at - lastX < 100 ? lane + 1 : 0;
      lastX = at;
      const end = at > box.width - 90;
      return html`<g class="lab-marker"><path d="M${fix(at)} ${box.top - 4}V${floor}"/><text x="${fix(
        at + (end ? -5 : 5))}" y="${box.top + 7 + 14 * lane}" text-anchor="${end ? "end" : "start"}">${
        marker.label}</text></g>`;
    });
  return [...axis, ...lines];
}
