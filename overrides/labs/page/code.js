/** The code behind the lab, to be changed: the lab runs the reader's version until ours is put back. */

import { setHtml } from "../html.js";
import { read, write } from "../storage.js";
import { highlight } from "../view/code.js";

/** @param {import("./element.js").LabView} lab */
export function mountCode(lab) {
  const editors = [...lab.querySelectorAll(".lab-code")].map((box) => new Editor(lab, box));
  lab.bridge.addEventListener("replaced", ({ detail }) => editors.forEach((editor) => editor.lost(detail)), { signal: lab.signal });
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
    area.value = kept?.text ?? this.shipped;
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
    if (kept && kept.version !== this.lab.spec.version) {
      this.say(`You wrote this for version ${kept.version} of the lesson, which has changed since (now ${this.lab.spec.version}). \u201cPut ours back\u201d shows the new text.`);
    } else if (kept) this.say("This is the version you saved. Run it to let the lab use it.");
  }

  kept() {
    const all = read(`code:${this.lab.spec.slug}`, {});
    const entry = all && typeof all === "object" ? all[this.name] : null;
    return entry && typeof entry.text === "string" ? entry : null;
  }

  keep(entry) {
    const all = { ...read(`code:${this.lab.spec.slug}`, {}) };
    if (entry) all[this.name] = entry;
    else delete all[this.name];
    write(`code:${this.lab.spec.slug}`, all);
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

  mark(yours) {
    this.box.querySelector('[data-part="yours"]').hidden = !yours;
    if (yours) this.lab.edited.add(this.name);
    else this.lab.edited.delete(this.name);
    this.lab.classList.toggle("is-edited", this.lab.edited.size > 0);
  }

  async run() {
    const { bridge } = this.lab;
    this.say(bridge.booted ? "Running your version\u2026" : "Starting Python\u2026");
    const heard = (event) => this.say(event.detail.message + (event.detail.yours ? " The lab shows its last good result." : ""));
    try {
      await bridge.boot();
      // Without a network the part of the library that the labs came with has to do.
      await bridge.complete().catch(() => {});
      this.mark(true);
      await bridge.call("replace", { name: this.name, text: this.area.value });
      this.lab.addEventListener("lab-failed", heard);
      const frame = await this.lab.compute({ run: Boolean(this.lab.frame?.params.train) });
      if (frame) this.say("The lab uses your version now.");
    } catch (error) {
      if (error.failure?.yours !== undefined) this.mark(false);
      this.say(error.message);
    } finally {
      this.lab.removeEventListener("lab-failed", heard);
    }
  }

  async reset() {
    this.area.value = this.shipped;
    this.keep(null);
    this.paint();
    const wasUsed = this.lab.edited.has(this.name);
    this.mark(false);
    this.say("This is the version that the lab came with.");
    if (!wasUsed) return;
    try {
      await this.lab.bridge.call("restore", { name: this.name });
      await this.lab.compute();
    } catch (error) {
      this.say(error.message);
    }
  }

  /** Python was started anew, so the lab runs our version again; the reader's text stays in the editor. */
  lost(failure) {
    if (!this.lab.edited.has(this.name) && this.box.querySelector('[data-part="yours"]').hidden) return;
    this.mark(false);
    this.say(`${failure.message} The lab is back on our version; yours is still here in the editor.`);
  }
}
