/**
 * The pair-picking view of the RLHF Lab: two answers side by side, their features, a sealed guess, three buttons.
 * All it shows comes from the frame (texts.pair); all it does is set the parameter "picks".
 */

const SIDES = { a: "A", b: "B", s: "skip", 1: "A", 2: "B", 3: "skip" };
const STYLE = `
.pick { display: grid; gap: 12px; margin: 0 0 20px; padding: 14px; border: 1px solid var(--line); border-radius: var(--round); background: var(--panel); }
.md-typeset .pick h3 { margin: 0; font-size: 1.1em; }
.pick-head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 16px; color: var(--muted); font-size: .88em; }
.pick-answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr)); gap: 12px; }
.pick-answer { display: flex; flex-direction: column; gap: 8px; padding: 12px; border: 1px solid var(--line); border-radius: 8px; background: var(--surface); }
.md-typeset .pick-answer h4 { margin: 0; font-size: .88em; color: var(--muted); }
.md-typeset .pick-answer p { flex: 1; margin: 0; white-space: pre-line; }
.md-typeset .pick .pick-row { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.pick .lab-button { min-height: 40px; }
.md-typeset .pick kbd { margin-left: 4px; padding: 0 5px; border: 1px solid currentcolor; border-radius: 4px; background: none; box-shadow: none; color: inherit; font-size: .8em; }
.md-typeset .pick table:not([class]) { display: table; width: 100%; border: 0; background: none; box-shadow: none; margin: 0; border-collapse: collapse; font-size: .88em; font-variant-numeric: tabular-nums; }
.md-typeset .pick table:not([class]) :is(th, td) { min-width: 0; padding: 2px 8px; border: 0; border-bottom: 1px solid var(--line); text-align: left; font-weight: 400; }
.md-typeset .pick table:not([class]) thead th { color: var(--muted); }
.md-typeset .pick table:not([class]) td.differs { font-weight: 700; }
.md-typeset .pick details { margin: 0; }
.md-typeset .pick .pick-reveal { margin: 0; min-height: 1.5em; }
.md-typeset .pick .pick-pushed { margin: 0; color: var(--muted); }
.md-typeset .pick .pick-pushed:empty { display: none; }
.pick textarea { width: 100%; min-height: 4.5em; border: 1px solid var(--muted); border-radius: 6px; background: var(--surface); color: var(--ink); font: .85em/1.4 monospace; }
.md-typeset .pick-favourite p { margin: 6px 0 0; white-space: pre-line; }
`;

/** @param {string | undefined} text @returns {any} the pair of a frame; an empty one when there is none */
function cardOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { number: 0, of: 0, labelled: 0, right: 0, picks: [] };
  }
}

function percent(share) {
  return `${Math.round(100 * share)}%`;
}

function scoreSentence(card) {
  return card.labelled ? `sealed guesses right: ${card.right} of ${card.labelled}` : "no guess scored yet";
}

/** What the model had sealed before the last pick, opened. */
function revealSentence(card) {
  const { last } = card;
  if (!last) return "Pick one: the model's guess for this pair is sealed until you have.";
  if (last.side === "skip") return "Skipped: not a label, so nothing was learnt or scored.";
  const guess = last.chance === 0.5 ? "nothing: it had no idea yet" : `${last.chance > 0.5 ? "A" : "B"}, ${percent(Math.max(last.chance, 1 - last.chance))} sure`;
  const verdict = last.hit === 1 ? " It was right." : last.hit === 0 ? " It was wrong." : "";
  return `You picked ${last.side}. The seal said ${guess}.${verdict}`;
}

/** Which way a pick pushes each feature's weight: up (1) where the better answer has more of it, down (-1) where it has less. */
export function pushesOf(features, side) {
  const size = (text) => ({ yes: 1, no: 0 })[text] ?? Number(text);
  return features.map(([, a, b]) => (Math.sign(size(a) - size(b)) || 0) * ({ A: 1, B: -1 }[side] ?? 0));
}

function pushSentence(features, pushes) {
  const named = (sign) => features.filter((_, i) => pushes[i] === sign).map(([name]) => name.toLowerCase()).join(", ");
  return [["up", named(1)], ["down", named(-1)]].filter(([, names]) => names).map(([way, names]) => `${way}: ${names}`).join("; ");
}

/** The pushed features light up for a moment in the chart of weights, green for up and red for down. */
function flash(slot, pushes) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  slot.closest("lab-view").querySelectorAll('[data-chart="weights"] .lab-words text').forEach((word, i) => {
    if (pushes[i]) word.animate([{ fill: `var(--${pushes[i] > 0 ? "good" : "bad"})`, fontWeight: 800 }, {}], { duration: 2400, easing: "ease-in" });
  });
}

function drawFeatures(html, rows) {
  return html`<thead><tr><th scope="col">Feature</th><th scope="col">A</th><th scope="col">B</th></tr></thead><tbody>${rows.map(([name, a, b]) =>
    html`<tr><th scope="row">${name}</th><td${a === b ? "" : html` class="differs"`}>${a}</td><td${a === b ? "" : html` class="differs"`}>${b}</td></tr>`)}</tbody>`;
}

