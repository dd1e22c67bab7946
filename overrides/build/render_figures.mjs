/**
 * Draw the pages' charts: JSON of a list of {name, chart, frame, boxes} on standard input, on standard output JSON of
 * {name: {svgs: [one for each box], legend}}. The functions are those that draw the labs.
 */

import { readFileSync } from "node:fs";

import { drawLegend, drawSvg } from "../labs/charts/index.js";

const drawn = {};
for (const { name, chart, frame, boxes } of JSON.parse(readFileSync(0, "utf8"))) {
  const svgs = boxes.map((box, i) => {
    const margins = { top: 26, right: 12, bottom: 40, left: 46 };
    return drawSvg({ ...chart, box: { ...margins, ...box }, left: box.left }, frame, `${name}-${i}`).text;
  });
  drawn[name] = { svgs, legend: drawLegend(chart, frame).text };
}
process.stdout.write(JSON.stringify(drawn));
