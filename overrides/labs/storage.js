/**
 * The browser's storage, which may be switched off, full, or emptied by the browser at any time, and which other tabs
 * write to as well. Everything of this site stands under "stage10:" and travels in one file when the reader saves it.
 */

import { sound } from "../assets/kept.js";

export const PREFIX = "stage10:";
const FORMAT = "stage10-progress";
/** What the browser did not take: it lasts until the page is left. */
const unsaved = new Map();

/** Whether anything is kept beyond this visit. */
export function storageWorks() {
  try {
    localStorage.setItem(`${PREFIX}probe`, "1");
    localStorage.removeItem(`${PREFIX}probe`);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} key without the prefix
 * @param {any} otherwise given back when nothing sound is there
 */
export function read(key, otherwise = null) {
  if (unsaved.has(key)) return unsaved.get(key);
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? otherwise : sound(key, JSON.parse(text)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** @returns {boolean} whether it was kept */
export function write(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
    unsaved.delete(key);
    return true;
  } catch {
    unsaved.set(key, value);
    return false;
  }
}

export function remove(key) {
  unsaved.delete(key);
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // storage is off: there was nothing to remove
  }
}

/** Whether something of this visit is not kept. */
export function somethingUnsaved() {
  return unsaved.size > 0;
}

/** Everything that is kept, and what the browser did not take, as the text of a file. */
export function exportAll() {
  const entries = {};
  try {
    for (let i = 0; i < localStorage.length; i += 1) {
      const key = localStorage.key(i);
      if (key.startsWith(PREFIX)) entries[key] = read(key.slice(PREFIX.length));
    }
  } catch {
    // storage is off: what is here is in memory
  }
  for (const [key, value] of unsaved) entries[PREFIX + key] = value;
  const whole = Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== null));
  return JSON.stringify({ format: FORMAT, version: 1, saved: new Date().toISOString(), entries: whole }, null, 2);
}