/** The first frame, painted at build. */
export function render({ frame, html, raw }) {
  const card = cardOf(frame.texts.pair);
  const [a, b] = card.answers || ["", ""];
  return html`<style>${raw(STYLE)}</style><div class="pick" tabindex="0" role="group" aria-label="Pick the better answer. Keys: A, B, S for can't say" data-index="${card.index}">
  <div class="pick-head"><span data-part="count">Pick ${card.number} of ${card.of}</span><span data-part="score">${scoreSentence(card)}</span></div>
  <h3 data-part="prompt">${card.prompt}</h3>
  <div class="pick-answers"><div class="pick-answer"><h4>Answer A</h4><p data-part="a">${a}</p><button type="button" class="lab-button lab-button--main" data-pick="A" disabled>A is better <kbd>A</kbd></button></div>
  <div class="pick-answer"><h4>Answer B</h4><p data-part="b">${b}</p><button type="button" class="lab-button lab-button--main" data-pick="B" disabled>B is better <kbd>B</kbd></button></div></div>
  <div class="pick-row"><button type="button" class="lab-button" data-pick="skip" disabled>Can't say <kbd>S</kbd></button>
  <button type="button" class="lab-button lab-button--quiet" data-action="undo-pick" disabled>Undo</button>
  <button type="button" class="lab-button lab-button--quiet" data-action="clear-picks" disabled>Start again</button></div>
  <p class="pick-reveal" role="status" data-part="reveal">${revealSentence(card)}</p>
  <p class="pick-pushed" data-part="pushed"></p>
  <details open><summary>What the model sees of these answers</summary><table data-part="features">${drawFeatures(html, card.features || [])}</table></details>
  <details><summary>Keep or bring your picks</summary><label>Your picks as JSON<textarea data-part="json" spellcheck="false" autocomplete="off">[]</textarea></label>
  <div class="pick-row"><button type="button" class="lab-button" data-action="use-picks" disabled>Use these picks</button></div></details>
  <details class="pick-favourite"><summary>What the tuned policy would most likely answer now</summary><p><em>My phone fell into the sink. What should I do?</em></p><p data-part="favourite">${frame.texts.favourite}</p></details>
</div>`;
}

/** @param {HTMLElement} slot @param {any} lab */
export function mount(slot, lab) {
  const ended = new AbortController();
  const part = (name) => slot.querySelector(`[data-part="${name}"]`);
  const root = slot.querySelector(".pick");
  let picks = Array.isArray(lab.params.picks) ? lab.params.picks : [];
  let index = Number(root.dataset.index);
  let waiting = false;
  /** Features of the pair that stands there, as the table shows them. */
  let seen = [...part("features").querySelectorAll("tbody tr")].map((row) => [...row.cells].map(({ textContent }) => textContent));
  /** What the script wrote into the text field last: other words in it are the reader's and stay until they are used. */
  let written = part("json").defaultValue;

  function show(frame) {
    const card = cardOf(frame.texts.pair);
    picks = card.picks;
    waiting = false;
    part("count").textContent = card.prompt ? `Pick ${card.number} of ${card.of}` : `All ${card.of} pairs done`;
    part("score").textContent = scoreSentence(card);
    say(revealSentence(card));
    part("favourite").textContent = frame.texts.favourite;
    if (card.index !== index && card.last && seen.length) {
      const pushes = pushesOf(seen, card.last.side);
      part("pushed").textContent = pushSentence(seen, pushes) && `This pick pushes weights ${pushSentence(seen, pushes)}.`;
      flash(slot, pushes);
    }
    seen = card.features ?? [];
    if (document.activeElement !== part("json") && part("json").value === written) write(JSON.stringify(picks));
    enable(Boolean(card.prompt));
    if (!card.prompt || card.index === index) return;
    index = card.index;
    root.dataset.index = String(index);
    part("prompt").textContent = card.prompt;
    part("a").textContent = card.answers[0];
    part("b").textContent = card.answers[1];
    lab.setHtml(part("features"), drawFeatures(lab.html, card.features));
  }

  function write(text) {
    written = part("json").value = text;
  }

  function say(sentence) {
    if (part("reveal").textContent !== sentence) part("reveal").textContent = sentence;
  }

  function enable(more) {
    slot.querySelectorAll("[data-pick]").forEach((button) => {
      button.disabled = !more;
    });
    slot.querySelectorAll('[data-action="undo-pick"], [data-action="clear-picks"]').forEach((button) => {
      button.disabled = picks.length === 0;
    });
  }

  /** A pick is the reader's label, so the lab turns to the reader's taste and fits it live. */
  function pick(side) {
    // Until the next pair is here, a second press would label a pair that was never read.
    if (waiting && !lab.frame) lab.setParams({});
    if (waiting || slot.querySelector("[data-pick]").disabled) return;
    waiting = true;
    written = part("json").value;
    const changes = { picks: [...picks, [index, side]], annotator: "you" };
    Promise.resolve(lab.setParams(changes, { run: true })).then((frame) => {
      if (!frame) waiting = false;
    });
  }

  slot.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.action) written = part("json").value;
    if (button.dataset.pick) pick(button.dataset.pick);
    if (button.dataset.action === "undo-pick") lab.setParams({ picks: picks.slice(0, -1) });
    if (button.dataset.action === "clear-picks") lab.setParams({ picks: [] }, { why: "Start again", mine: true });
    if (button.dataset.action === "use-picks") lab.setParams({ picks: part("json").value, annotator: "you" }, { why: "Use these picks", mine: true });
  }, { signal: ended.signal });

  slot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("textarea, input, select")) return;
    const side = SIDES[event.key.toLowerCase()];
    if (!side) return;
    event.preventDefault();
    event.stopPropagation(); // the site's own shortcuts ("s" opens the search)
    pick(side);
  }, { signal: ended.signal });

  enable(true);
  slot.querySelector('[data-action="use-picks"]').disabled = false;
  if (picks.length && !lab.frame) {
    waiting = true; // the painted pair may have been picked on an earlier visit
    say(`Your picks of an earlier visit (${picks.length}) are kept; the next pair comes as soon as Python runs.`);
  }
  const leave = lab.subscribe(show);
  return () => {
    leave();
    ended.abort();
  };
}
