/**
 * <code-exercise>: a reader writes a function, and Python grades it on hidden cases.
 *
 * Python is fetched at the first check. What the reader wrote stands in the record of this browser under
 * "exercise:NAME", with the tries, the hints that were taken and the last result.
 */

import { read, remove, write } from "../storage.js";
import { Area } from "./area.js";

const MARKS = { untried: "not tried yet", wrong: "\u2717 not yet", right: "\u2713 solved" };
const TRIES_BEFORE_SOLUTION = 2;
const UNKEPT = " This browser stores nothing for this page, so your code lasts until you leave.";

class CodeExercise extends HTMLElement {
  connectedCallback() {
    if (this.area) return;
    this.box = this.querySelector("[data-exercise]");
    this.name = this.box.dataset.exercise;
    this.starter = this.part("source").textContent;
    this.hints = [...this.part("hints").children];
    this.area = new Area(this.querySelector(".x-editor"), {
      label: `Your code for: ${this.dataset.title}. Tab indents, Escape leaves.`,
      change: () => this.changed(),
      run: () => this.check(),
      leave: () => this.action("check").focus(),
    });
    this.part("needs").hidden = true;
    this.part("buttons").hidden = false;
    const acts = { check: () => this.check(), hint: () => this.hint(), "put-back": () => this.putBack(), undo: () => this.undo(), solution: () => this.showSolution() };
    for (const [name, act] of Object.entries(acts)) this.action(name).addEventListener("click", act);
    this.again = () => this.restore();
    addEventListener("storage", this.again); // written in another tab
    document.addEventListener("stage10-record", this.again); // imported or erased
    this.restore();
  }

  disconnectedCallback() {
    removeEventListener("storage", this.again);
    document.removeEventListener("stage10-record", this.again);
  }

  part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  action(name) {
    return this.querySelector(`[data-action="${name}"]`);
  }

  /** @param {number} hint the place of the hint that is said, which the list then leaves out */
  say(text, kind = "", hint = -1) {
    this.said = hint;
    this.part("says").dataset.kind = kind;
    this.part("says").replaceChildren(...text.split("`").map((piece, place) => (place % 2 ? Object.assign(document.createElement("code"), { textContent: piece }) : piece)));
  }

  /** Shows what the record holds of this exercise. */
  restore() {
    this.entry = read(`exercise:${this.name}`, {});
    this.area.text = this.entry.text ?? this.starter;
    this.show();
  }

  keep(change) {
    this.entry = { ...this.entry, ...change };
    if (this.entry.text === this.starter) delete this.entry.text;
    for (const [key, value] of Object.entries(this.entry)) if (value === undefined) delete this.entry[key];
    if (!Object.keys(this.entry).length) remove(`exercise:${this.name}`);
    else this.unkept = !write(`exercise:${this.name}`, this.entry);
    this.show();
  }

  show() {
    const { result = "untried", tries = 0, hints = 0, solved = false, former } = this.entry;
    this.box.dataset.result = result;
    this.part("mark").textContent = solved && result !== "right" ? `${MARKS[result]}; solved before` : MARKS[result];
    this.box.toggleAttribute("data-own", this.area.text !== this.starter);
    this.hints.forEach((hint, place) => (hint.hidden = place >= hints || place === this.said));
    this.action("hint").textContent = hints < this.hints.length ? `Hint ${hints + 1} of ${this.hints.length}` : "No more hints";
    this.action("hint").disabled = hints >= this.hints.length;
    this.action("put-back").disabled = this.area.text === this.starter;
    this.action("undo").hidden = former === undefined || former === this.area.text;
    this.action("solution").hidden = tries < TRIES_BEFORE_SOLUTION && !solved;
  }

  changed() {
    this.keep({ text: this.area.text });
  }

  async check() {
    if (this.checking) return;
    this.checking = true;
    this.action("check").setAttribute("aria-disabled", "true");
    this.say("Checking\u2026");
    try {
      const { grade } = await import("./check.js");
      const verdict = await grade(this.name, this.area.text, (said) => this.say(said));
      const right = verdict.result === "right";
      this.say(`${right ? "\u2713" : "\u2717"} ${verdict.message}${this.unkept ? UNKEPT : ""}`, verdict.result);
      this.keep({ text: this.area.text, result: verdict.result, tries: (this.entry.tries ?? 0) + (verdict.key === "empty" ? 0 : 1), solved: this.entry.solved || right || undefined });
      document.dispatchEvent(new CustomEvent("stage10-record"));
    } catch (error) {
      this.say(error.message);
    } finally {
      this.checking = false;
      this.action("check").removeAttribute("aria-disabled");
    }
  }

  hint() {
    const hints = (this.entry.hints ?? 0) + 1;
    this.say(`Hint ${hints}: ${this.hints[hints - 1].textContent}`, "", hints - 1);
    this.keep({ hints });
  }

  putBack() {
    this.entry.former = this.area.text;
    this.area.text = this.starter;
    this.keep({ text: this.starter });
    this.say("The first lines stand there again. \u201cUndo\u201d brings your code back.");
    this.action("undo").focus();
  }

  undo() {
    const { former } = this.entry;
    this.area.text = former;
    this.keep({ text: former, former: undefined });
    this.say("Your code is back.");
    this.area.focus();
  }

  showSolution() {
    this.part("solution").hidden = false;
    this.say("Our solution stands below. Read it, then write your own without looking.");
  }
}

customElements.get("code-exercise") ?? customElements.define("code-exercise", CodeExercise);
