// What a reader has done, in this browser only, under keys that begin with "stage10:". Every access may fail
// (storage off, full, or a private window): reading then gives null, writing false, and the page goes on.
import { sound } from "./kept.js";
import { carry } from "./moved.js";
import { takeIn } from "./take_in.js";

const PREFIX = "stage10:";
const FORMAT = "stage10-progress";

export function available() {
  try {
    localStorage.setItem(`${PREFIX}probe`, "1");
    localStorage.removeItem(`${PREFIX}probe`);
    return true;
  } catch {
    return false;
  }
}

export function read(key) {
  try {
    return sound(key, JSON.parse(localStorage.getItem(PREFIX + key)));
  } catch {
    return null;
  }
}

export function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function entries() {
  const found = {};
  try {
    for (const key of Object.keys(localStorage).sort()) {
      if (key.startsWith(PREFIX)) found[key.slice(PREFIX.length)] = read(key.slice(PREFIX.length));
    }
  } catch { /* storage is off: nothing is recorded */ }
  return found;
}

export function exportAll() {
  const saved = new Date().toISOString();
  return JSON.stringify({ format: FORMAT, version: 1, saved, entries: entries() }, null, 1);
}

// What was taken and what was not; throws a sentence for the reader when the text is no export.
export function importAll(text) {
  const taken = takeIn(text, { read, write });
  carry({ read, write }); // the file may be older than a question's place
  return taken;
}

carry({ read, write });
