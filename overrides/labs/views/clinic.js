/** The evidence that a reader can ask for, with its price in minutes; what was seen; and what the clinic says. */

const STYLE = `
.md-typeset .clinic .clinic__menu { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 10px; padding: 0; list-style: none; }
.md-typeset .clinic .clinic__menu li { margin: 0; }
.md-typeset .clinic small { opacity: 1; }
.clinic__menu .lab-button { padding-inline: 8px; font-size: .9em; }
.clinic [aria-pressed="true"] { border-style: dashed; }
.md-typeset .clinic h3 { margin: 12px 0 4px; }
.md-typeset .clinic table { font-size: .88em; }
.md-typeset .clinic .lab-table :is(th, td) { text-align: left; overflow-wrap: anywhere; }
.md-typeset .clinic .lab-table th { overflow-wrap: normal; }
.md-typeset .clinic td { white-space: pre-wrap; vertical-align: top; }
@container inst (max-width: 799.9px) { .lab-own:has(.clinic) { order: -2; height: clamp(260px, 50svh, 460px); } }
.md-typeset .clinic .clinic__verdict { border-left: 3px solid var(--line); padding-left: 8px; }
`;

/** @param {string | undefined} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return [];
  }
}

/** `asleep`: before the page's script is there, the buttons are out of use. */
function drawMenu(html, frame, asleep = false) {
  return parsed(frame?.texts?.menu).map(({ name, label, minutes, paid, fits }) => html`<li><button type="button" class="lab-button" data-evidence="${name}" aria-pressed="${
    String(paid)}"${paid || fits ? "" : html` aria-disabled="true"`}${asleep ? html` disabled` : ""}>${label} <small>${paid ? "seen" : `${minutes} min`}</small></button></li>`);
}

function drawFinding(html, { label, head, rows, note }, i) {
  const table = rows.length ? html`<div class="lab-scroll" tabindex="0" role="region" aria-label="${label}"><table class="lab-table"><thead><tr>${head.map(
    (text) => html`<th scope="col">${text}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map((text) => html`<td>${text.trim()}</td>`)}</tr>`)}</tbody></table></div>` : "";
  return html`<section data-finding="${String(i)}"><h3>${label}</h3>${note ? html`<p><small>${note}</small></p>` : ""}${table}</section>`;
}

/** The newest finding stands first: it is what the reader has just asked for. */
function drawFindings(html, frame) {
  return html`${parsed(frame?.texts?.findings).map((finding, i) => drawFinding(html, finding, i)).reverse()}`;
}

function drawVerdict(html, frame) {
  const parts = parsed(frame?.texts?.verdict);
  return parts.length ? html`<div class="clinic__verdict">${parts.map(([result, text]) => html`<p data-verdict="${result}">${
    { right: "\u2713 ", works: "\u2713 ", none: "" }[result] ?? "\u2717 "}${text}</p>`)}</div>` : "";
}

export const render = ({ frame, html, raw }) => html`<style>${raw(STYLE)}</style><div class="clinic"><h2 class="lab-hidden">Evidence</h2><p class="lab-help">Ask for evidence. Each piece costs minutes, and they do not come back.</p>
  <ul class="clinic__menu" aria-label="Evidence" data-part="menu">${drawMenu(html, frame, true)}</ul>
  <div data-part="verdict" aria-live="polite">${drawVerdict(html, frame)}</div><div data-part="findings">${drawFindings(html, frame)}</div></div>`;

export function mount(slot, lab) {
  const part = (name) => slot.querySelector(`[data-part="${name}"]`);
  for (const button of slot.querySelectorAll("[data-evidence]")) button.disabled = false;
  const shown = () => slot.querySelectorAll("[data-finding]").length;
  let waits = 0; // so many findings stand once what was asked for is among them; 0 = nothing was asked for
  const ask = ({ target }) => {
    const button = target.closest("[data-evidence]");
    if (!button || button.getAttribute("aria-pressed") === "true") return;
    const { patient, evidence } = lab.params;
    if (button.getAttribute("aria-disabled") === "true") {
      lab.announce("The minutes do not suffice for that. Name a cause from what you have seen.");
      return;
    }
    const earlier = Array.isArray(evidence) ? evidence.slice(-150) : [];
    waits = shown() + 1;
    lab.setParams({ evidence: [...earlier, [patient, button.dataset.evidence]] });
  };
  const show = (frame) => {
    const asked = document.activeElement?.dataset?.evidence;
    if (frame.texts.menu) lab.setHtml(part("menu"), lab.html`${drawMenu(lab.html, frame)}`);
    if (asked) part("menu").querySelector(`[data-evidence="${asked}"]`)?.focus();
    if (frame.texts.findings || frame.final) lab.setHtml(part("findings"), drawFindings(lab.html, frame));
    if (waits && shown() >= waits) {
      part("findings").firstElementChild.scrollIntoView({ block: "nearest" });
      waits = 0;
    }
    const judged = slot.querySelector("[data-verdict]");
    lab.setHtml(part("verdict"), lab.html`${drawVerdict(lab.html, frame)}`);
    if (!judged && slot.querySelector("[data-verdict]")) part("verdict").scrollIntoView({ block: "nearest" });
  };
  slot.addEventListener("click", ask);
  const leave = lab.subscribe(show);
  return () => {
    leave();
    slot.removeEventListener("click", ask);
  };
}
