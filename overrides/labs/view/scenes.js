/**
 * How a lab is laid out, drawn from its SPEC: which sections become scenes of the stage, which control stands in the
 * rail, in a scene or in the drawer, and how a scene's charts share its grid.
 */

import { hasControl } from "./controls.js";

/**
 * @typedef {{title: string, lead: string, titles: string[], charts: any[], outputs: any[], texts: any[], hasOwn: boolean}} Scene
 *   titles: of all sections that it shows; texts: parameters that are pasted or loaded, beside what they move; hasOwn:
 *   the lab's own view stands in it, which is always the first scene
 */

/** Text and files are read beside what they move, so they stand in the scene itself. */
export function isPasted(param) {
  return ["text", "file"].includes(param.kind);
}

/** Sections of the SPEC, or one without a title when it names none. */
function sectionsOf(spec) {
  return spec.sections.length ? spec.sections : [{ title: "", lead: "" }];
}

/** What of `items` stands in section i ("" = the first). */
function inSection(items, sections, i) {
  return items.filter((item) => item.section === sections[i].title || (i === 0 && !sections.some((s) => s.title === item.section)));
}

/**
 * The scenes of a lab. A section without a chart has nothing to look at: what it holds joins the scene before it, or
 * the first one.
 * @returns {Scene[]}
 */
export function scenesOf(spec) {
  const sections = sectionsOf(spec);
  const parts = sections.map(({ title, lead }, i) => ({
    title, lead, titles: [title], charts: inSection(spec.charts, sections, i), outputs: inSection(spec.outputs, sections, i),
    texts: inSection(spec.params.filter((p) => hasControl(p) && isPasted(p)), sections, i) }));
  const scenes = parts.filter((part) => part.charts.length);
  if (!scenes.length) scenes.push(parts[0]);
  parts.forEach((part, i) => {
    if (scenes.includes(part)) return;
    const host = parts.slice(0, i).reverse().find((p) => scenes.includes(p)) || scenes[0];
    host.titles.push(part.title);
    host.outputs = [...host.outputs, ...part.outputs];
    host.texts = [...host.texts, ...part.texts];
  });
  scenes.forEach((scene, i) => (scene.hasOwn = Boolean(spec.view) && i === 0));
  return scenes;
}

/** Place of a section's scene in the row of scenes. */
export function sceneOf(scenes, section) {
  return Math.max(0, scenes.findIndex((scene) => scene.titles.includes(section)));
}

/**
 * The controls by where they stand. Main ones (used by a preset, a prediction or a challenge) stand in the rail; the
 * pinned ones move every scene and come first; the others wait in the drawer, where there are many.
 * @param {string[]} main names of the main parameters
 */
export function placesOf(spec, main) {
  const shown = spec.params.filter((p) => hasControl(p) && !isPasted(p));
  const pinned = shown.filter((p) => spec.pinned.includes(p.name));
  const rest = shown.filter((p) => !spec.pinned.includes(p.name));
  if (shown.length <= MOST_IN_RAIL) return { pinned, rail: rest, rare: [] };
  return { pinned, rail: rest.filter((p) => main.includes(p.name)), rare: rest.filter((p) => !main.includes(p.name)) };
}

const MOST_IN_RAIL = 10; // where there are no more, none has to wait in the drawer

/** Rows of charts: matrices side by side in one row of equal size, then the others, the first one largest. */
function rowsOf(charts) {
  const maps = charts.filter((chart) => chart.kind === "heatmap");
  const rest = maps.length > 1 ? charts.filter((chart) => chart.kind !== "heatmap") : charts;
  const rows = maps.length > 1 ? [maps] : [];
  const most = rest.length > 4 ? 3 : 2;
  if (rest.length <= 3) return rest.length ? [...rows, rest] : rows;
  for (let i = 0; i < rest.length; i += most) rows.push(rest.slice(i, i + most));
  return rows;
}

const MAPS = 1.3; // a row of matrices is so much higher than another
const MANY = 6; // numbers that fill more than a line
const BESIDE = 300; // what stands beside the charts takes this much
const STAGE = { width: 1060, height: 540 }; // of the grid on a laptop, in pixels: a chart's own units come near them
const FRAME = { width: 30, height: 74 }; // of a figure around its picture

/** Whether a scene's numbers, which would fill two lines, stand beside its charts. */
export function hasNumbersBeside(scene) {
  return scene.outputs.length > MANY && scene.charts.length < 3 && !scene.hasOwn && !scene.texts.length;
}

/** Width of a scene's grid of charts. */
function widthOf(scene) {
  const room = STAGE.width - (hasNumbersBeside(scene) ? BESIDE : 0) - (scene.texts.length ? BESIDE : 0);
  return scene.hasOwn ? room / 2 : room;
}

/** @typedef {{chart: any, columns: number, tall: number, box: {width: number, height: number}}} Cell */

/**
 * Place and size of each chart in a grid of twelve columns, and the share of each row in its height.
 * @param {Scene} scene
 * @returns {{rows: number[], cells: Cell[]}}
 */
export function gridOf(scene) {
  const { charts } = scene;
  const size = (chart, columns, tall, share) => ({ chart, columns, tall, box: boxOf((widthOf(scene) * columns) / 12, STAGE.height * share) });
  if (scene.hasOwn) return besideOwn(charts, size);
  const rows = rowsOf(charts);
  if (rows.length === 1 && rows[0].length === 3 && rows[0][0].kind !== "heatmap") {
    const [first, ...others] = charts; // one large, two small beside it
    return { rows: [1, 1], cells: [size(first, 7, 2, 1), ...others.map((chart) => size(chart, 5, 1, 1 / 2))] };
  }
  const shares = rows.map((row) => (row.length > 1 && row[0].kind === "heatmap" ? MAPS : 1));
  const all = shares.reduce((sum, share) => sum + share, 0);
  const cells = rows.flatMap((row, place) => row.map((chart, i) => size(chart, columnsOf(row, i), 1, shares[place] / all)));
  return { rows: shares, cells };
}

/** Beside a view of the lab's own there is half the room: the first chart across it, the others in pairs below. */
function besideOwn([first, ...others], size) {
  if (!first) return { rows: [], cells: [] };
  const rows = [1.5, ...Array.from({ length: Math.ceil(others.length / 2) }, () => 1)];
  const total = rows.reduce((sum, share) => sum + share, 0);
  const across = others.length === 1 ? 12 : 6;
  return { rows, cells: [size(first, 12, 1, 1.5 / total), ...others.map((chart) => size(chart, across, 1, 1 / total))] };
}

function columnsOf(row, i) {
  if (row.length === 2 && row[1].kind === "heatmap") return [8, 4][i];
  if (row.length === 2 && row[0].kind === "bars" && row[1].kind === "line") return [7, 5][i];
  return 12 / row.length;
}

/** A chart's own size for a place of so many pixels. */
function boxOf(across, down) {
  const [wide, high] = [across - FRAME.width, down - FRAME.height];
  const width = Math.round(Math.min(680, Math.max(300, wide / 1.15)));
  return { width, height: Math.round(Math.max(150, Math.min(width * 0.95, (width * high) / wide))) };
}

const sized = new WeakMap();

/** The charts of a lab with the size that their place gives them; those of a small screen have their own. */
export function sizedCharts(spec, isNarrow) {
  if (isNarrow) return spec.charts;
  if (!sized.has(spec)) {
    const cells = scenesOf(spec).flatMap((scene) => gridOf(scene).cells);
    sized.set(spec, cells.map(({ chart, box }) => ({ ...chart, box })));
  }
  return sized.get(spec);
}
