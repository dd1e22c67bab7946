/** Controls to settings: drags share a gesture, so that frames show on the way; typing waits for a pause. */

import { boundsOf, clean } from "../state.js";
import { hasControl, valueOfThumb } from "../view/controls.js";

const TYPING_PAUSE = 350;
const STEPS = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/** @param {import("./element.js").LabView} lab */
export function mountControls(lab) {
  const { spec, signal } = lab;
  let typing = 0;
  for (const param of spec.params.filter(hasControl)) {
    const holder = lab.querySelector(`[data-param="${param.name}"]`);
    if (!holder) continue;
    holder.addEventListener("input", ({ target }) => {
      clearTimeout(typing);
      if (target.type === "range") move(lab, param, target);
      else if (target.tagName !== "SELECT" && !["checkbox", "file"].includes(target.type)) {
        typing = setTimeout(() => commit(lab, param, target, true), TYPING_PAUSE);
      }
    }, { signal });
    holder.addEventListener("change", ({ target }) => {
      clearTimeout(typing);
      if (target.type === "file") {
        readFile(lab, param, target.files[0]);
        target.value = ""; // the same file, once it was mended, is a change too
      } else if (target.type !== "range") commit(lab, param, target, false);
    }, { signal });
    holder.querySelectorAll(".lab-exact").forEach((input) => input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") commit(lab, param, input, false);
      else if (STEPS[event.key] && !event.altKey && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        nudge(lab, param, input, STEPS[event.key]);
      }
    }, { signal }));
    holder.querySelector('[data-action="new-seed"]')?.addEventListener("click", () => {
      lab.setParams({ [param.name]: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000 });
    }, { signal });
  }
}

function move(lab, param, input) {
  const value = input.dataset.thumb ? valueOfThumb(param, Number(input.value), lab.params) : Number(input.value);
  lab.setParams({ [param.name]: value }, { gesture: `drag ${param.name}` });
}

/** One step up or down in an exact field, as the arrows of a number field do. */
function nudge(lab, param, input, steps) {
  const { min, max, step } = boundsOf(param, lab.params);
  const now = lab.params[param.name];
  const raw = param.scale === "log" && !Number.isInteger(step) ? now * 1.05 ** steps : now + steps * (step || 1);
  const within = Math.min(max ?? Infinity, Math.max(min ?? -Infinity, Number(raw.toPrecision(6))));
  lab.setParams({ [param.name]: within }, { gesture: `step ${param.name}` });
  input.value = String(lab.params[param.name]);
}

/**
 * Takes a typed or chosen value; a half-typed number is left alone until the reader is done. What cannot be read is
 * asked back: the setting and the reader's text both stay.
 */
function commit(lab, param, input, halfway) {
  const given = input.type === "checkbox" ? input.checked : input.value;
  const { value, message, ask } = clean(param, given, lab.params);
  if (halfway && message) return;
  input.toggleAttribute("aria-invalid", Boolean(ask));
  if (ask) {
    input.setAttribute("aria-invalid", "true");
    lab.announce(`${param.label}: ${given === "" ? "nothing is written" : ask}, so it stays ${lab.params[param.name]}. Write it like ${param.default}.`);
    return;
  }
  if (value === lab.params[param.name] && !message) return;
  lab.setParams({ [param.name]: value });
  if (message) {
    lab.firstMessages = [message];
    lab.announce(message);
    input.value = String(lab.params[param.name]);
  }
}

async function readFile(lab, param, file) {
  if (!file) return;
  if (file.size > param.max_length * 4) {
    lab.announce(`${param.label}: \u201c${file.name.slice(0, 60)}\u201d is too large (at most ${param.max_length} characters); it was not read.`);
    return;
  }
  const { value, message } = clean(param, textOf(new Uint8Array(await file.arrayBuffer())));
  if (message) lab.announce(message);
  else lab.setParams({ [param.name]: value }, { why: `the file \u201c${file.name.slice(0, 40)}\u201d`, mine: true });
}

/** A file's text; in a line that is not UTF-8 each byte above 127 stands as U+10FE00 plus the byte, so that Python can name it. */
export function textOf(bytes) {
  const strict = new TextDecoder("utf-8", { fatal: true });
  try {
    return strict.decode(bytes);
  } catch {
    const lines = [];
    for (let start = 0; start <= bytes.length;) {
      const found = bytes.indexOf(10, start);
      const end = found < 0 ? bytes.length : found;
      lines.push(lineOf(strict, bytes.subarray(start, end)));
      start = end + 1;
    }
    return lines.join("\n");
  }
}

function lineOf(strict, line) {
  try {
    return strict.decode(line);
  } catch {
    return Array.from(line, (byte) => String.fromCodePoint(byte < 128 ? byte : 0x10fe00 + byte)).join("");
  }
}
