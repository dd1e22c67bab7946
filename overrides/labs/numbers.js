/**
 * Numbers as people write them: 0,55, 49%, 1 000, 1,306, 2·10⁻³, 1/3. The rules are those of labs_py/numbers.py; a test
 * holds the two together.
 */

const MOST_CHARACTERS = 60;
const SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";

/**
 * What a text can mean: no number, one, or two where a comma may group or divide.
 * @param {unknown} text
 * @returns {{values: number[], percent: boolean}} 49% is 49 with percent: what a per cent is here, only the field knows
 */
export function readings(text) {
  let plain = Array.from(String(text)).slice(0, MOST_CHARACTERS).join("")
    .replace(/[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b\u207a]+/g, (found) => `^${Array.from(found, (c) => (
      c === "\u207b" ? "-" : c === "\u207a" ? "+" : SUPERSCRIPTS.indexOf(c))).join("")}`)
    .replace(/[\u00a0\u2000-\u200a\u202f\u3000]/g, " ").trim().toLowerCase().replace(/[\u2212\u2012-\u2015]/g, "-");
  const found = /^(.*?)\s*(?:%|per ?cent)$/s.exec(plain);
  if (found) plain = found[1];
  const sign = plain.startsWith("-") ? -1 : 1;
  const body = /^[-+]/.test(plain) ? plain.replace(/^-/, "").replace(/^\+/, "").trim() : plain;
  return { values: unsigned(body).map((value) => sign * value), percent: Boolean(found) };
}

function unsigned(body) {
  const power = /^(?:(.+?)\s*[x\u00d7\u00b7*]\s*)?10\s*(?:\^|\*\*)\s*([-+]?[0-9]{1,3})$/.exec(body);
  if (power) return scaled(power[1] ? mantissas(power[1]) : ["1"], power[2]);
  const exponent = /^(.+?)e([-+]?[0-9]{1,3})$/.exec(body);
  if (exponent) return scaled(mantissas(exponent[1]), exponent[2]);
  const fraction = /^([0-9]{1,9})\s?\/\s?([0-9]{1,9})$/.exec(body);
  if (fraction) return Number(fraction[2]) ? [Number(fraction[1]) / Number(fraction[2])] : [];
  return mantissas(body).map(Number);
}

function scaled(texts, power) {
  return texts.map((text) => Number(`${text}e${Number(power)}`)).filter(Number.isFinite);
}

/** Digits with whatever groups or divides them, as texts that Number reads. */
function mantissas(body) {
  if (/^[0-9]{1,3}(?:[ _'\u2019][0-9]{3})+(?:[.,][0-9]+)?$/.test(body)) return [body.replace(/[ _'\u2019]/g, "").replace(",", ".")];
  if (/^[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+$/.test(body) || /^[0-9]{1,3}(?:,[0-9]{3}){2,}$/.test(body)) return [body.replaceAll(",", "")];
  if (/^[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+$/.test(body) || /^[0-9]{1,3}(?:\.[0-9]{3}){2,}$/.test(body)) return [body.replaceAll(".", "").replace(",", ".")];
  if (/^[0-9]*,[0-9]+$/.test(body)) {
    const divided = body.replace(",", ".");
    return /^[1-9][0-9]{0,2},[0-9]{3}$/.test(body) ? [body.replace(",", ""), divided] : [divided];
  }
  return /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/.test(body) ? [body] : [];
}

/** Whether a parameter is a share of one: there 30 is meant as 30%. */
export function isShare(param) {
  return param.kind === "range" && param.scale !== "log" && !param.unit && param.min >= 0 && param.max >= 0.4 && param.max <= 1;
}

/**
 * What a text means for a parameter.
 * @returns {{value: number, said: string} | {ask: string}} said: how it was read, where that is not plain
 */
export function readFor(param, text, { min, max }) {
  const { values, percent } = readings(text);
  const shown = String(text).slice(0, 40);
  if (!values.length || (percent && param.unit !== "%" && !isShare(param))) return { ask: `\u201c${shown}\u201d is not a number` };
  const meant = values.map((x) => (isShare(param) && (percent || (x > 1 && x <= 100)) ? Number((x / 100).toPrecision(15)) : x));
  const legal = meant.length < 2 ? meant : meant.filter((x) => (min === null || x >= min) && (max === null || x <= max));
  if (meant.length > 1 && legal.length !== 1) return { ask: `\u201c${shown}\u201d can be ${meant.join(" or ")}` };
  const value = legal[0];
  return { value, said: isShare(param) && !percent && values[0] !== value && values.length === 1 ? `${shown} is read as ${Number((100 * value).toPrecision(12))}%` : "" };
}

/**
 * What a text means as an answer in some format and unit.
 * @returns {{value: number} | {ask: string}}
 */
export function readAnswer(text, { format = "", unit = "" } = {}) {
  const { values, percent } = readings(text);
  const shown = String(text).slice(0, 40);
  if (!values.length) return { ask: String(text).trim() ? `\u201c${shown}\u201d is not a number that can be read here. Write it like 1234.5.` : "Type a number first." };
  const whole = ["integer", "count", "bytes"].includes(format);
  const inPercent = ["%", "percent"].includes(unit);
  if (values.length > 1 && !whole) return { ask: `\u201c${shown}\u201d can be ${values.join(" or ")}. Write it without the comma, or with a point.` };
  const [value] = values;
  if (format === "percent") {
    if (!percent && value === 1) return { ask: "Is that 1% or 100%? Write it with its sign." };
    return { value: percent || Math.abs(value) > 1 ? Number((value / 100).toPrecision(15)) : value };
  }
  if (percent && !inPercent) return unit || whole ? { ask: `This is not asked in per cent${unit ? ` but in ${unit}` : ""}. Write the number itself.` } : { value: Number((value / 100).toPrecision(15)) };
  return { value };
}
