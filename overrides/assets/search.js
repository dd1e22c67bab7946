// Loaded when the search is first used. Material's page says only that nothing was found; the worker adds up to three
// suggestions of score 0. This tells the reader that they are suggestions, and keeps Enter from opening one unasked.
const NOTHING = "Nothing here says that. Perhaps one of these:";

const result = () => document.querySelector("[data-md-component=search-result]");
const input = () => document.querySelector("[data-md-component=search-query]");

/** True while all that is listed is a suggestion. */
function onlySuggestions(list) {
  const scores = [...list.querySelectorAll("[data-md-score]")];
  return scores.length > 0 && scores.every((article) => Number(article.dataset.mdScore) === 0);
}

function tell() {
  const [meta, list] = result().children;
  const suggesting = onlySuggestions(list);
  list.toggleAttribute("data-suggestions", suggesting);
  if (suggesting && meta.textContent !== NOTHING) meta.textContent = NOTHING;
}

function listen() {
  if (!result()) return;
  new MutationObserver(tell).observe(result(), { childList: true, subtree: true });
  addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && event.target === input() && result().querySelector("[data-suggestions]")) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    { capture: true },
  );
  tell();
}

listen();
