// Back and forward lead to the place that was left. The theme notes how far a page was scrolled; but parts out of sight
// count with an estimated height (content-visibility), so later the same distance is another place. Beside it stands
// which part of the page was at the top of the window. To go there all parts are laid out for two frames, and keep the
// heights that they have got. What the reader had opened there is open again, else the same part would end elsewhere.
const MOVES = ["wheel", "touchmove", "keydown", "pointerdown"];
let page = location.pathname;
const parts = () => [...(document.querySelector("article")?.children ?? [])];
/** The boxes that open and close; a lab keeps its own. */
const boxes = () => [...document.querySelectorAll("article details")].filter((box) => !box.closest("lab-view"));

/** Read by the theme's script, as mended in overrides/hooks/assets.py, whenever it notes the distance. */
window.stage10Place = () => {
  const part = parts().findIndex((each) => each.getBoundingClientRect().bottom > 0);
  const open = boxes().flatMap((box, nth) => (box.open ? [nth] : []));
  return part < 0 ? { open } : { part, top: parts()[part].getBoundingClientRect().top, open };
};

/** What was opened or closed since the last scroll counts, too. */
function noteBoxes() {
  if (history.state) history.replaceState({ ...history.state, ...window.stage10Place() }, "");
}
document.addEventListener("toggle", noteBoxes, true);

/** Styles that stand within the page and are still on their way: until then a figure has another height. */
const late = () => [...document.querySelectorAll("article link[rel=stylesheet]")].filter(({ sheet }) => !sheet);
const loaded = (link) => new Promise((done) => ["load", "error"].forEach((type) => link.addEventListener(type, done)));

/** Go there, and again once the page has its whole style, unless the reader has moved on. */
async function land(place) {
  let moved = false;
  const note = () => (moved = true);
  for (const type of MOVES) addEventListener(type, note, { once: true, passive: true });
  arrive(place);
  const waiting = late();
  if (!waiting.length) return;
  await Promise.all(waiting.map(loaded));
  if (!moved) arrive(place);
}

function arrive({ x, y, part, top }) {
  const { classList } = document.documentElement;
  classList.add("s10-landing");
  const there = parts()[part];
  scrollTo(x, there ? scrollY + there.getBoundingClientRect().top - top : y);
  requestAnimationFrame(() => requestAnimationFrame(() => classList.remove("s10-landing")));
}

window.document$?.subscribe(() => {
  if (location.pathname === page) return;
  page = location.pathname;
  const { y, open } = history.state ?? {};
  if (open) boxes().forEach((box, nth) => (box.open = open.includes(nth)));
  if (y) land(history.state);
});

// Within the page the browser does it, unless the theme has told it not to.
addEventListener("popstate", ({ state }) => {
  if (location.pathname !== page || history.scrollRestoration === "auto") return;
  if (state) land(state);
  else document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
});

// A part that was laid out once keeps its height. So that a distance means the same place before and after, the parts
// are laid out in idle moments after a page has opened, a few at a time.
const UNSEEN = ".md-typeset :is(.highlight, .s10-formula)";
const FEW = 4;
const idle = window.requestIdleCallback ?? ((call) => setTimeout(call, 50));
const frame = () => new Promise(requestAnimationFrame);

async function settle() {
  const waiting = [...document.querySelectorAll(UNSEEN)];
  while (waiting.length) {
    await new Promise((done) => idle(done));
    const few = waiting.splice(0, FEW);
    for (const part of few) part.classList.add("s10-laid-out");
    await frame();
    await frame();
    for (const part of few) part.classList.remove("s10-laid-out");
  }
}

if (document.readyState === "complete") settle();
else addEventListener("load", settle);
let opened = location.pathname;
window.document$?.subscribe(() => {
  if (location.pathname !== opened) settle();
  opened = location.pathname;
});
