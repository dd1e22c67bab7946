// <run-explorer>: filters, gain against regression, and chosen runs side by side. The address holds the whole state.
const FILTERS = { task: "Task", method: "Method", size: "Model" };
const MOST = 6; // colours
const EVERY = "All";

/** An element with properties, children and, for SVG, attributes. */
function make(tag, props = {}, ...children) {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A number with its sign: points to a tenth, others to three digits. */
function signed(value, unit) {
  const text = unit === "points" ? value.toFixed(1) : Number(value.toPrecision(3)).toString();
  return (value > 0 ? "+" : "") + text.replace("-", "\u2212");
}

function said(figure) {
  if (!figure) return "not measured";
  const ends = figure.low === null ? "" : ` (95% interval ${signed(figure.low, figure.unit)} to ${signed(figure.high, figure.unit)})`;
  return `${signed(figure.value, figure.unit)} ${figure.unit}${ends}`;
}

/** A setting's name with places where a narrow column may break it. */
function breakable(word) {
  return word.split(/(?<=[._])/).flatMap((part) => [part, make("wbr")]);
}

/** Round steps that cover a range, five or so. */
function ticks(low, high) {
  const rough = (high - low || 1) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + step / 1e6; i++) found.push(Number((i * step).toPrecision(6)));
  return found;
}

