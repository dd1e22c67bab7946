// <rank-cut>: the front page's spectrum. Each rank's frame was recorded when the site was built, so nothing is computed
// here. It moves by itself once, and not where a reader wants less motion or less data.
const STEP = 260; // milliseconds for each rank of the first movement

class RankCut extends HTMLElement {
  connectedCallback() {
    if (this.slider) return;
    this.frames = JSON.parse(this.dataset.frames);
    this.bars = [...this.querySelectorAll("rect")];
    this.slider = this.querySelector("input");
    this.slider.addEventListener("input", () => this.touched());
    const picture = this.querySelector("svg");
    for (const type of ["pointerdown", "pointermove"]) {
      picture.addEventListener(type, (event) => this.drag(event, picture));
    }
    this.start = Number(this.slider.value);
    this.show(this.start);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.connection?.saveData;
    if (!still) this.timer = setTimeout(() => this.move(1), 700);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  touched() {
    clearTimeout(this.timer);
    this.show(Number(this.slider.value));
  }

  drag(event, picture) {
    if (!event.buttons) return;
    if (event.type === "pointerdown") picture.setPointerCapture(event.pointerId);
    const { left, width } = picture.getBoundingClientRect();
    this.slider.value = Math.ceil((this.frames.length * (event.clientX - left)) / width);
    this.touched();
  }

  /** From the first rank up to the one that the page was built with. */
  move(rank) {
    this.slider.value = rank;
    this.show(rank);
    if (rank < this.start) this.timer = setTimeout(() => this.move(rank + 1), STEP);
  }

  show(rank) {
    const [kept, cost] = this.frames[rank - 1];
    this.bars.forEach((bar, nth) => bar.classList.toggle("kept", nth < rank));
    this.querySelector("output").textContent = rank;
    this.querySelector("[data-part=kept]").textContent = kept;
    this.querySelector("[data-part=cost]").textContent = cost;
    this.dataset.rank = rank;
    this.slider.setAttribute("aria-valuetext", `rank ${rank}: ${this.querySelector(".s10-cut__says").textContent.trim()}`);
  }
}

customElements.get("rank-cut") ?? customElements.define("rank-cut", RankCut);
