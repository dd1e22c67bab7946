/** Points of two arrays; dropped ones are hollow. */

import { html } from "../html.js";
import { axes, markerLines, scalesOf } from "./axes.js";
import { markersOf, seriesOf } from "./data.js";
import { drawSeries } from "./line.js";

export function drawScatter(chart, frame) {
  const series = seriesOf(chart, frame).map((s) => ({ ...s, role: ["line", "bars"].includes(s.role) ? "dots" : s.role }));
  const markers = markersOf(chart, frame);
  const { x, y } = scalesOf(chart, series, { markers });
  return html`${axes(chart, x, y)}${series.map((s, i) => drawSeries(s, i, chart, x, y))}${markerLines(chart, markers, x)}`;
}
