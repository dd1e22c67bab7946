/** Controls to settings: drags share a gesture, so that frames show on the way; typing waits for a pause. */

import { clean } from "../state.js";
import { hasControl, valueOfThumb } from "../view/controls.js";

const TYPING_PAUSE = 350;

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
      if (target.type === "file") readFile(lab, param, target.files[0]);
      else if (target.type !== "range") commit(lab, param, target, false);
    }, { signal });
    holder.querySelector('[data-action="new-seed"]')?.addEventListener("click", () => {
      lab.setParams({ [param.name]: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000 });
    }, { signal });
  }
}

function move(lab, param, input) {
  const value = input.dataset.thumb ? valueOfThumb(param, Number(input.value), lab.params) : Number(input.value);
  lab.setParams({ [param.name]: value }, { gesture: `drag ${param.name}` });
}

/** Takes a typed or chosen value; a half-typed number is left alone until the reader is done. */
function commit(lab, param, input, halfway) {
  const given = input.type === "checkbox" ? input.checked : input.value;
  const { value, message } = clean(param, given);
  if (halfway && message) return;
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
  else lab.setParams({ [param.name]: value });
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
