// <review-set>: three questions that the reader has answered before and that are due again. The questions stand in
// their own pages; they are fetched from there, so that they never differ.
import { dayOf, due, noted, schedule } from "./due.js";
import { entries, read, write } from "./progress.js";

const ROOT = new URL("..", import.meta.url);
const AT_ONCE = 3;

/** A question out of its page, or null where the page or the question is no longer there. */
async function fetched({ page, question }) {
  const [path, nth = "0"] = page.split("#");
  const address = new URL(path, ROOT);
  if (!address.href.startsWith(ROOT.href)) return null; // a record may come from a file that somebody else wrote
  try {
    const answer = await fetch(address);
    if (!answer.ok) return null;
    const there = new DOMParser().parseFromString(await answer.text(), "text/html");
    const set = there.querySelectorAll("quiz-set")[Number(nth)];
    const found = [...(set?.querySelectorAll("[data-question]") ?? [])].find(({ dataset }) => dataset.question === question);
    if (!found) return null;
    for (const link of found.querySelectorAll("a[href]")) link.href = new URL(link.getAttribute("href"), address).href;
    for (const part of found.querySelectorAll("[id]")) part.removeAttribute("id");
    for (const option of found.querySelectorAll("details")) option.removeAttribute("open");
    return { item: document.importNode(found, true), title: there.querySelector("h1")?.firstChild?.textContent.trim() ?? path, address: `${address.href}#check-yourself` };
  } catch {
    return null;
  }
}

class ReviewSet extends HTMLElement {
  connectedCallback() {
    if (this.status) return;
    this.status = Object.assign(document.createElement("p"), { className: "s10-quiz__tally" });
    this.status.setAttribute("role", "status");
    this.list = Object.assign(document.createElement("ol"), { className: "s10-questions" });
    this.classList.add("s10-quiz");
    this.replaceChildren(this.list, this.status);
    this.addEventListener("toggle", (event) => this.answered(event.target), { capture: true });
    this.draw();
  }

  async draw() {
    const today = dayOf();
    const record = entries();
    this.asked = [];
    const waiting = due(record, today);
    if (!waiting.length) return this.nothing(record, today);
    this.status.textContent = "Fetching the questions\u2026";
    const shown = [];
    for (const one of waiting) {
      const found = await fetched(one);
      if (!found) continue;
      shown.push({ ...one, ...found, right: null });
      if (shown.length === AT_ONCE) break;
    }
    this.asked = shown;
    this.list.replaceChildren(...shown.map((one) => this.placed(one)));
    if (!shown.length) this.status.textContent = "The questions that are due could not be fetched. Reload the page to try again.";
    else this.say();
  }

  placed(one) {
    const from = Object.assign(document.createElement("div"), { className: "s10-quiz__how" });
    const link = Object.assign(document.createElement("a"), { href: one.address, textContent: one.title });
    from.append("From ", link);
    one.item.prepend(from);
    return one.item;
  }

  answered(option) {
    if (!option.open || !option.matches?.(".s10-option") || "openedForPrint" in option.dataset) return;
    const one = this.asked.find(({ item }) => item.contains(option));
    if (!one || one.right !== null) return;
    one.right = option.dataset.right === "true";
    const kept = read(`asked:${one.page}`) ?? {};
    write(`asked:${one.page}`, { ...kept, [one.question]: noted(kept[one.question], one.right, dayOf()) });
    document.dispatchEvent(new CustomEvent("stage10-record"));
    this.say();
  }

  say() {
    const done = this.asked.filter(({ right }) => right !== null);
    const right = done.filter((one) => one.right).length;
    if (done.length < this.asked.length) {
      this.status.textContent = done.length ? `${right} of ${done.length} right; ${this.asked.length - done.length} to go.` : "Answer from memory. Nothing is sent anywhere.";
      return;
    }
    const again = done.filter((one) => !one.right);
    const more = due(entries(), dayOf()).length;
    this.status.replaceChildren(`${right} of ${done.length} right. `, ...(again.length ? ["Read again: ", ...this.links(again), ". "] : []));
    if (more) this.status.append(this.button(more));
    else this.status.append("Nothing else is due today.");
  }

  links(asked) {
    const pages = [...new Map(asked.map((one) => [one.address, one.title]))];
    return pages.flatMap(([href, textContent], place) => [place ? ", " : "", Object.assign(document.createElement("a"), { href, textContent })]);
  }

  button(more) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "s10-button", textContent: `${Math.min(more, AT_ONCE)} more of ${more} that are due` });
    button.addEventListener("click", () => this.draw());
    return button;
  }

  nothing(record, today) {
    const [next] = schedule(record, today);
    this.list.replaceChildren();
    this.status.textContent = next
      ? `Nothing is due today. The next question comes back in ${next.left} ${next.left === 1 ? "day" : "days"}.`
      : "There is nothing to ask yet: questions come from the self-checks that you have answered. Each article of the ladder ends with one.";
  }
}

customElements.get("review-set") ?? customElements.define("review-set", ReviewSet);
