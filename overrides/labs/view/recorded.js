/** A recorded frame over what is shown: its charts, and its numbers, each marked as recorded. */

import { scalar } from "../format.js";
import { syncCharts } from "./outputs.js";

/**
 * @param {import("../page/element.js").LabView} lab
 * @param {any} frame
 * @param {string[]} charts names of those that it fills
 */
export function drawRecorded(lab, frame, charts) {
  syncCharts(lab, lab.spec, frame, false, new Set(charts));
  charts.forEach((name) => (lab.querySelector(`[data-chart="${name}"]`).dataset.recorded = "now"));
  for (const output of lab.spec.outputs) {
    const value = frame.scalars[output.name]?.value;
    const place = lab.querySelector(`[data-output="${output.name}"]`);
    if (!place || !Number.isFinite(value)) continue;
    if (String(value) === place.dataset.value) delete place.dataset.recorded;
    else place.dataset.recorded = String(value);
    place.querySelector("dd").textContent = scalar(value, output);
  }
  lab.dataset.params = JSON.stringify(frame.params);
  lab.dispatchEvent(new CustomEvent("lab-frame", { detail: { params: frame.params, final: false, recorded: true }, bubbles: true }));
}
