// Loaded at the first letter that is typed into the glossary's filter: words that do not hold it are hidden.

/** @param {HTMLInputElement} input the filter, which stands beside its list in one section */
export function filter(input) {
  const wanted = input.value.trim().toLowerCase();
  const entries = [...document.querySelectorAll("[data-glossary] dt")].map((term) => [term, term.nextElementSibling]);
  let shown = 0;
  for (const [term, text] of entries) {
    const fits = `${term.textContent} ${text.textContent}`.toLowerCase().includes(wanted);
    term.hidden = text.hidden = !fits;
    shown += fits;
  }
  const said = wanted ? `${shown} of ${entries.length} words` : "";
  document.querySelector("[data-glossary-count]").textContent = said;
}
