// What every page carries. All parts are custom elements or listen on the document, so that Material's instant
// navigation, which swaps the page's content without loading this file again, needs no re-binding.
import "./cards.js";
import "./jumps.js";
import "./outcomes.js";
import "./quiz.js";
import "./record.js";
import "./way.js";

// What stands on few pages is fetched where it stands: the front page's instrument, the questions that are due, what was
// done.
function fetchParts() {
  if (document.querySelector("rank-cut")) import("./rank.js");
  if (document.querySelector("review-set")) import("./review.js");
  if (document.querySelector("certificate-panel, exercise-list")) import("./certificate.js");
}
if (window.document$) window.document$.subscribe(fetchParts);
else fetchParts();

const SEARCH = "[data-md-component=search-query]";
addEventListener("focusin", ({ target }) => target.matches?.(SEARCH) && import("./search.js"));
if (document.activeElement?.matches(SEARCH)) import("./search.js"); // an address with a query opens the search itself
addEventListener("input", ({ target }) => {
  if (target.matches?.("[data-glossary-filter]")) import("./glossary.js").then(({ filter }) => filter(target));
});

// The theme opens all that is folded when it prints. Where numbers come from is printed if the reader has opened it.
addEventListener("click", ({ target }) => {
  const ledger = target.closest?.(".s10-ledger > summary")?.parentElement;
  ledger?.toggleAttribute("data-wanted", !ledger.open);
});
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("article details:not([open], .s10-ledger)")) {
    details.open = true;
    details.dataset.openedForPrint = "";
  }
});
addEventListener("afterprint", () => {
  for (const details of document.querySelectorAll("[data-opened-for-print]")) {
    details.open = false;
    delete details.dataset.openedForPrint;
  }
});
