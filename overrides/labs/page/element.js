/**
 * <lab-view>: wakes the painted lab. It owns the settings and the frame that is shown; the modules beside it each
 * bind one part of the page (controls, buttons, predictions, challenges, code, progress).
 */

import { html, raw, setHtml } from "../html.js";
import { drawFigure } from "../charts/index.js";
import { clean, defaultsOf, fromQuery, isLinked, keepInputs, keptInputs, ownOf, settle, showInAddress } from "../state.js";
import { PREFIX, somethingUnsaved, storageWorks } from "../storage.js";
import { syncControls } from "../view/controls.js";
import { syncCharts, syncOutputs } from "../view/outputs.js";
import { mountActions } from "./actions.js";
import { mountBoot } from "./boot_when.js";
import { mountControls } from "./controls.js";
import { mountOwnView } from "./own_view.js";
import { mountScenes } from "./scenes.js";
import { markOwn, mountUndo, Undo } from "./undo.js";

const ADDRESS_DELAY = 200;
/** What later.js brings to life. */
const LATER = '[data-challenge], [data-prediction], [data-part="chip"], .lab-progress, [data-action="export"], [data-action$="drawer"]';
const TABLE_DELAY = 120;
const STEP_DELAY = 900;
const REST = 400; // a slider that has not moved for so long rests
const RUN_FRAMES = 48; // of a run, so that it can be replayed

export class LabView extends HTMLElement {
  #ended = null;
  #listeners = new Set();
  #timers = {};
  #lastDrawn = 0;
  #held = null;

