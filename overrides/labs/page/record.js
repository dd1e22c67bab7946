/** What a reader has tried in a lab: {"version", "challenges": {name: ...}, "predictions": {name: ...}}. */

import { read, write } from "../storage.js";

const EMPTY = { challenges: {}, predictions: {} };

/** @param {string} slug */
export function recordOf(slug) {
  const kept = read(`lab:${slug}`, {});
  return { ...EMPTY, ...kept, challenges: { ...kept.challenges }, predictions: { ...kept.predictions } };
}

/**
 * @param {import("./element.js").LabView} lab
 * @param {"challenges" | "predictions"} part
 */
export function keep(lab, part, name, entry) {
  const record = recordOf(lab.spec.slug);
  record.version = lab.spec.version;
  record[part][name] = { ...record[part][name], ...entry, at: new Date().toISOString() };
  write(`lab:${lab.spec.slug}`, record);
  lab.dispatchEvent(new CustomEvent("lab-progress"));
}
