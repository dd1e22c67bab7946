/** What was solved so far, and the file that carries it to another browser. */

import { loaded, takeIn } from "../../assets/take_in.js";
import { exportAll, read, write } from "../storage.js";
import { saveFile } from "../export.js";
import { recordOf } from "./record.js";

const MOST_BYTES = 10_000_000;

/** @param {import("./element.js").LabView} lab */
export function mountProgress(lab) {
  const { spec, signal } = lab;
  const box = lab.querySelector(".lab-progress");
  const reply = box.querySelector('[data-part="progress-reply"]');
  const show = () => (box.querySelector('[data-part="progress"]').textContent = sentence(spec, recordOf(spec.slug)));
  lab.addEventListener("lab-progress", show, { signal });
  box.querySelector('[data-action="save-progress"]').addEventListener("click", () => {
    saveFile("stage10-progress.json", exportAll(), "application/json");
    reply.textContent = "Saved stage10-progress.json: it holds everything that this site keeps in your browser.";
  }, { signal });
  const input = box.querySelector('[data-action="load-progress"]');
  input.addEventListener("change", async () => {
    try {
      const [file] = input.files;
      if (file.size > MOST_BYTES) throw new Error(`This file is too large (${Math.round(file.size / 1e6)} MB; a browser keeps about 5 MB for a site), so nothing was loaded.`);
      reply.textContent = `${loaded(takeIn(await file.text(), { read, write }))} Reload the page to see them everywhere.`;
      lab.dispatchEvent(new CustomEvent("lab-progress"));
    } catch (error) {
      reply.textContent = error.message;
    }
    input.value = "";
  }, { signal });
  show();
}

/** @returns {string} */
export function sentence(spec, record) {
  const solved = spec.challenges.filter(({ name }) => record.challenges[name]?.solved || record.challenges[name]?.result === "right").length;
  const tried = spec.predictions.filter(({ name }) => record.predictions[name]).length;
  const parts = [];
  if (spec.challenges.length) parts.push(`${solved} of ${spec.challenges.length} challenges solved`);
  if (spec.predictions.length) parts.push(`${tried} of ${spec.predictions.length} predictions made`);
  return parts.length ? `${parts.join(", ")}.` : "This lab has no tasks.";
}
