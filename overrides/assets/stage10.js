// What every page carries. All parts are custom elements or listen on the document, so that Material's instant
// navigation, which swaps the page's content without loading this file again, needs no re-binding.
import "./cards.js";
import "./jumps.js";
import "./outcomes.js";
import "./quiz.js";
import "./record.js";

const SEARCH = "[data-md-component=search-query]";
addEventListener("focusin", ({ target }) => target.matches?.(SEARCH) && import("./search.js"));
if (document.activeElement?.matches(SEARCH)) import("./search.js"); // an address with a query opens the search itself
addEventListener("input", ({ target }) => {
  if (target.matches?.("[data-glossary-filter]")) import("./glossary.js").then(({ filter }) => filter(target));
});

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("article details:not([open])")) {
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
