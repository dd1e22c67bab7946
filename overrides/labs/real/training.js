/** Train: the reader's rows, the live loss, the estimate, stop and go on, what was forgotten, the two files to keep. */

import { percent } from "./columns.js";
import { taken } from "./rows.js";

const WIDTH = 320;
const HEIGHT = 90;

/** Points of a line through the losses, for a polyline. */
export function linePoints(losses, steps) {
  const most = Math.max(...losses, 1e-6);
  return losses.map((loss, place) => `${((place / Math.max(1, steps - 1)) * WIDTH).toFixed(1)},${(HEIGHT - (loss / most) * HEIGHT).toFixed(1)}`).join(" ");
}

/** Seconds as people say them. */
export function lasting(seconds) {
  if (seconds < 1.5) return "a second";
  return seconds < 90 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`;
}

/** Nats by which the loss on general text may rise: the margin of the gate in training/run/settings.py. */
export const MARGIN = 0.05;

/** What a model does on general questions, text and held-out rows, before and after, in sentences. */
export function verdict(before, after) {
  const right = (list) => list.filter(([, isRight]) => isRight).length;
  const rise = after.loss - before.loss;
  const held = after.held.length ? [`Of ${after.held.length} rows that were not learnt the base model answers ${right(before.held)} word for word, yours ${right(after.held)}.`] : [];
  const lost = right(before.general) - right(after.general);
  const within = rise <= MARGIN && lost <= 0;
  return [
    ...held,
    `Of ${after.general.length} questions of general knowledge the base model has ${right(before.general)} right, yours ${right(after.general)}.`,
    `On a passage of general text the loss goes from ${before.loss.toFixed(3)} to ${after.loss.toFixed(3)} nats a token: ${Math.abs(rise).toFixed(3)} ${rise > 0 ? "worse" : "better"}.`,
    within
      ? `That is within the gate's margin of ${MARGIN} nats.`
      : `The gate allows ${MARGIN} nats and no question lost, so it would hold this adapter back: fewer steps, a lower learning rate or more general text help.`,
  ].join(" ");
}

export class Training {
  constructor(page, parse) {
    this.page = page;
    this.parse = parse;
    this.losses = [];
    page.on(page.part("train"), "click", () => this.start(false));
    page.on(page.part("go-on"), "click", () => this.start(true));
    page.on(page.part("measure"), "click", () => this.measure());
    page.on(page.part("file"), "change", async ({ target }) => {
      page.part("own-rows").value = await taken(target)[0].text();
    });
    page.on(page.part("download"), "click", () => this.download());
    page.on(document, "visibilitychange", () => this.#seen());
  }

  /** The reader's rows, and with them, where wanted, general text and ordinary questions with the base model's answers. */
  #rows() {
    const found = this.parse(this.page.part("own-rows").value);
    const { replay, chats } = this.page.record.general;
    const mixed = [...replay.map((text) => ({ text })), ...chats.map((messages) => ({ messages }))];
    return { ...found, all: this.page.part("mix").checked ? [...found.rows, ...mixed] : found.rows };
  }

  async start(again) {
    const { page } = this;
    const { rows, faults, all } = this.#rows();
    if (faults.length || !rows.length) return page.say(faults[0] ?? "Write some rows first, one a line: the question, then =>, then the answer.");
    const value = (name) => Number(page.part(name).value);
    const settings = { rate: value("rate"), steps: value("steps"), rank: value("train-rank") };
    if (again) settings.steps = this.steps - this.losses.length;
    else {
      this.losses = [];
      this.steps = settings.steps;
    }
    const anew = !again || this.broughtBack;
    if (again && anew) settings.from = "yours";
    this.broughtBack = false;
    page.stopped = false;
    page.say("The first step is under way; then this page can say how long the rest takes.", "working");
    try {
      const listen = { step: (told) => this.#stepped(told), files: (told) => this.#keep(told) };
      const { stopped } = await page.request({ type: "learn", rows: anew ? all : null, settings }, "learnt", listen);
      this.#offer(settings.rank, stopped);
      page.say(`${stopped ? "Stopped" : "Done"} after ${this.losses.length} steps. Your adapter is laid over the tuned model: ask it something.`, "ready");
      if (!stopped) await this.measure();
    } catch (error) {
      page.say(error.message, page.alive ? "ready" : "error");
    }
    return undefined;
  }

  #offer(rank, more) {
    const { page } = this;
    for (const name of ["download", "measure"]) page.part(name).hidden = false;
    page.part("go-on").hidden = !more || this.losses.length >= this.steps;
    page.addOwn("yours", "Your own, trained here", rank);
  }

  /** The adapter as it is now, in case that the worker ends. */
  #keep({ weights, config }) {
    this.page.kept = { weights, config, step: this.losses.length, rank: JSON.parse(config).r };
  }

  /** After a new start: the adapter that was kept is there again, and can be trained further. */
  async bringBack() {
    const { page } = this;
    const { weights, config, step, rank } = page.kept;
    await page.request({ type: "peft", name: "yours", content: weights, config }, "adapter");
    this.losses.length = Math.min(step, this.losses.length);
    this.broughtBack = true;
    this.#offer(rank, true);
    page.say(`The model is here again, and so is your adapter as it was after step ${step}.`, "ready");
  }

  #stepped({ loss, seconds }) {
    this.losses.push(loss);
    const left = this.steps - this.losses.length;
    this.page.part("line").setAttribute("points", linePoints(this.losses, this.steps));
    this.page.part("loss").textContent = `Loss ${loss.toFixed(3)} at step ${this.losses.length} of ${this.steps}; a right token is given ${percent(Math.exp(-loss))} on average.`;
    this.page.say(left ? `About ${lasting(left * seconds)} left, at ${seconds.toFixed(1)} seconds a step.` : "The last step is done.", "working");
  }

  /** A training goes on while its tab is hidden; what happened meanwhile is said. */
  #seen() {
    if (this.page.dataset.state !== "working") return;
    if (document.hidden) this.hiddenAt = this.losses.length;
    else if (this.losses.length > this.hiddenAt) this.page.say(`It went on while the tab was hidden: ${this.losses.length - this.hiddenAt} steps more.`);
  }

  /** What the adapter does beside the rows that it learnt, and what the base model does there. */
  async measure() {
    const { page } = this;
    const { rows, faults } = this.parse(page.part("held-rows").value);
    if (faults.length) return page.say(`Rows to test on. ${faults[0]}`);
    const asked = { ...page.record.general, held: rows.map(({ messages }) => messages) };
    const before = page.part("status").textContent;
    const ask = async (writer) => {
      page.say(`Asking ${writer === "base" ? "the base model" : "your model"} ${asked.questions.length + rows.length} questions and reading a passage of general text …`, "working");
      return (await page.request({ type: "measure", writer, asked }, "measured")).found;
    };
    try {
      await page.lay();
      const found = [await ask("base"), await ask("tuned")];
      if (found.every(Boolean)) page.part("forgot").textContent = verdict(...found);
      page.say(before, "ready");
    } catch (error) {
      page.say(error.message, page.alive ? "ready" : "error");
    }
    return undefined;
  }

  download() {
    const { weights, config } = this.page.kept;
    for (const [name, content] of [["adapter_model.safetensors", weights], ["adapter_config.json", config]]) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([content]));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }
  }
}
