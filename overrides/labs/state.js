/**
 * A lab's settings between the query string, the browser's storage and the controls.
 *
 * The rules are those of labs_py.spec.validate, which has the last word in Python; they are here as well because
 * a link must be read before Python has started, and when it cannot start at all.
 */

import { read, write } from "./storage.js";

export const MAX_QUERY = 2048;
const SEED_MAX = 2 ** 31 - 1;
const STORED = ["text", "file", "picks"];

/** Whether a parameter travels in links. */
export function isLinked(param) {
  return !STORED.includes(param.kind) && !(param.kind === "switch" && param.name === "train");
}

/** Bounds and step of a number. */
export function boundsOf(param, params = {}) {
  const seed = param.kind === "seed";
  let max = param.max ?? (seed ? SEED_MAX : null);
  if (param.max_from && Number.isFinite(params[param.max_from])) max = Math.min(max ?? Infinity, params[param.max_from]);
  return { min: param.min ?? (seed ? 0 : null), max, step: seed ? 1 : param.step };
}

/** Nearest legal value of one parameter, and a sentence when that is not what was given. */
export function clean(param, value) {
  if (param.kind === "range" || param.kind === "seed") return cleanNumber(param, value);
  const text = String(value).slice(0, 40);
  if (param.kind === "switch") {
    const word = String(value).toLowerCase();
    if (["true", "1", "false", "0"].includes(word)) return { value: word === "true" || word === "1", message: "" };
    return { value: param.default, message: `${param.label}: \u201c${text}\u201d is neither on nor off; the default is used.` };
  }
  if (param.kind === "choice") {
    const found = param.choices.find(([legal]) => String(legal) === String(value));
    if (found) return { value: found[0], message: "" };
    return { value: param.default, message: `${param.label}: \u201c${text}\u201d is not one of its choices; the default is used.` };
  }
  if (param.kind === "picks") return { value, message: "" };
  if (typeof value === "string" && value.length <= param.max_length) return { value, message: "" };
  return { value: param.default, message: `${param.label}: this text does not fit (at most ${param.max_length} characters); the default is used.` };
}

function cleanNumber(param, value) {
  const text = String(value).slice(0, 40);
  const number = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
  if (typeof value === "boolean" || !Number.isFinite(number)) {
    return { value: param.default, message: `${param.label}: \u201c${text}\u201d is not a number; ${param.default} is used.` };
  }
  const { min, max, step } = boundsOf(param);
  let legal = number;
  if (step && param.scale !== "log") legal = (min ?? 0) + Math.round((number - (min ?? 0)) / step) * step;
  const whole = step && Number.isInteger(step) && Number.isInteger(min ?? 0);
  legal = whole ? Math.round(legal) : step && param.scale !== "log" ? Number(legal.toFixed(12)) : legal;
  if (min !== null && number < min) return { value: min, message: `${param.label}: ${text} is below the smallest value; ${min} is used.` };
  if (max !== null && number > max) return { value: max, message: `${param.label}: ${text} is above the largest value; ${max} is used.` };
  const moved = Math.abs(legal - number) > 1e-9 * Math.max(1, Math.abs(number));
  return { value: legal, message: moved ? `${param.label}: ${text} lies between two steps; ${legal} is used.` : "" };
}

/** Parameters bound by others (rank by size) brought down to them. */
export function settle(spec, params) {
  const legal = { ...params };
  for (const param of spec.params) {
    if (param.max_from && legal[param.name] > legal[param.max_from]) legal[param.name] = legal[param.max_from];
  }
  return legal;
}

/** @returns {Record<string, any>} */
export function defaultsOf(spec) {
  return Object.fromEntries(spec.params.map((param) => [param.name, param.default]));
}

/**
 * Settings from a query string, over what is kept in the browser, over the defaults.
 * @param {any} spec
 * @param {string} search
 */
export function fromQuery(spec, search) {
  const params = { ...defaultsOf(spec), ...keptInputs(spec) };
  const messages = [];
  if (search.length > MAX_QUERY) {
    return { params, messages: [`This link is longer than ${MAX_QUERY} characters, so its settings were left aside.`], given: false };
  }
  let given = false;
  for (const [name, text] of new URLSearchParams(search)) {
    const param = spec.params.find((p) => p.name === name && isLinked(p));
    if (!param) {
      messages.push(`\u201c${name.slice(0, 40)}\u201d is not a setting of this lab; it was ignored.`);
      continue;
    }
    const { value, message } = clean(param, text);
    params[name] = value;
    given = true;
    if (message) messages.push(message);
  }
  const settled = settle(spec, params);
  for (const param of spec.params) {
    if (settled[param.name] !== params[param.name]) messages.push(`${param.label}: ${params[param.name]} does not fit the other settings; ${settled[param.name]} is used.`);
  }
  return { params: settled, messages, given };
}

/** The query string of some settings: what differs from the defaults, in the SPEC's order; "" when nothing does. */
export function toQuery(spec, params) {
  const query = new URLSearchParams();
  for (const param of spec.params) {
    if (isLinked(param) && String(params[param.name]) !== String(param.default)) query.set(param.name, String(params[param.name]));
  }
  const text = query.toString();
  return text && text.length < MAX_QUERY ? `?${text}` : "";
}

/** Puts settings into the address bar without a new entry in the history. */
export function showInAddress(spec, params) {
  try {
    const address = location.pathname + toQuery(spec, params) + location.hash;
    if (address !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", address);
  } catch {
    // some browsers limit how often this may be done; the next change will catch up
  }
}

/** Text, file and picks of a lab, as the reader left them. */
function keptInputs(spec) {
  const kept = read(`inputs:${spec.slug}`, {});
  const names = spec.params.filter((p) => STORED.includes(p.kind)).map((p) => p.name);
  const entries = Object.entries(kept && typeof kept === "object" ? kept : {}).filter(([name]) => names.includes(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, clean(spec.params.find((p) => p.name === name), value).value]));
}

/** Keeps text, file and picks. @returns {boolean} whether the browser took them */
export function keepInputs(spec, params) {
  const stored = spec.params.filter((p) => STORED.includes(p.kind));
  if (!stored.length) return true;
  return write(`inputs:${spec.slug}`, Object.fromEntries(stored.map((p) => [p.name, params[p.name]])));
}