  connectedCallback() {
    if (this.#ended || !this.querySelector('[data-part="data"]')) return;
    this.#ended = new AbortController();
    this.signal = this.#ended.signal;
    this.bridge = globalThis.stage10Labs;
    const data = JSON.parse(this.querySelector('[data-part="data"]').content.textContent);
    this.spec = data.spec;
    this.tasks = data.tasks;
    /** The frame that is shown: painted at build (no arrays), later computed. */
    this.shown = data.frame;
    this.frame = null;
    this.staticTexts = {};
    this.inSight = null;
    this.undo = new Undo(this);
    this.#start();
  }

  disconnectedCallback() {
    this.#ended?.abort();
    this.#ended = null;
    Object.values(this.#timers).forEach(clearTimeout);
    this.#listeners.clear();
    this.bridge?.stop();
  }

  #start() {
    const { params, messages, given } = fromQuery(this.spec, location.search);
    this.params = params;
    this.querySelectorAll(".lab button:disabled, .lab input:disabled, fieldset:disabled").forEach((part) => {
      // A view of the lab's own comes later and enables its buttons itself: until then nothing would hear them.
      if (!["stop", "download"].includes(part.dataset.action) && !part.closest(`[data-part="own-view"], ${LATER}`)) part.disabled = false;
    });
    syncControls(this, this.spec, this.params);
    [mountControls, mountActions, mountOwnView, mountUndo, mountScenes].forEach(
      (mount) => this.#mount(mount));
    this.#mountLater();
    markOwn(this);
    addEventListener("storage", ({ key }) => key === `${PREFIX}inputs:${this.spec.slug}` && this.#takeOver(), { signal: this.signal });
    if (!storageWorks()) messages.push("Your browser keeps no data for this site, so progress, edits and pasted text last only until you leave the page.");
    if (messages.length) this.announce(messages.join(" "));
    this.firstMessages = [...messages, ...(this.firstMessages || [])];
    mountBoot(this, given);
  }

  /** A part that cannot start is said; the others work. */
  #mount(mount) {
    try {
      mount(this);
    } catch (error) {
      this.remark(`A part of this lab could not be started (${error.message}); the rest works.`);
    }
  }

  async #mountLater() {
    try {
      const { mounts } = await import("./later.js");
      if (this.signal.aborted) return;
      this.querySelectorAll(LATER).forEach((part) => [part, ...part.querySelectorAll("button, input")].forEach((field) => (field.disabled = false)));
      mounts.forEach((mount) => this.#mount(mount));
    } catch {
      this.remark("Predictions, challenges, code and progress could not be loaded. Reload the page to try again.");
    }
    this.classList.add("is-awake");
  }

  /** Another tab changed what the reader made in this lab: both show the same, so that neither writes over the other. */
  #takeOver() {
    const kept = { ...ownOf(this.spec, defaultsOf(this.spec)), ...keptInputs(this.spec) };
    if (JSON.stringify(kept) === JSON.stringify(ownOf(this.spec, this.params))) return;
    this.remark("Another tab changed what you made in this lab; this one follows.");
    this.setParams(kept, { mine: false });
  }

  /** Functions of which the worker runs the reader's version, as it was when it was taken: the worker's truth. */
  get edited() {
    return this.bridge.edits;
  }

  /** A sentence that is said together with the next result. */
  remark(text) {
    this.firstMessages = [...(this.firstMessages || []), text];
    this.announce(text);
  }

  /** States of interfaces.md: static, booting, ready, running, error. */
  set state(name) {
    if (this.dataset.state !== name) this.dataset.state = name;
    this.querySelector('[data-action="stop"]').disabled = name !== "running";
    this.querySelector('[data-action="retry"]').hidden = name !== "error";
  }

  get state() {
    return this.dataset.state;
  }

  /** Says one or more sentences in the lab's live region. */
  announce(text) {
    clearTimeout(this.#timers.rest); // what waited for a slider to rest is older than this
    const place = this.querySelector('[data-part="status"]');
    if (place.textContent !== text) place.textContent = text;
  }

  /** Calls the listener with the frame that is shown, if it was computed here, and after each redraw. @returns {() => void} */
  subscribe(listener) {
    this.#listeners.add(listener);
    if (this.frame) listener(this.frame);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Moves settings and asks for their frame. What the reader made (text, files, picks) stays, unless the changes name it.
   * @param {Record<string, any>} changes
   * @param {{run?: boolean, gesture?: string | null, over?: "current" | "defaults", why?: string, mine?: boolean}} [options]
   *   run: with the run switch on; gesture: requests of one drag share it; over: what the changes lie over; why: the
   *   action's name, so that it can be undone; mine: false where the reader did not type or pick the values.
   */
  setParams(changes, { run = false, gesture = null, over = "current", why = "", mine = !why } = {}) {
    this.isTouched = true;
    const before = this.params;
    const next = over === "defaults" ? { ...defaultsOf(this.spec), ...ownOf(this.spec, before) } : { ...before };
    for (const param of this.spec.params) {
      if (param.name in changes) next[param.name] = clean(param, changes[param.name]).value;
    }
    this.params = settle(this.spec, next);
    const replaced = this.spec.params.filter(({ name }) => name !== "train" && JSON.stringify(before[name]) !== JSON.stringify(this.params[name]));
    if (why && replaced.length) {
      this.undo.push({ why, params: Object.fromEntries(replaced.map(({ name }) => [name, before[name]])) });
      const own = replaced.filter((p) => !isLinked(p)).map(({ label }) => label);
      if (own.length) this.remark(`\u201cUndo\u201d brings back what you had in ${own.join(" and ")}.`);
    }
    syncControls(this, this.spec, this.params);
    markOwn(this);
    if (mine) keepInputs(this.spec, before, this.params);
    this.dispatchEvent(new CustomEvent("lab-moved"));
    this.classList.toggle("is-dragged", gesture !== null);
    clearTimeout(this.#timers.address);
    this.#timers.address = setTimeout(() => showInAddress(this.spec, this.params), ADDRESS_DELAY);
    return this.compute({ run, gesture });
  }

  /**
   * Asks for the frame of the current settings.
   * @returns {Promise<any>} the final frame; null when it was stopped, overtaken or failed
   */
  compute({ run = false, gesture = null, silence } = {}) {
    const params = { ...this.params, ...("train" in this.params ? { train: run } : {}) };
    this.dispatchEvent(new CustomEvent("lab-asked", { detail: { run } }));
    this.state = this.bridge.booted ? "running" : "booting";
    if (!this.bridge.booted) this.announce("Starting Python in your browser; your setting follows as soon as it runs.");
    const files = (this.spec.data_files || []).map(({ name, sha256, later }) => ({
      name, later, url: new URL(`../data/labs/files/${name}`, this.bridge.base.replace(/runtime\/$/, "")).href, integrity: integrityOf(sha256) }));
    return new Promise((resolve) => {
      this.bridge.request(
        { slug: this.spec.slug, params, gesture, files, frames: run ? RUN_FRAMES : 0, silence: silence ?? (this.edited.size ? this.bridge.settings.editedSilence : undefined) },
        {
          frame: (frame) => {
            const draw = () => {
              const drawn = this.#tryShow(frame);
              if (frame.final || !drawn) resolve(drawn ? frame : null);
            };
            if (this.#held && !run) this.#held.push(draw);
            else if (!run || !this.pace?.(frame, draw, () => resolve(null))) draw();
          },
          done: (stopped) => {
            if (stopped && !this.bridge.busy) this.#settled("Stopped. The lab shows the last step that was finished.");
            else if (!this.bridge.busy) this.#settled();
            resolve(null);
          },
          overtaken: () => resolve(null),
          failed: (failure) => {
            this.fail(failure);
            resolve(null);
          },
        },
      );
    });
  }

  #settled(sentence) {
    if (this.signal.aborted) return;
    if (this.state !== "error") this.state = "ready";
    if (sentence) this.announce(sentence);
  }

  /** One plain sentence, and a way on: the retry button shows. */
  fail(failure) {
    if (this.signal.aborted) return;
    this.state = "error";
    const way = failure.yours ? "Change it, or put ours back." : ["stopped", "fresh"].includes(failure.kind) ? "" : "Nothing is lost: your settings are kept.";
    this.announce(`${failure.message} ${way}`.trim());
    this.dispatchEvent(new CustomEvent("lab-failed", { detail: failure }));
    if (["stopped", "fresh"].includes(failure.kind)) this.state = "ready";
  }

  /** A frame that cannot be drawn (edited code may give any shape) is a sentence, not a lab that hangs. */
  #tryShow(frame) {
    try {
      this.#show(frame);
      return true;
    } catch (error) {
      const yours = [...this.edited.keys()].map((name) => name.split(":")[1]).join(", ");
      const whose = yours ? `With your version of ${yours} the result` : "This result";
      this.fail({ kind: "drawing", message: `${whose} cannot be drawn (${error.message}).`, yours });
      return false;
    }
  }

  #show(frame) {
    if (this.signal.aborted) return;
    for (const [name, text] of Object.entries(frame.texts)) if (name.startsWith("static:")) this.staticTexts[name] = text;
    frame.texts = { ...this.staticTexts, ...frame.texts };
    // With reduced motion a run moves in steps about a second apart instead of flowing.
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!frame.final && calm && performance.now() - this.#lastDrawn < STEP_DELAY) return;
    this.#lastDrawn = performance.now();
    this.frame = frame;
    this.shown = frame;
    syncOutputs(this, this.spec, frame);
    syncCharts(this, this.spec, frame, false, this.classList.contains("is-dragged") ? this.inSight : null);
    clearTimeout(this.#timers.tables);
    this.#timers.tables = setTimeout(() => this.refreshTables(), TABLE_DELAY);
    this.dataset.params = JSON.stringify(frame.params);
    if (frame.final) {
      this.state = "ready";
      this.#rested(() => this.#sayStatus(frame));
    } else if (this.state !== "running") this.state = "running";
    this.#listeners.forEach((listener) => listener(frame));
    this.dispatchEvent(new CustomEvent("lab-frame", { detail: { params: frame.params, final: frame.final }, bubbles: true }));
  }

  /** Keeps computed frames back while something recorded plays. @returns {() => void} lets them go */
  hold() {
    this.#held = [];
    return () => {
      const held = this.#held || [];
      this.#held = null;
      if (held.length) held.forEach((draw) => draw());
      else if (this.frame) this.peek(this.frame);
    };
  }

  /** Draws a frame of a run that is over; settings and state stay. */
  peek(frame) {
    if (this.signal.aborted) return;
    syncOutputs(this, this.spec, frame);
    syncCharts(this, this.spec, frame, false);
    this.#listeners.forEach((listener) => listener({ ...frame, progress: { done: 0, total: 0 }, final: true }));
  }

  refreshTables() {
    if (this.frame && !this.signal.aborted) syncCharts(this, this.spec, this.frame, true);
  }

  /** Does something once a dragged slider rests, and at once where none is dragged. */
  #rested(act) {
    clearTimeout(this.#timers.rest);
    if (this.classList.contains("is-dragged")) this.#timers.rest = setTimeout(act, REST);
    else act();
  }

  /** Repairs of a link are said once more with the first result, since it would else wipe them away. */
  #sayStatus(frame) {
    const first = this.firstMessages || [];
    this.firstMessages = null;
    const findings = frame.errors.map((error) => error.message);
    const unsaved = somethingUnsaved() ? ["Your browser did not keep what you made here: it lasts until you leave the page. Save a file of it under \u201cYour progress\u201d."] : [];
    const said = [...first, ...findings, ...unsaved];
    this.announce([...said, ...(said.length ? [] : [frame.texts.status || ""])].join(" "));
  }

  /** What a lab's own view (SPEC.view, a file in ../views) gets as the second argument of its mount. */
  viewApi() {
    const lab = this;
    return {
      spec: lab.spec,
      get frame() { return lab.frame; },
      get params() { return { ...lab.params }; },
      setParams: (changes, options) => lab.setParams(changes, options),
      subscribe: (listener) => lab.subscribe(listener),
      announce: (text) => lab.announce(text),
      chart: (chart, frame) => drawFigure(chart, frame, lab.spec),
      html, raw, setHtml,
    };
  }
}

/** The form in which fetch checks a hash. */
function integrityOf(hex) {
  return `sha256-${btoa(String.fromCharCode(...hex.match(/../g).map((pair) => parseInt(pair, 16))))}`;
}
