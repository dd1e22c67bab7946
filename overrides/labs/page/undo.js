/** What an action replaced can be brought back: settings, and what the reader made. */

import { html, setHtml } from "../html.js";
import { isLinked, keptInputs, ownDiffers } from "../state.js";
import { read, remove, write } from "../storage.js";

const MOST_STEPS = 20;
const KEPT_STEPS = 3;
const MOST_KEPT = 200_000; // characters; the reader's own work has the first claim on the browser's storage

/** @typedef {{why: string, params?: object, code?: {name: string, text: string}}} Step params: those that the action replaced, as they stood before it */

export class Undo {
  /** @param {import("./element.js").LabView} lab */
  constructor(lab) {
    this.lab = lab;
    this.key = `undo:${lab.spec.slug}`;
    /** @type {Step[]} */
    this.steps = read(this.key, { steps: [] }).steps;
  }

  /** @param {Step} step what stood before */
  push(step) {
    this.steps = [...this.steps, step].slice(-MOST_STEPS);
    this.#keep();
  }

  pop() {
    const step = this.steps.pop();
    this.#keep();
    return step;
  }

  /** Steps that hold something of the reader's own outlast the page. */
  #keep() {
    const own = this.steps.filter(({ code, params }) => code || (params && ownDiffers(this.lab.spec, params)));
    const kept = { steps: own.slice(-KEPT_STEPS) };
    if (!kept.steps.length || JSON.stringify(kept).length > MOST_KEPT || !write(this.key, kept)) remove(this.key);
    this.lab.dispatchEvent(new CustomEvent("lab-undo"));
  }
}

/** @param {import("./element.js").LabView} lab */
export function mountUndo(lab) {
  const { signal } = lab;
  const reset = lab.querySelector('[data-action="reset"]');
  let button = lab.querySelector('[data-action="undo"]');
  if (!button) {
    button = document.createElement("button");
    Object.assign(button, { type: "button", className: "lab-button", hidden: true });
    button.dataset.action = "undo";
    reset.after(button);
  }
  const show = () => {
    const last = lab.undo.steps.at(-1);
    button.hidden = !last;
    button.disabled = !last;
    setHtml(button, html`Undo${last ? html`<span class="lab-hidden">: ${last.why}</span>` : ""}`);
    button.title = last ? `Brings back what stood before: ${last.why}` : "";
  };
  lab.addEventListener("lab-undo", show, { signal });
  show();
}

/** Brings back what the last action replaced. What the reader made since in its place can be brought back in turn. @param {import("./element.js").LabView} lab */
export function undo(lab) {
  const step = lab.undo.pop();
  if (!step) return;
  if (step.code) lab.dispatchEvent(new CustomEvent("lab-restore-code", { detail: step.code }));
  if (step.params) {
    const kept = keptInputs(lab.spec);
    const isNewer = Object.keys(step.params).some((name) => JSON.stringify(kept[name]) === JSON.stringify(lab.params[name]));
    lab.remark(`Brought back what stood before: ${step.why}.`);
    lab.setParams(step.params, isNewer ? { why: "Undo", mine: true } : {});
  }
}

/** Marks what the reader made, so that it can be told from what the lab came with. */
export function markOwn(lab) {
  for (const param of lab.spec.params.filter((p) => !isLinked(p) && p.name !== "train")) {
    const place = lab.querySelector(`[data-param="${param.name}"]`) || lab.querySelector('[data-part="own-view"]');
    place?.toggleAttribute("data-own", JSON.stringify(lab.params[param.name]) !== JSON.stringify(param.default));
  }
}
