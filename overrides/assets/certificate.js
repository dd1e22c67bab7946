// <certificate-panel>: a link that says what was done, and the page that such a link opens. The link holds names of this
// site and numbers; whatever else stands in one is left out, and nothing of it becomes HTML.
import known, { labs } from "./exercises.js";
import { dayOf } from "./due.js";
import { available, read } from "./progress.js";
import { rungs } from "./way.js";

const ROOT = new URL("..", import.meta.url);
const LONGEST = 4000; // characters of a link's query

const nameOf = (address) => address.split("/").filter(Boolean).at(-1);

/** What this browser's record says: lists of names, and of labs with how many challenges are solved. */
export function done() {
  return {
    rungs: rungs().filter(({ state }) => state === "passed").map(({ address }) => nameOf(address)),
    exercises: known.filter(({ name }) => read(`exercise:${name}`)?.solved).map(({ name }) => name),
    labs: labs.map(({ slug, challenges }) => {
      const kept = read(`lab:${slug}`)?.challenges ?? {};
      return [slug, challenges.filter((name) => kept[name]?.solved || kept[name]?.result === "right").length];
    }).filter(([, count]) => count),
    on: dayOf(),
  };
}

export function toQuery({ rungs: passed, exercises, labs: solved, on }) {
  return new URLSearchParams({ rungs: passed.join(","), exercises: exercises.join(","), labs: solved.map((pair) => pair.join(":")).join(","), on }).toString();
}

/** What a link says, as far as it names things of this site; null where it is none of ours. */
export function fromQuery(search) {
  if (search.length > LONGEST) return null;
  const given = new URLSearchParams(search);
  if (!["rungs", "exercises", "labs"].some((key) => given.has(key))) return null;
  const listed = (key) => [...new Set((given.get(key) ?? "").split(","))];
  const counts = new Map(listed("labs").map((pair) => pair.split(":")).filter(([, count]) => /^\d{1,3}$/.test(count ?? "")).map(([slug, count]) => [slug, Number(count)]));
  return {
    rungs: rungs().map(({ address }) => nameOf(address)).filter((name) => listed("rungs").includes(name)),
    exercises: known.map(({ name }) => name).filter((name) => listed("exercises").includes(name)),
    labs: labs.filter(({ slug, challenges }) => counts.get(slug) > 0 && counts.get(slug) <= challenges.length).map(({ slug }) => [slug, counts.get(slug)]),
    on: /^20\d\d-\d\d-\d\d$/.test(given.get("on")) && !Number.isNaN(Date.parse(given.get("on"))) ? given.get("on") : "",
  };
}

function element(tag, options = {}, ...children) {
  const made = Object.assign(document.createElement(tag), options);
  made.append(...children);
  return made;
}

function link(address, textContent) {
  return element("a", { href: new URL(address, ROOT).href, textContent });
}

/** Three lists with what was done of each kind. */
function lists(what) {
  const all = rungs();
  const kinds = [
    ["Articles whose self-check was passed", all.length, all.filter(({ address }) => what.rungs.includes(nameOf(address))).map(({ address, title }) => link(address, title))],
    ["Exercises solved", known.length, known.filter(({ name }) => what.exercises.includes(name)).map(({ address, title }) => link(address, title))],
    ["Labs with challenges solved", labs.length, what.labs.map(([slug, count]) => {
      const lab = labs.find((one) => one.slug === slug);
      return element("span", {}, link(lab.address, lab.title), `: ${count} of ${lab.challenges.length}`);
    })],
  ];
  return kinds.flatMap(([title, total, items]) => [
    element("h3", { textContent: `${title}: ${items.length} of ${total}` }),
    element("ul", { className: "s10-shelf" }, ...items.map((item) => element("li", {}, item))),
  ]);
}

class CertificatePanel extends HTMLElement {
  connectedCallback() {
    if (this.shown) return;
    this.shown = true;
    this.replaceChildren();
    const linked = fromQuery(location.search);
    if (location.search && !linked) this.append(element("p", { textContent: "This link is not one that this page has written, so it is left out. Below stands your own record." }));
    if (linked) this.showLink(linked);
    else this.showOwn();
  }

  showLink(what) {
    const when = what.on ? ` on ${what.on}` : "";
    this.append(element("p", {}, element("strong", { textContent: `This link says that its maker had done this${when}.` }), " Nobody watched, and anybody can write such a link by hand. Ask its maker to explain one of the things in it."), ...lists(what));
    this.append(element("p", {}, link("certificate/", "Make a link of your own")));
  }

  showOwn() {
    const what = done();
    const nothing = !what.rungs.length && !what.exercises.length && !what.labs.length;
    if (!available() || nothing) {
      const why = available() ? "There is nothing to show yet: answer a self-check, write an exercise, or solve a challenge in a lab." : "This browser stores nothing for this page, so there is no record to make a link of.";
      this.append(element("p", { textContent: why }));
      return;
    }
    const address = new URL(`certificate/?${toQuery(what)}`, ROOT).href;
    const field = element("input", { type: "text", readOnly: true, value: address, className: "s10-link" });
    field.setAttribute("aria-label", "Your link");
    field.addEventListener("focus", () => field.select());
    const status = element("p", { className: "s10-quiz__tally" });
    status.setAttribute("role", "status");
    const button = element("button", { type: "button", className: "s10-button", textContent: "Copy the link" });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(address);
        status.textContent = "Copied. Whoever opens it sees the lists below.";
      } catch {
        field.focus();
        status.textContent = "This browser does not let the page copy: the link is marked, copy it by hand.";
      }
    });
    this.append(element("p", { className: "s10-copy" }, field, button), status, ...lists(what));
  }
}

class ExerciseList extends HTMLElement {
  connectedCallback() {
    this.again = () => this.show();
    addEventListener("storage", this.again);
    document.addEventListener("stage10-record", this.again);
    this.show();
  }

  disconnectedCallback() {
    removeEventListener("storage", this.again);
    document.removeEventListener("stage10-record", this.again);
  }

  show() {
    for (const item of this.querySelectorAll("[data-exercise-of]")) {
      const kept = read(`exercise:${item.dataset.exerciseOf}`) ?? {};
      item.querySelector("[data-part=state]").textContent = kept.solved ? "\u2713 solved" : kept.tries ? "tried" : "";
    }
  }
}

customElements.get("certificate-panel") ?? customElements.define("certificate-panel", CertificatePanel);
customElements.get("exercise-list") ?? customElements.define("exercise-list", ExerciseList);
