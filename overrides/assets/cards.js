// Number, citation and glossary cards open by CSS on hover and focus. This keeps them inside the window, out of
// scrolling tables, and lets Escape put one away until the pointer or the focus has left it.
const MARGIN = 8;

// A further number of a run, and a further mention of a source, has no card in the page: the lists at its foot say the
// same, and the card is made of them.
const LABELS = ["Meaning", "Spread", "Each run", "Run", "Command", "Commit", "Seed", "Hardware", "Date", "Value"];
const BETWEEN = new RegExp(`; (?=(?:${LABELS.join("|")}): |run as for )`);

function element(name, className, ...inside) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...inside);
  return made;
}

function rowsOf(cell) {
  const rows = cell.textContent.split(BETWEEN).map((row) => row.split(/: (.*)/s));
  return new Map(rows.filter(([label]) => LABELS.includes(label)));
}

function ofRun(number, cell) {
  const told = new Map([...rowsOf(document.getElementById(`run-${cell.dataset.run}`)), ...rowsOf(cell)]);
  const rows = LABELS.filter((label) => told.has(label)).map((label) => [label, told.get(label)]);
  return { title: `${number.textContent}, ${number.dataset.owner}`, rows };
}

function ofSource(number, entry) {
  const place = number.getAttribute("aria-label").replace(/^Source \d+, /, "");
  const link = entry.querySelector("a[rel]").cloneNode(true);
  link.className = "s10-card__link";
  const by = entry.querySelector(".s10-sources__by").textContent.replace(/\.$/, "");
  return { title: entry.querySelector("cite").textContent, rows: [["Place", place], ["By", by]], link };
}

function make(reference) {
  const number = reference.firstElementChild;
  const told = document.getElementById(number.getAttribute("aria-describedby"));
  const { title, rows, link = "" } = told.dataset.run ? ofRun(number, told) : ofSource(number, told);
  const cells = rows.flatMap(([label, value]) => [element("b", "", label), element("span", "", value)]);
  const card = element("span", `s10-card s10-card--${number.dataset.owner}`,
    element("span", "s10-card__title", title), element("span", "s10-card__rows", ...cells), link);
  card.dataset.searchExclude = "";
  reference.append(card);
}

function place(reference) {
  const card = reference.querySelector(":scope > .s10-card");
  if (!card || matchMedia("(max-width: 60em)").matches) return;
  const anchor = reference.firstElementChild.getBoundingClientRect();
  card.style.position = "fixed";
  card.style.left = card.style.top = "0";
  const { width, height } = card.getBoundingClientRect();
  const left = Math.min(anchor.left - 10, innerWidth - width - MARGIN - 16);
  const above = anchor.bottom + height + MARGIN > innerHeight && anchor.top - height > MARGIN;
  card.style.left = `${Math.max(left, MARGIN)}px`;
  card.style.top = `${above ? anchor.top - height : anchor.bottom}px`;
}

function placeOpen() {
  const reference = document.querySelector(".s10-ref:is(:hover, :focus-within):not([data-dismissed])");
  if (reference) place(reference);
}

for (const type of ["pointerover", "focusin"]) {
  document.addEventListener(type, (event) => {
    const reference = event.target.closest?.(".s10-ref");
    if (!reference || event.target.closest(".s10-card")) return;
    if (!reference.querySelector(":scope > .s10-card")) make(reference);
    place(reference);
  });
}

for (const type of ["pointerout", "focusout"]) {
  document.addEventListener(type, (event) => {
    const reference = event.target.closest?.(".s10-ref");
    if (reference && !reference.contains(event.relatedTarget)) delete reference.dataset.dismissed;
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const reference of document.querySelectorAll(".s10-ref:is(:hover, :focus-within)")) {
    reference.dataset.dismissed = "";
  }
});

// A card that is fixed to the window would stay behind when the page scrolls under it.
document.addEventListener("scroll", placeOpen, { passive: true, capture: true });
placeOpen(); // one may be open since before this script came
