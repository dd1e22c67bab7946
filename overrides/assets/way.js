// What the reader's record says about the ladder: ticks in the navigation and on the rungs, "2 of 7" in the header,
// and where to go on. Without a record nothing of it is shown.
import ladder from "./ladder.js";
import { dayOf, due } from "./due.js";
import { tally } from "./outcomes.js";
import { entries, read } from "./progress.js";

const ROOT = new URL("..", import.meta.url);
const ENOUGH = 0.8; // of a self-check's questions right at the first try, as on the page "Are you through?"

/** Each rung with its state: passed, answered (all of it, and not well enough), begun or open. */
export function rungs() {
  return ladder.map((rung) => {
    const { right, answered, total } = tally(rung.answers);
    const all = total > 0 && answered === total;
    const state = all && right >= ENOUGH * total ? "passed" : all ? "answered" : answered ? "begun" : "open";
    return { ...rung, right, answered, total, state };
  });
}

/** The first question of a rung that has no answer yet, from 1. */
function firstOpen({ answers }) {
  for (const [key, right] of Object.entries(answers)) {
    const given = read(key) ?? {};
    const open = Object.keys(right).findIndex((question) => !(question in given)); // a list, or numbers where some moved
    if (open >= 0) return open + 1;
  }
  return 1;
}

/** Where to go on: the last self-check that was begun, else the rung after the last one that is done. */
function goOn(all) {
  const begun = all.findLast(({ state }) => state === "begun");
  if (begun) return { ...begun, place: "#check-yourself", words: `${begun.title}, question ${firstOpen(begun)}` };
  const last = all.findLastIndex(({ state }) => state !== "open");
  if (last < 0) return null;
  const next = all.slice(last + 1).find(({ state }) => state === "open") ?? all.find(({ state }) => state === "open");
  return next ? { ...next, words: next.title } : { address: "exercise/", words: "the exercise" };
}

const SAID = { passed: "\u2713 self-check passed", answered: "self-check: read again", begun: "self-check begun" };

function show() {
  const all = rungs();
  const passed = all.filter(({ state }) => state === "passed").length;
  for (const rung of all) {
    const item = document.querySelector(`[data-rung="${rung.address}"]`);
    if (item) {
      item.dataset.state = rung.state;
      item.querySelector("[data-part=done]").textContent = SAID[rung.state] ?? "";
    }
  }
  const done = new Set(all.filter(({ state }) => state === "passed").map(({ address }) => new URL(address, ROOT).pathname));
  for (const link of document.querySelectorAll(".md-nav--primary a.md-nav__link")) {
    link.toggleAttribute("data-passed", done.has(link.pathname));
  }
  header(all.some(({ state }) => state !== "open") ? `${passed} of ${all.length}` : "");
  showGoOn(all);
  showDue();
  showOutcomes();
}

function header(text) {
  const bar = document.querySelector(".md-header__inner");
  let mark = bar?.querySelector(".s10-done");
  if (!text) mark?.remove();
  if (!text || !bar) return;
  if (!mark) {
    mark = Object.assign(document.createElement("a"), { className: "s10-done", href: new URL("checklist/", ROOT).href });
    bar.querySelector(".md-header__title").after(mark);
  }
  mark.textContent = text;
  mark.title = `${text} self-checks of the ladder passed`;
}

function showGoOn(all) {
  const line = document.querySelector("[data-part=continue]");
  const to = goOn(all);
  if (!line) return;
  line.hidden = !to;
  if (!to) return;
  const link = Object.assign(document.createElement("a"), { href: new URL(to.address + (to.place ?? ""), ROOT).href });
  link.textContent = to.words;
  line.replaceChildren("Continue: ", link);
}

/** On the front page: how many questions are due again. */
function showDue() {
  const line = document.querySelector("[data-part=due]");
  if (!line) return;
  const waiting = due(entries(), dayOf()).length;
  line.hidden = !waiting;
  if (!waiting) return;
  const link = Object.assign(document.createElement("a"), { href: new URL("review/", ROOT).href });
  link.textContent = waiting === 1 ? "one question" : `three of ${waiting} questions`;
  if (waiting > 1 && waiting <= 3) link.textContent = `${waiting} questions`;
  line.replaceChildren("Due again: ", link);
}

/** What a page promises is ticked when its own self-check is passed. */
function showOutcomes() {
  for (const list of document.querySelectorAll(".s10-outcomes[data-answers]")) {
    const { right, answered, total } = tally(JSON.parse(list.dataset.answers));
    list.toggleAttribute("data-passed", total > 0 && answered === total && right >= ENOUGH * total);
  }
}

window.document$?.subscribe(show);
addEventListener("storage", show); // answered in another tab
document.addEventListener("stage10-record", show);
show();
