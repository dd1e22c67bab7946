/**
 * What nobody needs in the first moment: predictions, challenges, the editor of code, progress as a file, the export,
 * a chart's numbers. It is fetched
 * while the lab's controls work already; its buttons are out of use until then.
 */

import { saveFile, toCsv, toPython } from "../export.js";
import { mountChallenges } from "./challenges.js";
import { mountChip } from "./chip.js";
import { mountCode } from "./code.js";
import { mountDrag } from "./drag.js";
import { mountDrawer } from "./drawer.js";
import { mountMeter } from "./meter.js";
import { mountPredictions } from "./predict.js";
import { mountPress } from "./press.js";
import { mountProgress } from "./progress.js";
import { mountRecorded } from "./recorded.js";
import { mountReplay } from "./replay.js";
import { mountChosen, mountSight } from "./sight.js";

/** @param {import("./element.js").LabView} lab */
function mountExport(lab) {
  lab.querySelector('[data-action="export"]').addEventListener("click", () => {
    const edits = [...lab.edited].map(([name, text]) => ({ name, text }));
    saveFile(`${lab.spec.slug}_lab.py`, toPython(lab.spec, lab.shown, edits), "text/x-python");
    lab.announce(`Saved ${lab.spec.slug}_lab.py: run it in the project\u2019s folder to get this frame.`);
  }, { signal: lab.signal });
}

function mountDownloads(lab) {
  lab.querySelectorAll('[data-action="download"]').forEach((button) => button.addEventListener("click", () => {
    const chart = lab.spec.charts.find((c) => c.name === button.dataset.for);
    if (lab.frame) saveFile(`${lab.spec.slug}-${chart.name}.csv`, toCsv(chart, lab.frame), "text/csv");
  }, { signal: lab.signal }));
}

export const mounts = [mountSight, mountChosen, mountReplay, mountRecorded, mountDrag, mountPress, mountMeter, mountDrawer, mountPredictions, mountChip, mountChallenges, mountCode, mountProgress, mountExport, mountDownloads];
