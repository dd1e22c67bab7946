/** The code behind the lab, to be changed: the lab runs the reader's version until ours is put back. */

import { setHtml } from "../html.js";
import { read, write } from "../storage.js";
import { highlight } from "../view/code.js";

/** @param {import("./element.js").LabView} lab */
export function mountCode(lab) {
  const { bridge, signal } = lab;
  const editors = [...lab.querySelectorAll(".lab-code")].map((box) => new Editor(lab, box));
  const fresh = freshButton(lab);
  const sync = () => {
    editors.forEach((editor) => editor.mark());
    lab.classList.toggle("is-edited", bridge.edits.size > 0);
    const yours = [...bridge.edits.keys()].map((name) => name.split(":")[1]).join(", ");
    fresh.hidden = !yours && lab.state !== "error";
    fresh.title = `A new Python with the code that the lab came with${yours ? `; in use now is your version of ${yours}` : ""}`;
  };
  bridge.addEventListener("edits", sync, { signal });
  bridge.addEventListener("replaced", ({ detail }) => {
    editors.forEach((editor) => editor.lost(detail));
    sync();
  }, { signal });
  lab.addEventListener("lab-failed", sync, { signal });
  lab.addEventListener("lab-frame", sync, { signal });
  const others = [...bridge.edits.keys()].filter((name) => !lab.spec.code.includes(name)).map((name) => name.split(":")[1]);
  if (others.length) lab.remark(`Your version of ${others.join(", ")} from another lab is in use here too; \u201cStart Python afresh\u201d puts all of ours back.`);
  sync();
}

/** One click to a Python that no edited code has touched. */
function freshButton(lab) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "lab-button", textContent: "Start Python afresh", hidden: true });
  button.dataset.action = "fresh";
  lab.querySelector('[data-action="retry"]').after(button);
  return button;
}

class Editor {
  /** @param {import("./element.js").LabView} lab @param {HTMLElement} box */
  constructor(lab, box) {
    this.lab = lab;
    this.box = box;
    this.name = box.dataset.code;
    this.shipped = box.querySelector('[data-part="source"]').textContent;
    const { signal } = lab;
    box.addEventListener("toggle", () => box.open && this.open(), { signal });
    lab.addEventListener("lab-restore-code", ({ detail }) => detail.name === this.name && this.bringBack(detail.text), { signal });
    box.querySelector('[data-action="run-code"]').addEventListener("click", () => this.run(), { signal });
    box.querySelector('[data-action="reset-code"]').addEventListener("click", () => this.reset(), { signal });
    if (box.open) this.open(); // opened while the scripts were on their way
  }

  /** The textarea lies over the coloured text, letter on letter. */
  open() {
    if (this.area) return;
    const area = document.createElement("textarea");
    area.spellcheck = false;
    area.setAttribute("aria-label", `Code of ${this.name.split(":")[1]}; Escape leaves the editor`);
    area.wrap = "off";
    const kept = this.kept();
    const running = this.lab.bridge.edits.get(this.name);
    area.value = kept?.text ?? running ?? this.shipped;
    this.area = area;
    const shell = this.box.querySelector(".lab-editor");
    const wasReading = shell.contains(document.activeElement);
    shell.querySelector("pre").removeAttribute("tabindex");
    shell.querySelector("pre").setAttribute("aria-hidden", "true");
    shell.append(area);
    if (wasReading) area.focus({ preventScroll: true });
    this.box.querySelector('[data-part="code-buttons"]').hidden = false;
    const { signal } = this.lab;
    area.addEventListener("input", () => this.changed(), { signal });
    area.addEventListener("keydown", (event) => this.key(event), { signal });
    this.paint();
    if (running !== undefined) this.say(running === area.value ? "The lab uses your version now." : "The lab runs an earlier text of yours. Run this one to let the lab use it.");
    else if (kept && kept.version !== this.lab.spec.version) {
      this.say(`You wrote this for version ${kept.version} of the lesson, which has changed since (now ${this.lab.spec.version}). \u201cPut ours back\u201d shows the new text.`);
    } else if (kept) this.say("This is the version you saved. Run it to let the lab use it.");
  }

  kept() {
    return read(`code:${this.lab.spec.slug}`, {})[this.name] ?? null;
  }

  keep(entry) {
    const all = { ...read(`code:${this.lab.spec.slug}`, {}) };
    if (entry) all[this.name] = entry;
    else delete all[this.name];
    if (!write(`code:${this.lab.spec.slug}`, all)) this.say("Your browser does not keep this text: it lasts until you leave the page.");
    this.markOwn();
  }

  markOwn() {
    this.box.toggleAttribute("data-own", this.area ? this.area.value !== this.shipped : Boolean(this.kept()));
  }

  changed() {
    this.paint();
    this.keep(this.area.value === this.shipped ? null : { version: this.lab.spec.version, text: this.area.value });
  }

  paint() {
    setHtml(this.box.querySelector('[data-part="source"]'), highlight(this.area.value));
  }

  /** Tab moves on as everywhere; Escape leaves; Ctrl or Command with Enter runs. */
  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.run();
    } else if (event.key === "Escape") {
      this.box.querySelector('[data-action="run-code"]').focus();
    }
    event.stopPropagation(); // Material's single-letter shortcuts stay out of the editor
  }

  say(text) {
    this.box.querySelector('[data-part="reply"]').textContent = text;
  }

  /** What the worker runs decides, not what was pressed here. */
  mark() {
    this.box.querySelector('[data-part="yours"]').hidden = !this.lab.bridge.edits.has(this.name);
    this.markOwn();
  }

  async run() {
    const { bridge } = this.lab;
    this.say(bridge.booted ? "Running your version\u2026" : "Starting Python\u2026");
    const heard = (event) => this.say(event.detail.message + (event.detail.yours ? " The lab shows its last good result." : ""));
    try {
      await bridge.boot();
      // Without a network the part of the library that the labs came with has to do.
      await bridge.complete().catch(() => {});
      await bridge.edit(this.name, this.area.value);
      this.lab.addEventListener("lab-failed", heard);
      const frame = await this.lab.compute({ run: Boolean(this.lab.frame?.params.train) });
      if (frame) this.say("The lab uses your version now.");
    } catch (error) {
      this.say(`${error.message}${bridge.edits.has(this.name) ? " The lab still runs the version of yours that it had." : ""}`);
    } finally {
      this.lab.removeEventListener("lab-failed", heard);
    }
  }

  async reset() {
    if (this.area.value !== this.shipped) this.lab.undo.push({ why: `Put ours back, in ${this.name.split(":")[1]}`, code: { name: this.name, text: this.area.value } });
    this.area.value = this.shipped;
    this.keep(null);
    this.paint();
    this.say("This is the version that the lab came with. \u201cUndo\u201d brings your text back.");
    if (!this.lab.bridge.edits.has(this.name)) return;
    try {
      await this.lab.bridge.restore(this.name);
      await this.lab.compute();
    } catch (error) {
      this.say(error.message);
    }
  }

  /** The reader's text as it was before ours was put back. */
  bringBack(text) {
    this.box.open = true;
    this.open();
    this.area.value = text;
    this.changed();
    this.say("Your text is back. Run it to let the lab use it.");
  }

  /** Python was started anew, so the lab runs our version again; the reader's text stays in the editor. */
  lost(failure) {
    if (!failure.edits.includes(this.name)) return;
    this.say(`${failure.message} The lab is back on our version; yours is still here in the editor.`);
  }
}