/** Axes of a chart: places for both quantities, and the SVG with grid, ticks and titles. */
function axes(width, label, xs, ys, xTitle, yTitle) {
  const box = { left: 46, right: 14, top: 26, bottom: 40, height: 300 };
  const range = (values) => {
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const pad = (high - low || 1) * 0.05;
    return [low - pad, high + pad];
  };
  const [x0, x1] = range(xs), [y0, y1] = range(ys);
  const x = (v) => box.left + ((v - x0) / (x1 - x0)) * (width - box.left - box.right);
  const y = (v) => box.height - box.bottom - ((v - y0) / (y1 - y0)) * (box.height - box.top - box.bottom);
  const floor = box.height - box.bottom;
  const svg = draw("svg", { class: "lab-svg", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${box.height}` });
  const line = (d, name) => draw("path", { class: name, d });
  const text = (at, words, anchor = "middle") => draw("text", { x: at[0], y: at[1], "text-anchor": anchor }, words);
  const grid = draw("g", { class: "lab-grid" }), marks = draw("g", { class: "lab-ticks" }), titles = draw("g", { class: "lab-axis-title" });
  for (const t of ticks(x0, x1)) grid.append(line(`M${x(t)} ${box.top}V${floor}`, "")), marks.append(text([x(t), floor + 16], String(t).replace("-", "\u2212")));
  for (const t of ticks(y0, y1)) grid.append(line(`M${box.left} ${y(t)}H${width - box.right}`, "")), marks.append(text([box.left - 6, y(t) + 4], String(t).replace("-", "\u2212"), "end"));
  titles.append(text([width - box.right, floor + 34], xTitle, "end"), text([4, 14], yTitle, "start"));
  svg.append(grid, marks, line(`M${x(0)} ${box.top}V${floor}M${box.left} ${y(0)}H${width - box.right}`, "lab-axis"), titles);
  return { svg, x, y };
}

class RunExplorer extends HTMLElement {
  async connectedCallback() {
    if (this.runs) return;
    try {
      const answer = await fetch(this.dataset.src);
      if (!answer.ok) throw new Error(answer.status);
      this.runs = (await answer.json()).runs;
    } catch {
      this.firstElementChild.textContent = "The runs could not be fetched. The plots below show every run.";
      return;
    }
    this.records = new Map();
    this.build();
    this.read();
    this.show();
    this.sizes = new ResizeObserver(() => this.clientWidth !== this.drawnAt && this.show());
    this.sizes.observe(this);
  }

  disconnectedCallback() {
    this.sizes?.disconnect();
  }

  /** The parts that stay. */
  build() {
    this.selects = {};
    const form = make("form", { className: "s10-runs__filters" });
    for (const [key, name] of Object.entries(FILTERS)) {
      const words = [...new Set(this.runs.map((run) => run[key]))].sort();
      const select = make("select", { name: key }, ...["", ...words].map((word) => make("option", { value: word }, word.replaceAll("_", " ") || EVERY)));
      select.addEventListener("change", () => this.changed());
      this.selects[key] = select;
      form.append(make("label", {}, `${name} `, select));
    }
    const clear = make("button", { type: "button", className: "s10-button" }, "Clear");
    clear.addEventListener("click", () => {
      this.chosen = [];
      for (const select of Object.values(this.selects)) select.value = "";
      this.changed();
    });
    this.link = make("a", {}, "Link to this choice");
    form.append(clear, this.link);
    form.addEventListener("submit", (event) => event.preventDefault());
    this.status = make("p", { className: "s10-runs__status" });
    this.status.setAttribute("role", "status");
    this.plots = make("div", { className: "s10-runs__plots" });
    this.list = make("fieldset", { className: "s10-runs__list" });
    this.beside = make("div", { className: "s10-runs__beside" });
    this.replaceChildren(form, this.status, this.plots, this.list, this.beside);
  }

  /** Take the state from the address; what is not known is left out. */
  read() {
    const query = new URLSearchParams(location.search);
    for (const [key, select] of Object.entries(this.selects)) {
      const asked = query.get(key) ?? "";
      select.value = [...select.options].some((option) => option.value === asked) ? asked : "";
    }
    const known = new Set(this.runs.map((run) => run.name));
    this.chosen = [...new Set((query.get("runs") ?? "").split(","))].filter((name) => known.has(name)).slice(0, MOST);
  }

  /** The state into the address. */
  changed() {
    const query = new URLSearchParams();
    for (const [key, select] of Object.entries(this.selects)) if (select.value) query.set(key, select.value);
    const runs = this.chosen.length ? [`runs=${this.chosen.join(",")}`] : [];
    const all = [query.toString(), ...runs].filter(Boolean).join("&");
    history.replaceState(history.state, "", location.pathname + (all ? `?${all}` : "") + location.hash);
    this.show();
  }

  toggle(name) {
    if (this.chosen.includes(name)) this.chosen = this.chosen.filter((other) => other !== name);
    else if (this.chosen.length < MOST) this.chosen = [...this.chosen, name];
    this.changed();
  }

  show() {
    this.drawnAt = this.clientWidth;
    this.link.href = location.href;
    const seen = this.runs.filter((run) => Object.entries(this.selects).every(([key, select]) => !select.value || run[key] === select.value));
    const apart = seen.filter((run) => !run.gain || !run.regression).length;
    const most = this.chosen.length === MOST ? ", which is the most" : "";
    const note = apart ? ` ${apart} without a gain or a regression ${apart === 1 ? "is" : "are"} in the list only.` : "";
    this.status.textContent = `${seen.length} of ${this.runs.length} runs, ${this.chosen.length} chosen${most}.${note}`;
    this.showPlots(seen);
    // A chosen run that the filters leave out stays in the list, or nobody could let it go.
    this.showList(this.runs.filter((run) => seen.includes(run) || this.chosen.includes(run.name)));
    this.showBeside(this.chosen.map((name) => this.runs.find((run) => run.name === name)));
  }

  /** One plot for each pair of quantities: points and ranks share no axis. */
  showPlots(seen) {
    this.plots.replaceChildren(...[...grouped(seen).values()].map((runs) => this.plot(runs)));
  }

  plot(runs) {
    const [{ gain, regression }] = runs;
    const ends = (figure) => [figure.value, figure.low ?? figure.value, figure.high ?? figure.value];
    const label = `Gain in ${gain.label} against ${regression.label} of ${runs.length} runs`;
    const { svg, x, y } = axes(Math.min(680, this.clientWidth), label, runs.flatMap((run) => ends(run.regression)), runs.flatMap((run) => ends(run.gain)),
      `${regression.label}, ${regression.unit} (right is worse)`, `gain: ${gain.label}, ${gain.unit}`);
    const order = [...runs].sort((a, b) => this.chosen.includes(a.name) - this.chosen.includes(b.name));
    for (const run of order) svg.append(this.point(run, x, y));
    return make("div", { className: "s10-runs__plot" }, svg);
  }

  point({ name, gain, regression }, x, y) {
    const at = this.chosen.indexOf(name);
    const [cx, cy] = [x(regression.value), y(gain.value)];
    const across = regression.low === null ? "" : `M${x(regression.low)} ${cy}H${x(regression.high)}`;
    const up = gain.low === null ? "" : `M${cx} ${y(gain.low)}V${y(gain.high)}`;
    const point = draw("g", { class: at < 0 ? "s10-runs__point" : `s10-runs__point is-chosen c${at + 1}`, "data-run": name },
      draw("title", {}, `${name}: gain ${said(gain)}, regression ${said(regression)}`),
      draw("path", { class: "s10-runs__whisker", d: across + up || "M0 0" }), draw("circle", { cx, cy, r: 5 }));
    point.addEventListener("click", () => this.toggle(name));
    return point;
  }

  showList(seen) {
    const focused = this.list.contains(document.activeElement) && document.activeElement.value;
    const top = this.list.lastElementChild?.scrollTop ?? 0;
    const boxes = seen.map((run) => {
      const at = this.chosen.indexOf(run.name);
      const box = make("input", { type: "checkbox", value: run.name, checked: at >= 0, disabled: at < 0 && this.chosen.length >= MOST });
      box.addEventListener("change", () => this.toggle(run.name));
      const gain = run.gain ? `gain ${signed(run.gain.value, run.gain.unit)} ${run.gain.unit}, ${run.verdict}` : "no gain measured";
      return make("label", { className: at < 0 ? "" : `is-chosen c${at + 1}` }, box, make("span", {}, run.name), make("small", {}, gain));
    });
    this.list.replaceChildren(make("legend", {}, "Runs to lay side by side"), make("div", {}, ...boxes));
    this.list.lastElementChild.scrollTop = top;
    if (focused) boxes.find((label) => label.firstChild.value === focused)?.firstChild.focus();
  }

  showBeside(runs) {
    if (!runs.length) return this.beside.replaceChildren();
    const commands = runs.map((run) => make("div", {}, make("p", {}, make("strong", {}, run.name), ": the command"), make("pre", { tabIndex: 0 }, make("code", {}, run.command))));
    this.answers = make("div", {});
    this.beside.replaceChildren(make("h3", {}, "Side by side"), this.facts(runs), ...this.curves(runs), make("h4", {}, "Settings that differ"), this.diff(runs), ...commands, this.answers);
    this.showAnswers(runs);
  }

  table(name, runs, rows) {
    const head = make("tr", {}, make("td", {}), ...runs.map((run, i) => make("th", { scope: "col", className: `c${i + 1}` }, make("i", {}), run.name)));
    const body = rows.map(([word, ...cells]) => make("tr", {}, make("th", { scope: "row" }, ...breakable(word)), ...cells.map((cell) => make("td", {}, cell))));
    const table = make("table", { className: "s10-runs__grid" }, make("thead", {}, head), make("tbody", {}, ...body));
    const around = make("div", { className: "s10-runs__table", tabIndex: 0 }, table);
    around.setAttribute("role", "region");
    around.setAttribute("aria-label", name);
    return around;
  }

  facts(runs) {
    const record = (run) => make("a", { href: `${this.dataset.records}${run.name}.json` }, "record");
    return this.table("Results side by side", runs, [
      ["Gain", ...runs.map((run) => `${run.gain ? `${run.gain.label} ` : ""}${said(run.gain)}`)],
      ["Regression", ...runs.map((run) => `${run.regression ? `${run.regression.label} ` : ""}${said(run.regression)}`)],
      ["Verdict", ...runs.map((run) => run.verdict)],
      ["Training", ...runs.map((run) => (run.seconds ? `${Math.round(run.seconds)} s on ${run.device}` : "not measured"))],
      ["Date", ...runs.map((run) => run.started)],
      ["All of it", ...runs.map(record)],
    ]);
  }

  /** What the settings do not share; a run without the setting has its default. */
  diff(runs) {
    const keys = [...new Set(runs.flatMap((run) => Object.keys(run.settings)))].filter((key) => key !== "name");
    const rows = keys.filter((key) => new Set(runs.map((run) => run.settings[key])).size > 1).map((key) => [key, ...runs.map((run) => run.settings[key] ?? "not set")]);
    if (!rows.length) return make("p", {}, runs.length > 1 ? "None." : "Choose a second run to compare.");
    return this.table("Settings that differ", runs, rows);
  }

  curves(runs) {
    const drawn = runs.filter((run) => run.loss.step.length);
    if (!drawn.length) return [];
    const { svg, x, y } = axes(Math.min(680, this.clientWidth), `Training loss by step of ${drawn.map((run) => run.name).join(", ")}`,
      drawn.flatMap((run) => run.loss.step), drawn.flatMap((run) => run.loss.nats), "step", "training loss");
    for (const run of drawn) {
      const d = run.loss.step.map((step, i) => `${i ? "L" : "M"}${x(step)} ${y(run.loss.nats[i])}`).join("");
      svg.append(draw("g", { class: `c${this.chosen.indexOf(run.name) + 1}` }, draw("path", { class: "lab-line", d })));
    }
    return [make("h4", {}, "Loss"), make("div", { className: "s10-runs__plot" }, svg)];
  }

  /** Answers to general questions before and after, from the records themselves. */
  async showAnswers(runs) {
    const place = this.answers;
    const having = runs.filter((run) => run.answers);
    if (!having.length) return;
    const fetched = having.map((run) => {
      if (!this.records.has(run.name)) this.records.set(run.name, fetch(`${this.dataset.records}${run.name}.json`).then((answer) => answer.json()));
      return this.records.get(run.name).then((record) => record.regression.samples, () => []);
    });
    const samples = await Promise.all(fetched);
    const questions = [...new Set(samples.flat().map((sample) => sample.question))];
    const cell = (i, question) => samples[i].find((sample) => sample.question === question)?.tuned ?? "not asked";
    const rows = questions.map((question) => [question, ...runs.map((run) => (run.answers ? cell(having.indexOf(run), question) : "none recorded"))]);
    const details = make("details", {}, make("summary", {}, "Answers to general questions after training"), this.table("Answers to general questions", runs, rows));
    if (place === this.answers) place.replaceChildren(details);
  }
}

function pairOf({ gain, regression }) {
  return `${gain.label} ${gain.unit} ${regression.label}`;
}

/** Runs that have both quantities, by the pair (Map.groupBy is too new). */
function grouped(seen) {
  const found = new Map();
  for (const run of seen) if (run.gain && run.regression) found.set(pairOf(run), [...(found.get(pairOf(run)) ?? []), run]);
  return found;
}

if (!customElements.get("run-explorer")) customElements.define("run-explorer", RunExplorer);
