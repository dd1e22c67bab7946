// What may stand in this browser's storage under "stage10:". Every entry is looked at before it is used, since a file,
// another version of the site or another tab may have written it.

const NAME = /^[\w.:#/ -]{1,120}$/;
const RESULTS = ["untried", "wrong", "right"];
const MOST = 8_000_000; // characters of one text, the longest that a lab takes

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const count = (value) => (Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : null);

/** The entries of an object that `look` finds sound. */
function each(object, look) {
  const entries = isObject(object) ? Object.entries(object).slice(0, 500) : [];
  return Object.fromEntries(entries.filter(([name]) => NAME.test(name) && !(name in Object.prototype)).map(([name, value]) => [name, look(value, name)]).filter(([, value]) => value !== undefined));
}

function challenge(entry) {
  if (!isObject(entry)) return undefined;
  const sound = {};
  if (RESULTS.includes(entry.result)) sound.result = entry.result;
  if (count(entry.seed) !== null) sound.seed = entry.seed;
  if (count(entry.tries) !== null) sound.tries = entry.tries;
  if (typeof entry.solved === "boolean") sound.solved = entry.solved;
  if (typeof entry.at === "string") sound.at = entry.at.slice(0, 40);
  return sound.result || "seed" in sound ? sound : undefined;
}

function prediction(entry) {
  if (!isObject(entry) || !Number.isFinite(entry.guess) || !Number.isFinite(entry.answer)) return undefined;
  return { guess: entry.guess, answer: entry.answer, right: Boolean(entry.right), at: String(entry.at ?? "").slice(0, 40) };
}

function input(value) {
  if (typeof value === "string") return value.length <= MOST ? value : undefined;
  return Array.isArray(value) && JSON.stringify(value).length <= MOST ? value : undefined;
}

function code(entry, name) {
  const fits = /^labs_py\.[\w.]+:\w+$/.test(name) && isObject(entry) && typeof entry.text === "string" && entry.text.length <= MOST;
  return fits ? { version: String(entry.version ?? "").slice(0, 20), text: entry.text } : undefined;
}

function exercise(value) {
  const kept = {};
  for (const name of ["text", "former"]) if (typeof value[name] === "string" && value[name].length <= MOST) kept[name] = value[name];
  for (const name of ["tries", "hints"]) if (count(value[name]) !== null) kept[name] = value[name];
  if (RESULTS.includes(value.result)) kept.result = value.result;
  if (typeof value.solved === "boolean") kept.solved = value.solved;
  return kept;
}

/** When a question was last answered, and how many times in a row rightly (assets/due.js). */
function asked(entry) {
  const fits = isObject(entry) && /^\d{4}-\d\d-\d\d$/.test(entry.at) && !Number.isNaN(Date.parse(entry.at)) && count(entry.step) !== null && entry.step <= 4;
  return fits ? { at: entry.at, step: entry.step } : undefined;
}

/** By what stands before the colon of a key: what is sound of its value. */
const KINDS = {
  lab: (value) => ({ version: String(value.version ?? "").slice(0, 20), challenges: each(value.challenges, challenge), predictions: each(value.predictions, prediction) }),
  quiz: (value) => each(value, (option) => count(option) ?? undefined),
  asked: (value) => each(value, asked),
  inputs: (value) => each(value, input),
  code: (value) => each(value, code),
  exercise,
  undo: (value) => ({ steps: (Array.isArray(value.steps) ? value.steps : []).slice(-5).filter((step) => isObject(step) && typeof step.why === "string" && (isObject(step.params) || isObject(step.code))) }),
};

/** What is sound of a value under a key, or null where nothing is. */
export function sound(key, value) {
  const look = KINDS[key.split(":")[0]];
  return look && isObject(value) ? look(value) : null;
}
