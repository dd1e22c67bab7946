/** An editor for a few lines of Python: a textarea that lies over the coloured text, letter on letter. */

import { setHtml } from "../html.js";
import { highlight } from "../view/code.js";

const INDENT = "    ";

export class Area {
  /**
   * @param {HTMLElement} shell holds a <pre> with the text
   * @param {{label: string, change: () => void, run: () => void, leave: () => void}} options
   */
  constructor(shell, options) {
    this.options = options;
    this.painted = shell.querySelector("code");
    const pre = shell.querySelector("pre");
    pre.removeAttribute("tabindex");
    pre.setAttribute("aria-hidden", "true");
    this.field = Object.assign(document.createElement("textarea"), { spellcheck: false, wrap: "off", autocomplete: "off", value: this.painted.textContent });
    for (const [name, value] of Object.entries({ "aria-label": options.label, autocapitalize: "off", autocorrect: "off" })) this.field.setAttribute(name, value);
    shell.append(this.field);
    this.field.addEventListener("input", () => {
      this.paint();
      options.change();
    });
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.paint();
  }

  get text() {
    return this.field.value;
  }

  set text(value) {
    if (value === this.field.value) return;
    this.field.value = value;
    this.paint();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  paint() {
    setHtml(this.painted, highlight(this.field.value));
  }

  /** Tab indents, Enter keeps the indent, Escape leaves, Ctrl or Command with Enter checks. */
  key(event) {
    event.stopPropagation(); // Material's single-letter shortcuts stay out of the editor
    if (event.isComposing) return;
    if (event.key === "Escape") this.options.leave();
    else if (event.key === "Tab" && !event.ctrlKey && !event.altKey && !event.metaKey) this.indent(event);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.options.run();
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey) this.newLine(event);
  }

  /** Several lines move together; Shift moves them back. */
  indent(event) {
    event.preventDefault();
    const { value, selectionStart: from, selectionEnd: to } = this.field;
    if (from === to && !event.shiftKey) return this.insert(INDENT);
    const start = value.lastIndexOf("\n", from - 1) + 1;
    const end = value.indexOf("\n", Math.max(from, to - 1));
    const lines = value.slice(start, end < 0 ? value.length : end).split("\n");
    const moved = lines.map((line) => (event.shiftKey ? line.replace(/^ {1,4}/, "") : line && INDENT + line));
    this.field.setSelectionRange(start, end < 0 ? value.length : end);
    this.insert(moved.join("\n"));
    if (from === to) {
      const place = Math.max(start, from - (lines[0].length - moved[0].length));
      return this.field.setSelectionRange(place, place);
    }
    return this.field.setSelectionRange(start, start + moved.join("\n").length);
  }

  newLine(event) {
    event.preventDefault();
    const { value, selectionStart: at } = this.field;
    const line = value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
    this.insert(`\n${/^ */.exec(line)[0]}${/:\s*$/.test(line) ? INDENT : ""}`);
  }

  /** As if typed, so that the browser's own undo knows of it. */
  insert(text) {
    const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
    if (done) return;
    this.field.setRangeText(text, this.field.selectionStart, this.field.selectionEnd, "end");
    this.field.dispatchEvent(new Event("input"));
  }
}
