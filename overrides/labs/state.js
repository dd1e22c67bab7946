/**
 * A lab's settings between the query string, the browser's storage and the controls.
 *
 * The rules are those of labs_py.spec.validate, which has the last word in Python; they are here as well because
 * a link must be read before Python has started, and when it cannot start at all.
 */

import { readFor } from "./numbers.js";
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

/**
 * Nearest legal value of one parameter, and a sentence when that is not what was given.
 * @param {Record<string, any>} [params] the others, one of which may bound this one
 * @returns {{value: any, message: string, ask?: string}} ask: what is unclear, where nothing could be read
 */
export function clean(param, value, params = {}) {
  if (param.kind === "range" || param.kind === "seed") return cleanNumber(param, value, boundsOf(param, params));
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
  if (param.kind === "picks") {
    const usable = typeof value === "string" || Array.isArray(value);
    return usable ? { value, message: "" } : { value: param.default, message: `${param.label}: a list of picks is expected; the default is used.` };
  }
  if (typeof value === "string" && value.length <= param.max_length) return { value, message: "" };
  return { value: param.default, message: `${param.label}: this text does not fit (at most ${param.max_length} characters); the default is used.` };
}

function cleanNumber(param, value, { min, max, step }) {
  const text = String(value).slice(0, 40);
  const read = typeof value === "number" ? { value, said: "" } : readFor(param, typeof value === "string" ? value : "", { min, max });
  if (read.ask || !Number.isFinite(read.value)) {
    const ask = read.ask || `\u201c${text}\u201d is not a number`;
    return { value: param.default, message: `${param.label}: ${ask}; ${param.default} is used.`, ask };
  }
  const number = read.value;
  let legal = number;
  if (step && param.scale !== "log") legal = (min ?? 0) + Math.round((number - (min ?? 0)) / step) * step;
  const whole = step && Number.isInteger(step) && Number.isInteger(min ?? 0);
  legal = whole ? Math.round(legal) : step && param.scale !== "log" ? Number(legal.toFixed(12)) : legal;
  if (min !== null && number < min) return { value: min, message: `${param.label}: ${text} is below the smallest value; ${min} is used.` };
  if (max !== null && number > max) {
    const why = max < (param.max ?? Infinity) ? "is above the largest value that the other settings allow" : "is above the largest value";
    return { value: max, message: `${param.label}: ${text} ${why}; ${max} is used.` };
  }
  const moved = Math.abs(legal - number) > 1e-9 * Math.max(1, Math.abs(number));
  if (moved) return { value: legal, message: `${param.label}: ${text} lies between two steps; ${legal} is used.` };
  return { value: legal, message: read.said ? `${param.label}: ${read.said}.` : "" };
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
  const asked = [...new URLSearchParams(search)];
  const known = asked.filter(([name]) => spec.params.some((p) => p.name === name && isLinked(p)));
  const foreign = [...new Set(asked.map(([name]) => name))].filter((name) => !known.some(([other]) => other === name) && !FOREIGN.test(name));
  if (foreign.length) messages.push(unknown(foreign));
  // what bounds another setting is read before it
  const order = spec.params.filter(isLinked).sort((a, b) => Number(Boolean(a.max_from)) - Number(Boolean(b.max_from)));
  for (const param of order) {
    const given = known.filter(([name]) => name === param.name).at(-1);
    if (!given) continue;
    const { value, message } = clean(param, given[1], params);
    params[param.name] = value;
    if (message) messages.push(message);
  }
  return { params: settle(spec, params), messages, given: known.length > 0 };
}

/** Names that others hang on to any link, to see where a reader came from: no word about them. */
const FOREIGN = /^(utm_|mc_|pk_|mtm_|ga_|_ga|_gl|_hs)|^(gclid|fbclid|msclkid|dclid|twclid|igshid|yclid|ref|ref_src|source|si|trk|cmpid|v)$/i;

/** One sentence, however many there are. */
function unknown(names) {
  const shown = names.slice(0, 3).map((name) => `\u201c${Array.from(name).slice(0, 24).join("")}\u201d`);
  const rest = names.length - shown.length;
  const list = rest ? `${shown.join(", ")} and ${rest} more` : shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown[0];
  return names.length > 1 ? `${list} are no settings of this lab; they were ignored.` : `${list} is not a setting of this lab; it was ignored.`;
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

const isOwn = (param) => STORED.includes(param.kind);
const differs = (param, value) => JSON.stringify(value) !== JSON.stringify(param.default);

/** Text, file and picks among some settings: what a reader made, not what the lab came with. */
export function ownOf(spec, params) {
  return Object.fromEntries(spec.params.filter(isOwn).map(({ name }) => [name, params[name]]));
}

/** Whether some settings hold anything that a reader made. */
export function ownDiffers(spec, params) {
  return spec.params.some((param) => isOwn(param) && param.name in params && differs(param, params[param.name]));
}

/** Text, file and picks of a lab, as the reader left them. */
export function keptInputs(spec) {
  const kept = read(`inputs:${spec.slug}`, {});
  const own = spec.params.filter((param) => isOwn(param) && param.name in kept);
  return Object.fromEntries(own.map((param) => [param.name, clean(param, kept[param.name]).value]));
}

/**
 * Keeps the text, file and picks that changed; the others stay as another tab may have left them.
 * @returns {boolean} whether the browser took them
 */
export function keepInputs(spec, before, after) {
  const changed = spec.params.filter((p) => isOwn(p) && JSON.stringify(before[p.name]) !== JSON.stringify(after[p.name]));
  if (!changed.length) return true;
  const kept = { ...read(`inputs:${spec.slug}`, {}) };
  for (const param of changed) {
    if (differs(param, after[param.name])) kept[param.name] = after[param.name];
    else delete kept[param.name];
  }
  return write(`inputs:${spec.slug}`, kept);
}
