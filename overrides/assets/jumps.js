// Back and forward lead to the place that was left. The theme notes how far a page was scrolled; but parts out of sight
// count with an estimated height (content-visibility), so later the same distance is another place. Beside it stands
// which part of the page was at the top of the window. To go there all parts are laid out for two frames, and keep the
// heights that they have got.
let page = location.pathname;
const parts = () => [...(document.querySelector("article")?.children ?? [])];

/** Read by the theme's script, as mended in overrides/hooks/assets.py, whenever it notes the distance. */
window.stage10Place = () => {
  const part = parts().findIndex((each) => each.getBoundingClientRect().bottom > 0);
  return part < 0 ? {} : { part, top: parts()[part].getBoundingClientRect().top };
};

function land({ x, y, part, top }) {
  const { classList } = document.documentElement;
  classList.add("s10-landing");
  const there = parts()[part];
  scrollTo(x, there ? scrollY + there.getBoundingClientRect().top - top : y);
  requestAnimationFrame(() => requestAnimationFrame(() => classList.remove("s10-landing")));
}

window.document$?.subscribe(() => {
  if (location.pathname === page) return;
  page = location.pathname;
  if (history.state?.y) land(history.state);
});

// Within the page the browser does it, unless the theme has told it not to.
addEventListener("popstate", ({ state }) => {
  if (location.pathname !== page || history.scrollRestoration === "auto") return;
  if (state) land(state);
  else document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
});
