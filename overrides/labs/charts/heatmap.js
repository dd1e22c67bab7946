/** A matrix as one small picture inside the SVG: 64 by 64 rectangles would weigh 226 kB, a PNG weighs six. */

import { number } from "../format.js";
import { html, raw } from "../html.js";
import { encode, shrink } from "./png.js";

const BOX = { width: 216, height: 238, left: 24, top: 6, side: 186 };
const GAP = 5;

/** The box of a heatmap; with `room_for` it has room, to its scale, for a factor on the left and another above. */
export function heatmapBox(chart, frame) {
  const factor = frame.arrays[chart.room_for];
  if (!factor) return { ...BOX, strip: 0 };
  const strip = (BOX.side * factor.shape[1]) / factor.shape[0];
  const more = strip + GAP;
  return { ...BOX, strip, width: BOX.width + more, height: BOX.height + more, left: BOX.left + more, top: BOX.top + more };
}

/** @param {ArrayLike<number>} data */
function largest(data) {
  let most = 0;
  for (let i = 0; i < data.length; i += 1) {
    const size = Math.abs(data[i]);
    if (Number.isFinite(size) && size > most) most = size;
  }
  return most;
}

/** The value with full colour: of the array named by `scale_from`, or of the matrix itself. */
export function limitOf(chart, frame) {
  const source = frame.arrays[chart.scale_from] || frame.arrays[chart.series[0].array];
  return source ? largest(source.data) : 0;
}

/** @param {string} id prefix of the colour bar's gradient */
export function drawHeatmap(chart, frame, id) {
  const tensor = frame.arrays[chart.series[0].array];
  const [rows, columns] = shapeOf(tensor);
  const small = shrink(tensor.data, rows, columns);
  const limit = limitOf(chart, frame);
  const box = heatmapBox(chart, frame);
  const { left, top, side } = box;
  const scale = side / Math.max(rows, columns);
  const wide = Math.round(columns * scale);
  const high = Math.round(rows * scale);
  const floor = top + side + 14;
  const factors = chart.series.slice(1);
  const most = Math.max(...factors.map(({ array }) => largest(frame.arrays[array].data)));
  const far = left - 5 - (factors.length ? box.strip + GAP : 0);
  return html`${picture(small, limit, { x: left, y: top, wide, high })}${factors.map(({ array, label, role }) => {
    const [down, across] = shapeOf(frame.arrays[array]);
    const given = shrink(frame.arrays[array].data, down, across);
    const at = role === "left" ? { x: left - GAP - box.strip, y: top, wide: box.strip, high } : { x: left, y: top - GAP - box.strip, wide, high: box.strip };
    const [x, y] = role === "left" ? [at.x + box.strip / 2, floor] : [left - 5, at.y + Math.min(10, box.strip)];
    return html`${picture(given, most, at)}<text x="${x}" y="${y}" text-anchor="${role === "left" ? "middle" : "end"}">${label}</text>`;
  })}<g class="lab-ticks"><text x="${far}" y="${top + 10}" text-anchor="end">1</text><text x="${
    far}" y="${top + high}" text-anchor="end">${rows}</text><text x="${left}" y="${floor}">1</text><text x="${left + wide}" y="${
    floor}" text-anchor="end">${columns}</text><text x="${left + wide / 2}" y="${floor}" text-anchor="middle">${
    chart.x_label}</text></g>${colourBar(id, limit, box, floor + 12)}`;
}

function picture({ cells, rows, columns }, limit, { x, y, wide, high }) {
  return html`<image x="${x}" y="${y}" width="${wide}" height="${high}" preserveAspectRatio="none" class="lab-cells" href="${
    raw(encode(cells, rows, columns, limit))}"/><rect class="lab-frame" x="${x}" y="${y}" width="${wide}" height="${high}"/>`;
}

/** Rows and columns of a matrix; a flat array is one row. */
export function shapeOf(tensor) {
  return tensor.shape.length >= 2 ? [tensor.shape[0], tensor.data.length / (tensor.shape[0] || 1)] : [1, tensor.data.length];
}

function colourBar(id, limit, { left, side }, top) {
  return html`<defs><linearGradient id="${id}-g"><stop offset="0" stop-color="#e06c00"/><stop offset=".5" stop-color="#e06c00" stop-opacity="0"/><stop offset=".5" stop-color="#1f77d0" stop-opacity="0"/><stop offset="1" stop-color="#1f77d0"/></linearGradient></defs><rect class="lab-frame" x="${
    left + side * 0.25}" y="${top}" width="${side * 0.5}" height="9" fill="url(#${id}-g)"/><g class="lab-ticks"><text text-anchor="end" x="${
    left + side * 0.22}" y="${top + 9}">${number(-limit, 2)}</text><text x="${left + side * 0.78}" y="${top + 9}">${
    number(limit, 2)}</text></g>`;
}
