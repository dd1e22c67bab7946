/** Numbers as a reader sees them. */

const MINUS = "\u2212";
const SUPERSCRIPTS = { "-": "\u207b", 0: "\u2070", 1: "\u00b9", 2: "\u00b2", 3: "\u00b3", 4: "\u2074", 5: "\u2075",
  6: "\u2076", 7: "\u2077", 8: "\u2078", 9: "\u2079" };

/** @param {string} text */
function withMinus(text) {
  return text.replace(/^-/, MINUS);
}

/** @param {number} exponent */
export function powerOfTen(exponent) {
  return "10" + String(exponent).split("").map((c) => SUPERSCRIPTS[c]).join("");
}

/** @param {number} value a whole number, digits grouped by thin commas */
export function grouped(value) {
  const [whole, rest] = Math.abs(value).toString().split(".");
  const text = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",") + (rest ? "." + rest : "");
  return (value < 0 ? MINUS : "") + text;
}

/**
 * A number with so many significant digits, without trailing zeros; powers of ten when far from one.
 * @param {number | null} value
 * @param {number} [digits]
 */
export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "not defined";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(Math.min(digits, 3) - 1).split("e");
    return `${withMinus(String(Number(mantissa)))}\u00d7${powerOfTen(Number(exponent))}`;
  }
  const rounded = Number(value.toPrecision(digits));
  return size >= 1e4 ? grouped(rounded) : withMinus(String(rounded));
}

/** @param {number} bytes in decimal steps, as file sizes are sold */
export function bytes(value) {
  if (!Number.isFinite(value)) return "not defined";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = Math.abs(value);
  let i = 0;
  while (size >= 1000 && i < units.length - 1) {
    size /= 1000;
    i += 1;
  }
  return `${value < 0 ? MINUS : ""}${i === 0 ? size : Number(size.toPrecision(4))} ${units[i]}`;
}

/**
 * A scalar by its SPEC.
 * @param {number | null} value
 * @param {{format?: string, unit?: string}} output
 */
export function scalar(value, output) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "not defined";
  const format = output.format || "number";
  if (format === "bytes") return bytes(value);
  if (format === "percent") return `${withMinus(String(Number((100 * value).toPrecision(4))))}%`;
  const text = format === "integer" || format === "count" ? grouped(Math.round(value)) : number(value);
  return output.unit ? `${text} ${output.unit}` : text;
}

/**
 * A parameter's value for people (aria-valuetext, presets, links).
 * @param {{unit?: string, choices?: [unknown, string][]}} param
 * @param {unknown} value
 */
export function paramText(param, value) {
  const choice = (param.choices || []).find(([legal]) => String(legal) === String(value));
  if (choice) return choice[1];
  if (typeof value === "number") return number(value, 6) + (param.unit ? ` ${param.unit}` : "");
  if (typeof value === "boolean") return value ? "on" : "off";
  return String(value);
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1) return "under a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}
