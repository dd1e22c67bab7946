/**
 * Plays the frames of a run at a pace that eyes can follow: about four seconds, whatever the machine needed for it. It
 * has a button, a scrubber and a choice of speed. Frames may still be coming while it plays.
 */

import { html, setHtml } from "../html.js";

const LENGTH = 4000; // milliseconds at the usual speed
const SPEEDS = [[0.25, "¼×"], [0.5, "½×"], [1, "1×"], [2, "2×"], [4, "4×"]];
let speed = 1; // the reader's choice stays from run to run

/**
 * @typedef {{share: number, text: string, draw: () => void, drop?: () => void}} Item one frame: where in the run it
 *   stands (0 to 1), its step in words, how it is drawn, and what is done when it never is
 */

export class Player {
  /** @type {Item[]} */
  items = [];
  shown = -1;
  isPlaying = true;
  isWhole = false;
  #position = 0;
  #last = 0;
  #timer = 0;

  /** @param {import("./element.js").LabView} lab @param {{label: string, onEnd?: () => void}} options */
  constructor(lab, { label, onEnd = () => {} }) {
    this.lab = lab;
    this.onEnd = onEnd;
    this.bar = barOf(lab);
    setHtml(this.bar, html`<button type="button" class="lab-button" data-part="play">Pause</button><input type="range" min="0" max="1000" value="0"
      step="1" aria-label="${label}"><select aria-label="Speed of the replay">${SPEEDS.map(([value, text]) => html`<option value="${value}"${
      value === speed ? html` selected` : ""}>${text}</option>`)}</select>`);
    this.bar.hidden = false;
    this.button = this.bar.querySelector("button");
    this.scrubber = this.bar.querySelector("input");
    this.button.addEventListener("click", () => this.toggle());
    this.scrubber.addEventListener("input", () => this.#scrub());
    this.bar.querySelector("select").addEventListener("change", ({ target }) => (speed = Number(target.value)));
    lab.signal.addEventListener("abort", () => this.close());
  }

  /** @param {Item} item @param {boolean} isLast */
  add(item, isLast) {
    this.items.push(item);
    this.isWhole ||= isLast;
    if (this.isPlaying && !this.#timer) this.#start();
  }

  /** Shows the end at once. */
  finish() {
    if (this.isWhole && this.shown < this.items.length - 1) this.#show(this.items.length - 1);
    this.#pause();
  }

  /** Takes the bar away; what was never drawn is told. */
  close() {
    this.#stop();
    this.items.slice(this.shown + 1).forEach((item) => item.drop?.());
    this.items = [];
    this.bar.hidden = true;
  }

  toggle() {
    if (this.isPlaying) return this.#pause();
    if (this.shown >= this.items.length - 1) {
      this.#position = 0;
      this.shown = -1;
    }
    this.isPlaying = true;
    this.#label();
    return this.#start();
  }

  #pause() {
    this.isPlaying = false;
    this.#stop();
    this.#label();
  }

  #label() {
    const atEnd = this.isWhole && this.shown >= this.items.length - 1;
    this.button.textContent = this.isPlaying ? "Pause" : atEnd ? "Replay" : "Play";
  }

  #start() {
    this.#last = performance.now();
    this.#timer ||= requestAnimationFrame((now) => this.#tick(now));
  }

  #stop() {
    cancelAnimationFrame(this.#timer);
    this.#timer = 0;
  }

  #tick(now) {
    this.#timer = 0;
    const reach = this.items.at(-1)?.share ?? 0;
    this.#position = Math.min(reach, this.#position + (Math.max(0, now - this.#last) * speed) / LENGTH);
    this.#last = now;
    const next = this.items.findLastIndex(({ share }) => share <= this.#position + 1e-9);
    if (next !== this.shown && next >= 0) this.#show(next);
    if (this.isWhole && this.shown >= this.items.length - 1) {
      this.#pause();
      this.onEnd();
    } else if (this.isPlaying && (this.isWhole || this.#position < reach)) this.#start();
    else this.#timer = 0; // the next frame starts it again
  }

  #show(place) {
    this.shown = place;
    const { share, text, draw } = this.items[place];
    this.scrubber.value = String(Math.round(1000 * share));
    this.scrubber.setAttribute("aria-valuetext", text);
    draw();
  }

  #scrub() {
    if (this.isPlaying) this.#pause();
    this.#position = Number(this.scrubber.value) / 1000;
    const place = Math.max(0, this.items.findLastIndex(({ share }) => share <= this.#position + 1e-9));
    if (place !== this.shown) {
      const at = this.scrubber.value;
      this.#show(place);
      this.scrubber.value = at;
    }
    this.#label();
  }
}

/** The bar stands in the line under the buttons, where the progress of a run is shown. */
function barOf(lab) {
  let bar = lab.querySelector('[data-part="player"]');
  if (!bar) {
    bar = document.createElement("div");
    bar.className = "lab-player";
    bar.dataset.part = "player";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Replay of the run");
    lab.querySelector(".lab-say").prepend(bar);
  }
  return bar;
}

/** Whether the reader asked for no motion. */
export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
