/**
 * The browser's storage, which may be switched off, full, or emptied by the browser at any time.
 * Everything of this site stands under "stage10:" and travels in one file when the reader saves it.
 */

export const PREFIX = "stage10:";
const FORMAT = "stage10-progress";
/** What a browser without storage keeps until the page is left. */
const fallback = new Map();

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
 * @param {any} otherwise given back when nothing readable is there
 */
export function read(key, otherwise = null) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return fallback.has(key) ? fallback.get(key) : otherwise;
  }
}

/** @returns {boolean} whether it was kept */
export function write(key, value) {
  fallback.set(key, value);
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function remove(key) {
  fallback.delete(key);
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // storage is off: there was nothing to remove
  }
}

/** Everything that is kept, as the text of a file. */
export function exportAll() {
  const entries = {};
  try {
    for (let i = 0; i < localStorage.length; i += 1) {
      const key = localStorage.key(i);
      if (key.startsWith(PREFIX)) entries[key] = JSON.parse(localStorage.getItem(key));
    }
  } catch {
    for (const [key, value] of fallback) entries[PREFIX + key] = value;
  }
  return JSON.stringify({ format: FORMAT, version: 1, saved: new Date().toISOString(), entries }, null, 2);
}

/**
 * Takes in what exportAll wrote.
 * @param {string} text
 * @returns {number} how many entries were taken; throws Error with a sentence when the file is not one of ours
 */
export function importAll(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON, so it cannot be a progress file of this site.");
  }
  if (file?.format !== FORMAT || typeof file.entries !== "object" || file.entries === null) {
    throw new Error("This is not a progress file of this site.");
  }
  // the other pages write their keys without the prefix: either is one of ours
  const entries = Object.entries(file.entries);
  entries.forEach(([key, value]) => write(key.replace(/^stage10:/, ""), value));
  return entries.length;
}
