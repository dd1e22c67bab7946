// <quiz-set>: the options are <details> and explain themselves without this script. It remembers the first answer to
// each question and says how many were right at the first try.
import { dayOf, noted } from "./due.js";
import { available, read, write } from "./progress.js";

class QuizSet extends HTMLElement {
  connectedCallback() {
    if (this.tally) return;
    const page = document.querySelector("[data-page]")?.dataset.page ?? location.pathname;
    const nth = [...document.querySelectorAll("quiz-set")].indexOf(this);
    this.key = `quiz:${page}${nth ? `#${nth}` : ""}`;
    this.answers = read(this.key) ?? {};
    this.tally = document.createElement("p");
    this.tally.className = "s10-quiz__tally";
    this.tally.setAttribute("role", "status");
    this.append(this.tally);
    this.addEventListener("toggle", (event) => this.answer(event.target), { capture: true });
    // Opened while this script was on its way; of several at one question a wrong one, since their order is not known.
    const early = [...this.querySelectorAll(".s10-option[open]")];
    for (const wanted of ["false", "true"]) early.filter(({ dataset }) => dataset.right === wanted).forEach((option) => this.answer(option));
    this.show();
  }

  answer(option) {
    if (!option.open || "openedForPrint" in option.dataset) return;
    const question = option.closest("[data-question]").dataset.question;
    if (question in this.answers) return;
    // another tab may have answered others meanwhile; the first answer to each stays
    this.answers = { [question]: Number(option.dataset.option), ...this.answers, ...read(this.key) };
    write(this.key, this.answers);
    const dated = this.key.replace("quiz:", "asked:");
    write(dated, { [question]: noted(undefined, option.dataset.right === "true", dayOf()), ...read(dated) });
    this.show();
    document.dispatchEvent(new CustomEvent("stage10-record"));
  }

  show() {
    let right = 0;
    for (const question of this.querySelectorAll("[data-question]")) {
      for (const option of question.querySelectorAll(".s10-option")) {
        const first = this.answers[question.dataset.question] === Number(option.dataset.option);
        this.note(option.querySelector("summary"), first);
        if (first && option.dataset.right === "true") right += 1;
      }
    }
    const answered = Object.keys(this.answers).length;
    const kept = available() ? "" : " This browser stores nothing for this page, so the record ends when you leave.";
    this.tally.textContent = answered
      ? `${right} of ${answered} right at the first try; ${this.dataset.questions - answered} to go.${kept} `
      : "";
    if (answered) this.tally.append(...this.readAgain(answered), this.forgetButton());
  }

  /** At the end: which explanations to read again, and where the questions come back. */
  readAgain(answered) {
    if (answered < Number(this.dataset.questions)) return [];
    const wrong = [...this.querySelectorAll("[data-question]")].flatMap((question, place) => {
      const right = question.querySelector('.s10-option[data-right="true"]');
      return this.answers[question.dataset.question] === Number(right?.dataset.option) ? [] : [place + 1];
    });
    const said = wrong.length ? `Read again what stands under ${wrong.length > 1 ? "questions" : "question"} ${wrong.join(", ")}. ` : "";
    const link = Object.assign(document.createElement("a"), { href: new URL("../review/", import.meta.url).href, textContent: "The questions come back after some days" });
    return [said, link, ". "];
  }

  note(summary, first) {
    summary.querySelector(".s10-option__first")?.remove();
    if (!first) return;
    const note = Object.assign(document.createElement("span"), { className: "s10-option__first" });
    note.textContent = "your first answer";
    summary.append(note);
  }

  forgetButton() {
    const button = Object.assign(document.createElement("button"), {
      type: "button", className: "s10-button", textContent: "Start again",
    });
    button.addEventListener("click", () => {
      this.answers = {};
      write(this.key, null);
      write(this.key.replace("quiz:", "asked:"), null);
      document.dispatchEvent(new CustomEvent("stage10-record"));
      for (const option of this.querySelectorAll(".s10-option")) option.open = false;
      this.show();
    });
    return button;
  }
}

customElements.get("quiz-set") ?? customElements.define("quiz-set", QuizSet);
