// What every page carries. All parts are custom elements or listen on the document, so that Material's instant
// navigation, which swaps the page's content without loading this file again, needs no re-binding.
import "./cards.js";
import "./jumps.js";
import "./outcomes.js";
import "./quiz.js";
import "./record.js";

addEventListener("focusin", ({ target }) => {
  if (target.matches?.("[data-md-component=search-query]")) import("./search.js");
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
