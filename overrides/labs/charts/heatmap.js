/** A matrix as one small picture inside the SVG: 64 by 64 rectangles would weigh 226 kB, a PNG weighs six. */

import { number } from "../format.js";
import { html, raw } from "../html.js";
import { encode, shrink } from "./png.js";

export const HEATMAP_BOX = { width: 216, height: 238, left: 24, top: 6, side: 186 };

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
  const { left, top, side } = HEATMAP_BOX;
  const scale = side / Math.max(rows, columns);
  const wide = Math.round(columns * scale);
  const high = Math.round(rows * scale);
  const floor = top + side + 14;
  return html`<image x="${left}" y="${top}" width="${wide}" height="${high}" preserveAspectRatio="none" class="lab-cells" href="${
    raw(encode(small.cells, small.rows, small.columns, limit))}"/><rect class="lab-frame" x="${left}" y="${top}" width="${
    wide}" height="${high}"/><g class="lab-ticks"><text x="${left - 5}" y="${top + 10}" text-anchor="end">1</text><text x="${
    left - 5}" y="${top + high}" text-anchor="end">${rows}</text><text x="${left}" y="${floor}">1</text><text x="${left + wide}" y="${
    floor}" text-anchor="end">${columns}</text><text x="${left + wide / 2}" y="${floor}" text-anchor="middle">${
    chart.x_label}</text></g>${colourBar(id, limit, floor + 12)}`;
}

/** Rows and columns of a matrix; a flat array is one row. */
export function shapeOf(tensor) {
  return tensor.shape.length >= 2 ? [tensor.shape[0], tensor.data.length / (tensor.shape[0] || 1)] : [1, tensor.data.length];
}

function colourBar(id, limit, top) {
  const { left, side } = HEATMAP_BOX;
  return html`<defs><linearGradient id="${id}-g"><stop offset="0" stop-color="#e06c00"/><stop offset=".5" stop-color="#e06c00" stop-opacity="0"/><stop offset=".5" stop-color="#1f77d0" stop-opacity="0"/><stop offset="1" stop-color="#1f77d0"/></linearGradient></defs><rect class="lab-frame" x="${
    left + side * 0.25}" y="${top}" width="${side * 0.5}" height="9" fill="url(#${id}-g)"/><g class="lab-ticks"><text text-anchor="end" x="${
    left + side * 0.22}" y="${top + 9}">${number(-limit, 2)}</text><text x="${left + side * 0.78}" y="${top + 9}">${
    number(limit, 2)}</text></g>`;
}
