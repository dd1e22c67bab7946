/** Train: the reader's rows, the live loss, the estimate, stop and go on, and the two files to keep. */

import { percent } from "./columns.js";

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

export class Training {
  constructor(page, parse) {
    this.page = page;
    this.parse = parse;
    this.losses = [];
    page.on(page.part("train"), "click", () => this.start(false));
    page.on(page.part("go-on"), "click", () => this.start(true));
    page.on(page.part("file"), "change", async ({ target }) => {
      page.part("own-rows").value = await target.files[0].text();
    });
    page.on(page.part("download"), "click", () => this.download());
  }

  async start(again) {
    const { page } = this;
    const { rows, faults } = this.parse(page.part("own-rows").value);
    if (faults.length || !rows.length) return page.say(faults[0] ?? "Write some rows first, one a line: the question, then =>, then the answer.");
    const value = (name) => Number(page.part(name).value);
    const settings = { rate: value("rate"), steps: value("steps"), rank: value("train-rank") };
    if (again) settings.steps -= this.losses.length;
    else this.losses = [];
    this.steps = again ? this.steps : settings.steps;
    page.stopped = false;
    page.say("The first step is under way; then this page can say how long the rest takes.", "working");
    try {
      const { stopped } = await page.request({ type: "learn", rows: again ? null : rows, settings }, "learnt", { step: (told) => this.#stepped(told) });
      page.part("download").hidden = false;
      page.part("go-on").hidden = !stopped || this.losses.length >= this.steps;
      page.addOwn("yours", "Your own, trained here", settings.rank);
      page.say(`${stopped ? "Stopped" : "Done"} after ${this.losses.length} steps. Your adapter is laid over the tuned model: ask it something.`, "ready");
    } catch (error) {
      page.say(error.message, page.alive ? "ready" : "error");
    }
    return undefined;
  }

  #stepped({ loss, seconds }) {
    this.losses.push(loss);
    const left = this.steps - this.losses.length;
    this.page.part("line").setAttribute("points", linePoints(this.losses, this.steps));
    this.page.part("loss").textContent = `Loss ${loss.toFixed(3)} at step ${this.losses.length} of ${this.steps}; a right token is given ${percent(Math.exp(-loss))} on average.`;
    this.page.say(left ? `About ${lasting(left * seconds)} left, at ${seconds.toFixed(1)} seconds a step.` : "The last step is done.", "working");
  }

  async download() {
    const { weights, config } = await this.page.request({ type: "files", name: "yours" }, "files");
    for (const [name, content] of [["adapter_model.safetensors", weights], ["adapter_config.json", config]]) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([content]));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }
  }
}
