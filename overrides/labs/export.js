/** What a reader takes home: the frame on the screen as a Python script that makes it again, and a chart's numbers. */

import { shapeOf } from "./charts/heatmap.js";
import { columnsOf } from "./charts/table.js";

/** Hands the reader a file that was made here. */
export function saveFile(name, text, type = "text/plain") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** All numbers of a chart as CSV: the whole matrix of a heatmap, else the columns of its table. */
export function toCsv(chart, frame) {
  if (chart.kind === "heatmap") {
    const tensor = frame.arrays[chart.series[0].array];
    const [rows, columns] = shapeOf(tensor);
    return Array.from({ length: rows }, (_, r) => Array.from(tensor.data.slice(r * columns, (r + 1) * columns)).join(",")).join("\n");
  }
  const columns = columnsOf(chart, frame);
  const length = Math.max(0, ...columns.map((c) => c.cells.length));
  const quote = (cell) => (typeof cell === "string" ? `"${cell.replace(/"/g, '""')}"` : String(cell ?? ""));
  const lines = [columns.map((c) => quote(c.head))];
  for (let r = 0; r < length; r += 1) lines.push(columns.map((c) => quote(c.cells[r])));
  return lines.map((line) => line.join(",")).join("\n");
}

/** @param {unknown} value @returns {string} a Python literal */
export function literal(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : 'float("nan")';
  if (typeof value === "string") return stringLiteral(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  return `{${Object.entries(value).map(([key, item]) => `${stringLiteral(key)}: ${literal(item)}`).join(", ")}}`;
}

/** JSON's escapes are Python's too, except that lone surrogates and line separators stay readable. */
function stringLiteral(text) {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
}

/**
 * @param {any} spec
 * @param {{params: object, scalars: Record<string, {value: number}>}} frame
 * @param {{name: string, text: string}[]} edits functions that the reader changed
 */
export function toPython(spec, frame, edits) {
  const params = Object.entries(frame.params).map(([name, value]) => `    ${stringLiteral(name)}: ${literal(value)},`);
  const seen = Object.entries(frame.scalars).map(([name, { value }]) => `    ${stringLiteral(name)}: ${literal(value)},`);
  const replaced = edits.map(({ name, text }) => `api.replace(${stringLiteral(name)}, ${stringLiteral(text)})`);
  return `"""One frame of the ${spec.title}, made again on your own machine.

Run it in the project's folder, where labs_py lies:  python ${spec.slug}_lab.py
It needs numpy and nothing else. Lesson version ${spec.version}.
"""

import math
import os
import sys

sys.path.insert(0, os.getcwd())

from labs_py import api

PARAMS = {
${params.join("\n")}
}

# What the page showed; another processor may differ in the last digits.
SHOWN = {
${seen.join("\n")}
}
${replaced.length ? `\n# Functions that you had changed in the page.\n${replaced.join("\n")}\n` : ""}
frame = api.last_frame(${stringLiteral(spec.slug)}, PARAMS, dtype="float64")

for name, scalar in frame["scalars"].items():
    shown = SHOWN[name]
    same = shown is None or math.isclose(scalar["value"], shown, rel_tol=1e-6, abs_tol=1e-9)
    print(f"{name:24} {scalar['value']:.9g} {scalar['unit']}{'' if same else f'   (the page showed {shown:.9g})'}")

# frame["arrays"] holds the arrays: {name: {"shape", "dtype", "data"}}, float64, row by row.
`;
}
