/**
 * <real-model>: a chat model in the tab, base and tuned side by side, and a training of the reader's own rows.
 *
 * The page stands painted with recorded answers (overrides/hooks/real_model.py). Nothing is fetched before the reader
 * asks for it. All of the work is the worker's; here are the controls, the two columns and the sentences.
 */

import { forget, keptBytes } from "./fetching.js";
import { parseRows, taken } from "./rows.js";
import { Columns } from "./columns.js";
import { Training } from "./training.js";
import { startWorker } from "../start_worker.js";

/* global RUNTIME_MANIFEST, REAL_WORKER, BLOCKS_FILE: put in by overrides/build/bundle.mjs */
const here = new URL(".", import.meta.url);
const LONGEST = 120;
/** Pixels of the screen that the question and an answer's first lines need. */
const ANSWER_IN_SIGHT = 200;
/** Below this the model and Python would crowd out the rest (navigator.deviceMemory counts in GB, at most 8). */
const LEAST_MEMORY = 4;
/** A worker that works tells so every two seconds; after this many silent rounds of five it is taken for dead. */
const SILENT_ROUNDS = 4;
const ROUND_MS = 5000;

export class RealModel extends HTMLElement {
  #worker = null;
  #waiting = new Map();
  #listeners = new Map();
  #lastId = 0;
  #shown = "";
  #silent = 0;
  #left = null;

