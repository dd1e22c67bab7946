// <outcome-list>: writes beside each self-check and challenge what this browser remembers of it. The list itself
// stands in the page; without this script, or without storage, it is a checklist to tick by hand.
import { available, read } from "./progress.js";

const ENOUGH = 0.8; // of a self-check's questions right at the first try

/** First answers of all self-checks of a page, against the right ones: {right, answered, total}. */
export function tally(answers) {
  const sum = { right: 0, answered: 0, total: 0 };
  for (const [key, right] of Object.entries(answers)) {
    const kept = read(key);
    const given = kept && typeof kept === "object" ? kept : {};
    for (const [question, option] of Object.entries(right)) {
      sum.total += 1;
      if (!(question in given)) continue;
      sum.answered += 1;
      if (given[question] === option) sum.right += 1;
    }
  }
  return sum;
}

/** @returns {[boolean, boolean, string]} whether it is passed, whether it was begun, and a sentence */
function checkState(answers) {
  const { right, answered, total } = tally(answers);
  if (!answered) return [false, false, "not tried yet"];
  const passed = answered === total && right >= ENOUGH * total;
  const rest = answered < total ? `, ${total - answered} to go` : passed ? "" : "; read the explanations and start it again";
  return [passed, true, `${right} of ${answered} right at the first try${rest}`];
}

function challengeState(key, name) {
  const record = read(key)?.challenges?.[name];
  if (!record) return [false, false, "not tried yet"];
  const solved = Boolean(record.solved) || record.result === "right";
  return [solved, true, solved ? "solved" : "tried, not solved yet"];
}

class OutcomeList extends HTMLElement {
  connectedCallback() {
    this.show();
    this.again = () => this.show();
    addEventListener("storage", this.again); // answered in another tab
    document.addEventListener("stage10-record", this.again); // imported or erased on this page
  }

  disconnectedCallback() {
    removeEventListener("storage", this.again);
    document.removeEventListener("stage10-record", this.again);
  }

  show() {
    const outcomes = [...this.querySelectorAll("[data-outcome]")];
    const done = outcomes.filter((outcome) => this.showOne(outcome)).length;
    this.querySelector(".s10-outcome__sum").textContent = available()
      ? `${done} of ${outcomes.length} outcomes reached, by the record in this browser.`
      : "This browser stores nothing for this page, so there is no record to show. Tick the list by hand.";
  }

  showOne(outcome) {
    const states = [];
    for (const item of outcome.querySelectorAll("[data-answers], [data-key]")) {
      const { answers, key, name } = item.dataset;
      const state = answers ? checkState(JSON.parse(answers)) : challengeState(key, name);
      item.dataset.state = state[0] ? "passed" : state[1] ? "begun" : "open";
      item.querySelector("[data-part=said]").textContent = available() ? `(${state[2]})` : "";
      states.push(state);
    }
    const passed = states.length > 0 && states.every(([is]) => is);
    outcome.dataset.state = passed ? "passed" : states.some(([, begun]) => begun) ? "begun" : "open";
    const words = { passed: "reached", begun: "begun", open: "open" };
    outcome.querySelector("[data-part=state]").textContent = available() ? words[outcome.dataset.state] : "";
    return passed;
  }
}

customElements.get("outcome-list") ?? customElements.define("outcome-list", OutcomeList);
