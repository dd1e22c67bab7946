// How a saved file comes in: entry by entry, beside what stands here, and with a word on what was not taken.
import { isObject, sound } from "./kept.js";

const MOST_FILE = 6_000_000; // characters: no browser keeps more for one site

/** How many things a sound value holds. */
function size(value) {
  return value ? Object.values(value).reduce((sum, part) => sum + (isObject(part) && ("guess" in part || "result" in part || "seed" in part || "text" in part || "at" in part) ? 1 : isObject(part) ? Object.keys(part).length : Array.isArray(part) || typeof part === "number" || typeof part === "string" && part ? 1 : 0), 0) : 0;
}

function together(mine, theirs) {
  if (!mine) return theirs;
  const later = (theirs.at ?? "") > (mine.at ?? "") ? theirs : mine;
  return { ...later, solved: Boolean(mine.solved || theirs.solved || mine.result === "right" || theirs.result === "right"), tries: Math.max(mine.tries ?? 0, theirs.tries ?? 0) };
}

/** Two picks of one pair are one: the one that stands here stays. */
function union(mine, theirs) {
  const known = new Set(mine.map((pick) => JSON.stringify(Array.isArray(pick) ? pick[0] : pick)));
  return [...mine, ...theirs.filter((pick) => !known.has(JSON.stringify(Array.isArray(pick) ? pick[0] : pick)))];
}

/**
 * A file's sound value laid to what stands here, entry by entry. What the reader made here stays.
 * @returns {{value: object, stayed: string[]}} stayed: names of entries that this browser has of its own
 */
export function merge(key, mine, theirs) {
  const kind = key.split(":")[0];
  if (!mine) return { value: theirs, stayed: [] };
  if (kind === "lab") {
    const challenges = { ...mine.challenges };
    for (const [name, entry] of Object.entries(theirs.challenges)) challenges[name] = together(challenges[name], entry);
    return { value: { ...theirs, ...mine, challenges, predictions: { ...theirs.predictions, ...mine.predictions } }, stayed: [] };
  }
  const value = { ...theirs, ...mine };
  if (kind === "asked") {
    for (const name of Object.keys(theirs)) value[name] = mine[name]?.at > theirs[name].at ? mine[name] : theirs[name];
    return { value, stayed: [] };
  }
  if (kind === "exercise") {
    Object.assign(value, together(mine, theirs), { text: mine.text ?? theirs.text });
    return { value: sound(key, value), stayed: mine.text && theirs.text && mine.text !== theirs.text ? ["text"] : [] };
  }
  const stayed = [];
  for (const name of Object.keys(theirs)) {
    if (!(name in mine) || JSON.stringify(mine[name]) === JSON.stringify(theirs[name])) continue;
    if (kind === "inputs" && Array.isArray(mine[name]) && Array.isArray(theirs[name])) value[name] = union(mine[name], theirs[name]);
    else if (kind !== "undo") stayed.push(name);
  }
  return { value, stayed };
}

const FORMAT = "stage10-progress";

/**
 * Takes in the text of a saved file, entry by entry.
 * @param {{read: (key: string) => any, write: (key: string, value: any) => boolean}} storage
 * @returns {{taken: number, left: string[]}} how many entries came in, and a few words on each that did not, or not wholly
 */
export function takeIn(text, { read, write }) {
  if (text.length > MOST_FILE) throw new Error(`This file is too large (${Math.round(text.length / 1e6)} MB; a browser keeps about 5 MB for a site), so nothing was loaded.`);
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON, so it cannot be a record that this site has written.");
  }
  if (file?.format !== FORMAT || !isObject(file.entries)) throw new Error("This is not a record that this site has written.");
  let taken = 0;
  const left = [];
  for (const [full, given] of Object.entries(file.entries)) {
    const key = full.replace(/^stage10:/, ""); // the labs write their keys with the prefix, the other pages without
    const theirs = sound(key, given);
    const shown = key.slice(0, 40);
    if (!theirs || (size(given) && !size(theirs))) {
      left.push(`\u201c${shown}\u201d is damaged or unknown`);
      continue;
    }
    const { value, stayed } = merge(key, sound(key, read(key)), theirs);
    if (!write(key, value)) left.push(`\u201c${shown}\u201d does not fit into this browser\u2019s storage`);
    else taken += 1;
    if (stayed.length) left.push(`\u201c${stayed[0].slice(0, 40)}\u201d of ${shown} stays as you have it here`);
    if (size(theirs) < size(given)) left.push(`a part of \u201c${shown}\u201d is damaged`);
  }
  return { taken, left };
}

/** What a reader is told after loading. */
export function loaded({ taken, left }, verb = "Loaded") {
  const more = left.length > 3 ? `, and ${left.length - 3} more` : "";
  const not = left.length ? ` Not taken: ${left.slice(0, 3).join("; ")}${more}.` : "";
  return `${verb} ${taken} ${taken === 1 ? "entry" : "entries"}.${not}`;
}