  connectedCallback() {
    if (this.ended || !this.querySelector('[data-part="data"]')) return;
    this.ended = new AbortController();
    this.record = JSON.parse(this.querySelector('[data-part="data"]').content.textContent);
    this.dataBase = new URL("../../data/real-model/", here).href;
    this.folder = new URL("../real-model/", here).href;
    this.columns = new Columns(this);
    this.part("controls").hidden = false;
    this.part("without").hidden = true;
    this.on(this.part("fetch"), "click", () => this.load());
    this.on(this.part("forget"), "click", () => this.#forget());
    this.on(this.part("ask"), "click", () => this.askOwn());
    for (const name of ["stop", "stop-training"]) this.on(this.part(name), "click", () => this.stop());
    this.on(this.part("rows"), "change", () => this.#showRow());
    this.on(this.part("next"), "click", () => this.#askRow());
    this.on(this.part("all"), "click", () => this.#askAll());
    this.on(this.part("adapter"), "change", () => this.#chosen());
    this.on(this.part("peft"), "change", ({ target }) => this.#dropIn(taken(target)));
    for (const name of ["strength", "rank", "lowest", "highest"]) {
      this.on(this.part(name), "input", () => this.#sayLevels());
      this.on(this.part(name), "change", () => this.#sayLevels());
    }
    this.part("questions").querySelectorAll("button").forEach((button) => this.on(button, "click", () => this.ask([{ role: "user", content: button.textContent }])));
    this.training = new Training(this, parseRows);
    this.tally = { base: [0, 0], tuned: [0, 0] };
    this.#chosen();
    this.#greet();
    const watch = setInterval(() => this.#watch(), ROUND_MS);
    this.ended.signal.addEventListener("abort", () => clearInterval(watch));
  }

  /** A worker that was ended from outside says nothing at all. */
  #watch() {
    if (this.dataset.state !== "working" || !this.#worker) this.#silent = 0;
    else if ((this.#silent += 1) > SILENT_ROUNDS) this.#died();
  }

  disconnectedCallback() {
    this.ended?.abort();
    this.ended = null;
    this.#worker?.terminate();
    this.#worker = null;
  }

  part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  on(target, kind, handle) {
    target.addEventListener(kind, handle, { signal: this.ended.signal });
  }

  say(sentence, state = this.dataset.state) {
    this.part("status").textContent = sentence;
    this.dataset.state = state;
    const ready = state === "ready";
    const focused = this.contains(document.activeElement) ? document.activeElement : null;
    this.querySelectorAll("[data-needs=model]").forEach((control) => (control.disabled = !ready));
    this.querySelectorAll("[data-needs=work]").forEach((control) => (control.disabled = state !== "working"));
    this.part("fetch").hidden = state !== "static" && state !== "error";
    this.#keepFocus(focused);
  }

  /** A reader who goes by keys stays in place: at Stop while a pressed button rests, back at that button afterwards. */
  #keepFocus(focused) {
    const usable = (control) => control && !control.disabled && control.getClientRects().length > 0;
    const waiting = [this.part("stop"), this.part("stop-training"), this.part("status")];
    if (!focused || (usable(focused) && !waiting.includes(focused))) return;
    if (!waiting.includes(focused)) this.#left = focused;
    const stop = this.part(this.#left?.closest(".rm-train") ? "stop-training" : "stop");
    const free = !["working", "loading"].includes(this.dataset.state);
    const back = free && [this.#left, this.part("fetch"), this.part("next"), this.part("own")].find(usable);
    (back || [stop, this.part("status")].find(usable)).focus({ preventScroll: true });
  }

  /** What this browser has, before anything is fetched. */
  async #greet() {
    const memory = navigator.deviceMemory;
    if (!globalThis.WebAssembly) return this.say("This browser lacks what the model needs; the recorded answers stand below.", "off");
    try {
      const answer = await fetch(`${this.folder}parts.json`);
      if (!answer.ok) throw new Error();
      this.parts = await answer.json();
    } catch {
      return this.say("The list of the model's files could not be fetched. Load the page again to try once more.", "off");
    }
    if (this.parts.missing) return this.say(`This copy of the site was built without the model (${this.parts.missing}). The recorded answers stand below.`, "off");
    const files = this.parts.parts.flat().map((file) => ({ ...file, url: `${this.folder}${file.name}` }));
    this.megabytes = Math.round(this.parts.bytes / 1e6);
    const held = await keptBytes(files);
    this.part("forget").hidden = !held;
    this.part("fetch").textContent = held >= this.parts.bytes ? "Start the model (already here)" : `Fetch the model (${this.megabytes - Math.round(held / 1e6)} MB)`;
    if (memory && memory < LEAST_MEMORY) return this.say(`This device says that it has ${memory} GB of memory. The model needs half a gigabyte beside the browser, so the recorded answers may be the better choice here.`, "static");
    const thrifty = navigator.connection?.saveData ? " Your browser asks sites to save data." : "";
    return this.say(`Nothing has been fetched yet.${thrifty} Until then the answers below are recorded ones.`, "static");
  }

  async load() {
    this.say("Starting Python, and fetching the model …", "loading");
    this.part("progress").hidden = false;
    this.#worker = startWorker(new URL(REAL_WORKER, here).href);
    this.#worker.onmessage = ({ data }) => this.#heard(data);
    this.#worker.onerror = () => this.#died();
    const { tokenizer, check } = this.record;
    this.send({
      type: "load", base: new URL("../runtime/", here).href, manifest: RUNTIME_MANIFEST, parts: this.parts, folder: this.folder,
      kernelFile: new URL(BLOCKS_FILE, here).href, check,
      tokenizer: { ...tokenizer, url: new URL(`../../data/labs/files/${tokenizer.name}`, here).href },
    });
  }

  #died() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#silent = 0;
    const own = this.kept ? `, and so are your rows and your adapter as it was after step ${this.kept.step}` : ", and so are your rows";
    const sentence = `The model stopped working. Start it again; what was fetched is kept${own}.`;
    this.say(sentence, "error");
    for (const { reject } of this.#waiting.values()) reject(new Error(sentence));
    this.#waiting.clear();
    this.#forgetAdapters();
    this.part("fetch").textContent = "Start the model again";
  }

  /** Adapters lived in the worker that is gone: those of the site are fetched again, a reader's own are no more. */
  #forgetAdapters() {
    for (const adapter of this.record.adapters) adapter.here = false;
    for (const option of [...this.part("adapter").options]) if (option.value in (this.ownRanks ?? {})) option.remove();
    for (const name of ["download", "go-on"]) this.part(name).hidden = true;
    this.#chosen();
  }

  /** Whether there is a model to ask. */
  get alive() {
    return this.#worker !== null;
  }

  send(message, transfer = []) {
    this.#worker.postMessage(message, transfer);
  }

  /** Sends a message and waits for the answer of a type; "failed" rejects. */
  request(message, answer, listen = {}) {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(answer, { resolve, reject, at: message.type });
      this.#listeners = new Map(Object.entries(listen));
      this.send({ ...message, id });
    });
  }

  #heard(data) {
    this.#silent = 0;
    if (data.type === "progress") {
      this.part("progress").value = data.loaded / data.total;
      if (data.waits) return this.say("Another tab is fetching the model; this one takes its files as they come.", "loading");
      return this.say(`${Math.round(data.loaded / 1e6)} of ${Math.round(data.total / 1e6)} MB are here.`, "loading");
    }
    if (data.type === "loaded") return this.#loaded(data);
    if (data.type === "failed") {
      const [kind, waiting] = [...this.#waiting].find(([, { at }]) => at === data.at) ?? [];
      if (!waiting) {
        this.part("progress").hidden = true;
        this.#worker?.terminate();
        this.#worker = null;
        return this.say(data.message, "error");
      }
      this.#waiting.delete(kind);
      return waiting.reject(new Error(data.message));
    }
    this.#listeners.get(data.type)?.(data);
    const waiting = this.#waiting.get(data.type);
    if (!waiting) return undefined;
    this.#waiting.delete(data.type);
    return waiting.resolve(data);
  }

  async #loaded({ keeps, megabytes }) {
    this.part("progress").hidden = true;
    this.part("forget").hidden = !keeps;
    const kept = keeps ? "The browser keeps its files for the next visit." : "The browser did not keep its files, so the next visit fetches them again.";
    this.say(`The model is here, and its first answer is the stored one, token by token. It takes ${megabytes} MB of memory. ${kept} Ask both a held-out row, or a question of your own.`, "ready");
    this.#shown = "";
    if (this.kept) await this.training.bringBack();
  }

  async #forget() {
    await forget();
    this.part("forget").hidden = true;
    if (this.dataset.state === "static") return this.#greet();
    return this.say(`${this.part("status").textContent} Its files are no longer kept.`);
  }

  stop() {
    this.stopped = true;
    this.send({ type: "stop" });
  }

  // the adapter

  #sayLevels() {
    this.part("strength-said").textContent = Number(this.part("strength").value).toFixed(1);
    for (const level of ["rank", "lowest", "highest"]) this.part(`${level}-said`).textContent = this.part(level).value;
  }

  #adapter() {
    return this.record.adapters.find(({ name }) => name === this.part("adapter").value);
  }

  #chosen() {
    const chosen = this.#adapter();
    const rank = chosen?.rank ?? this.ownRanks?.[this.part("adapter").value] ?? 1;
    this.part("rank").max = rank;
    this.part("rank").value = rank;
    this.#sayLevels();
    const task = this.record.tasks[chosen?.task];
    this.part("tasks").hidden = !task;
    this.tally = { base: [0, 0], tuned: [0, 0] };
    this.#sayTally();
    if (!task) return;
    this.part("rows").innerHTML = "";
    task.rows.forEach((row, place) => this.part("rows").add(new Option(`${place + 1}. ${row.user}`, place)));
    this.#showRow();
  }

  #showRow() {
    const row = this.#row();
    this.part("wanted").textContent = row ? row.target : "";
  }

  #row() {
    return this.record.tasks[this.#adapter()?.task]?.rows[this.part("rows").value];
  }

  addOwn(name, title, rank) {
    this.ownRanks = { ...this.ownRanks, [name]: rank };
    const select = this.part("adapter");
    if (![...select.options].some(({ value }) => value === name)) select.add(new Option(title, name));
    select.value = name;
    this.#shown = "";
    this.#chosen();
  }

  async #dropIn(files) {
    const [weights, config] = ["safetensors", "json"].map((end) => [...files].find(({ name }) => name.endsWith(end)));
    if (!weights || !config) return this.say("Choose both files of an adapter: adapter_model.safetensors and adapter_config.json.");
    const content = await weights.arrayBuffer();
    try {
      const { rank } = await this.request({ type: "peft", name: "dropped", content, config: await config.text() }, "adapter");
      this.addOwn("dropped", weights.name, rank);
      this.say(`The adapter of ${weights.name} fits: rank ${rank}.`);
    } catch (error) {
      this.say(error.message);
    }
    return undefined;
  }

  /** Lays the chosen adapter over the tuned model, when something about it has changed. */
  async lay() {
    const name = this.part("adapter").value;
    const [strength, rank, ...layers] = ["strength", "rank", "lowest", "highest"].map((level) => Number(this.part(level).value));
    const wanted = `${name} ${strength} ${rank} ${layers}`;
    if (wanted === this.#shown) return;
    const chosen = this.#adapter();
    if (chosen && !chosen.here) {
      const files = chosen.files.map((file) => ({ ...file, url: `${this.dataBase}${file.name}` }));
      await this.request({ type: "adapter", name, files }, "adapter");
      chosen.here = true;
    }
    await this.request({ type: "lay", name, strength, rank, layers }, "laid");
    this.#shown = wanted;
  }

  // asking

  askOwn() {
    const content = this.part("own").value.trim();
    if (!content) return this.say("Write a question first.");
    const task = this.record.tasks[this.#adapter()?.task];
    const system = this.part("as-task").checked && task ? [{ role: "system", content: task.system }] : [];
    return this.ask([...system, { role: "user", content }]);
  }

  /** Both models answer a chat, token by token. @returns their texts, or null when that failed */
  async ask(turns) {
    const before = this.part("status").textContent;
    this.stopped = false;
    this.say("Reading the prompt …", "working");
    this.columns.begin(turns);
    this.part("tuned-name").textContent = this.part("adapter").value ? this.part("adapter").selectedOptions[0].text : "no adapter";
    this.#showAnswers();
    try {
      await this.lay();
      const quick = this.part("quick").checked;
      const message = { type: "ask", turns, longest: LONGEST, writers: ["base", "tuned"], quick };
      const { speed } = await this.request(message, "told", { token: (told) => this.columns.add(told) });
      const texts = this.columns.end(this.stopped);
      this.say(speed ? `${speed.toFixed(1)} tokens a second${quick ? "" : ", in float32"}, both models together on one thread.` : before, "ready");
      return texts;
    } catch (error) {
      this.say(error.message, this.alive ? "ready" : "error");
      return null;
    }
  }

  /** On a small screen the answers begin below the last control: then they come into sight. */
  #showAnswers() {
    const asked = this.part("asked");
    if (asked.getBoundingClientRect().top > innerHeight - ANSWER_IN_SIGHT) asked.scrollIntoView();
  }

  async #askRow() {
    const row = this.#row();
    const { task } = this.#adapter();
    const turns = [{ role: "system", content: this.record.tasks[task].system }, { role: "user", content: row.user }];
    const texts = await this.ask(turns);
    if (!texts || this.stopped) return false;
    for (const writer of ["base", "tuned"]) {
      const { right } = await this.request({ type: "right", task, text: texts[writer], target: row.target }, "right");
      this.columns.mark(writer, right);
      this.tally[writer][0] += right;
      this.tally[writer][1] += 1;
    }
    this.#sayTally();
    const rows = this.part("rows");
    rows.selectedIndex = (rows.selectedIndex + 1) % rows.options.length;
    this.#showRow();
    return true;
  }

  async #askAll() {
    this.tally = { base: [0, 0], tuned: [0, 0] };
    this.part("rows").selectedIndex = 0;
    for (let left = this.part("rows").options.length; left > 0; left -= 1) if (!(await this.#askRow())) return;
  }

  #sayTally() {
    const said = (writer) => `${this.tally[writer][0]} of ${this.tally[writer][1]}`;
    this.part("tally").textContent = this.tally.base[1] ? `Right so far: base ${said("base")}, tuned ${said("tuned")}.` : "";
  }
}

if (!customElements.get("real-model")) customElements.define("real-model", RealModel);
