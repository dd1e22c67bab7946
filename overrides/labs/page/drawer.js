/** The drawer below the instrument, docked beside it on request, so that a challenge is read with the charts in view. */

/** @param {import("./element.js").LabView} lab */
export function mountDrawer(lab) {
  const { signal } = lab;
  const drawer = lab.querySelector('[data-region="drawer"]');
  const button = lab.querySelector('[data-action="drawer"]');

  drawer.tabIndex = -1; // takes the focus when it opens

  function dock(isOpen) {
    lab.classList.toggle("is-docked", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) drawer.focus({ preventScroll: true });
    else button.focus({ preventScroll: true });
  }

  button.addEventListener("click", () => dock(!lab.classList.contains("is-docked")), { signal });
  lab.querySelector('[data-action="close-drawer"]').addEventListener("click", () => dock(false), { signal });
  drawer.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("textarea") || !lab.classList.contains("is-docked")) return;
    event.preventDefault();
    dock(false);
  }, { signal });
}
