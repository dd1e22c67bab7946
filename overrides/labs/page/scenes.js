/** The scenes of the stage: links and hands move it, and it follows the control that is moved. */

import { isNarrow } from "../view/outputs.js";

/** Charts have a size for a small screen and one for a large one: a screen that is turned changes it at once. */
function mountTurn(lab) {
  let narrow = isNarrow(lab);
  const watcher = new ResizeObserver(() => {
    lab.narrow = undefined;
    if (narrow === isNarrow(lab)) return;
    narrow = !narrow;
    lab.refreshTables();
  });
  watcher.observe(lab);
  lab.signal.addEventListener("abort", () => watcher.disconnect());
}

/** @param {import("./element.js").LabView} lab */
export function mountScenes(lab) {
  mountTurn(lab);
  const track = lab.querySelector('[data-part="track"]');
  const scenes = [...track.children];
  const links = [...lab.querySelectorAll("[data-scene-link]")];
  if (scenes.length < 2) return;
  const { signal } = lab;
  let place = 0;

  function mark(next) {
    place = next;
    links.forEach((link, i) => (i === next ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
  }

  function show(next) {
    mark(next);
    track.scrollTo({ left: scenes[next].offsetLeft - track.offsetLeft, behavior: "instant" });
  }

  links.forEach((link, i) => link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(i);
  }, { signal }));

  track.addEventListener("scroll", () => {
    const middle = track.scrollLeft + track.clientWidth / 2;
    const next = scenes.findIndex((scene) => scene.offsetLeft - track.offsetLeft + scene.offsetWidth > middle);
    if (next >= 0 && next !== place) mark(next);
  }, { signal, passive: true });

  /** A control of the rail moves charts of its own scene: they come into sight beside it. */
  function follow({ target }) {
    const group = target.closest?.("[data-scene]");
    if (group && Number(group.dataset.scene) !== place) show(Number(group.dataset.scene));
  }
  ["input", "change"].forEach((kind) => lab.querySelector('[data-region="rail"]')?.addEventListener(kind, follow, { signal }));

  // A tab that was resized keeps its scene.
  const watcher = new ResizeObserver(() => show(place));
  watcher.observe(track);
  signal.addEventListener("abort", () => watcher.disconnect());
}
