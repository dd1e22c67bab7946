// <progress-panel>: export, import and erase what this browser remembers of the reader's answers and labs.
import { loaded } from "./take_in.js";
import { available, entries, exportAll, importAll, write } from "./progress.js";

class ProgressPanel extends HTMLElement {
  connectedCallback() {
    if (this.status) return;
    this.status = Object.assign(document.createElement("p"), { className: "s10-quiz__tally" });
    this.status.setAttribute("role", "status");
    const file = Object.assign(document.createElement("input"), { type: "file", accept: ".json,application/json" });
    file.hidden = true;
    file.addEventListener("change", () => this.take(file));
    this.replaceChildren(
      this.button("Export my record", () => this.save()), " ",
      this.button("Import a record", () => file.click()), " ",
      this.button("Erase my record", () => this.erase()), file, this.status,
    );
    this.say();
  }

  button(text, act) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "s10-button" });
    button.textContent = text;
    button.addEventListener("click", act);
    return button;
  }

  say(sentence) {
    const count = Object.keys(entries()).length;
    this.status.textContent = sentence ?? (available()
      ? `${count} ${count === 1 ? "entry" : "entries"} in this browser.`
      : "This browser stores nothing for this page: answers are forgotten when you leave.");
  }

  changed() {
    document.dispatchEvent(new CustomEvent("stage10-record"));
  }

  save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([exportAll()], { type: "application/json" }));
    link.download = "stage-10-record.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    this.say("Exported: keep the file; importing it brings everything back.");
  }

  async take(file) {
    const [chosen] = file.files;
    if (!chosen) return;
    try {
      this.say(loaded(importAll(await chosen.text()), "Imported"));
      this.changed();
    } catch (error) {
      this.say(error.message);
    }
    file.value = "";
  }

  erase() {
    for (const key of Object.keys(entries())) write(key, null);
    this.say("Erased.");
    this.changed();
  }
}

customElements.get("progress-panel") ?? customElements.define("progress-panel", ProgressPanel);
