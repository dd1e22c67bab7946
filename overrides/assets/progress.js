// What a reader has done, in this browser only, under keys that begin with "stage10:". Every access may fail
// (storage off, full, or a private window): reading then gives null, writing false, and the page goes on.
const PREFIX = "stage10:";
export const FORMAT = "stage10-progress";

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
    return JSON.parse(localStorage.getItem(PREFIX + key));
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

// Returns how many entries were taken over; throws a sentence for the reader when the text is no export.
export function importAll(text) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Error("This file is not a record: it is not JSON.");
  }
  if (data?.format !== FORMAT || data.version !== 1 || typeof data.entries !== "object" || !data.entries) {
    throw new Error("This file is not a record that this site has written.");
  }
  // a lab writes its keys with the prefix, this file without: either is one of ours
  const taken = Object.entries(data.entries).filter(([key, value]) => write(key.replace(/^stage10:/, ""), value));
  if (taken.length < Object.keys(data.entries).length) {
    throw new Error("This browser does not let the page store anything, so the record could not be taken over.");
  }
  return taken.length;
}
