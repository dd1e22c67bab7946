/** The chat as the model reads it, with what is trained on underlined; the file's faults line by line. */

export const section = "";

/** @param {string | undefined} text */
function parsed(text, fallback) {
  try {
    return JSON.parse(text);
  } catch {
    return fallback;
  }
}

function piece(html, [text, , , trained, kept]) {
  const letters = Array.from(text);
  const shown = letters.slice(0, kept).join("");
  const cut = letters.slice(kept).join("");
  return html`${shown ? (trained ? html`<u><strong>${shown}</strong></u>` : shown) : ""}${cut ? html`<s>${cut}</s>` : ""}`;
}

function chat(html, frame) {
  const pieces = parsed(frame?.texts?.pieces, []);
  return html`<pre tabindex="0" aria-label="The chat as the model reads it" style="white-space:pre-wrap">${pieces.map((p) => piece(html, p))}</pre>`;
}

function findings(html, frame) {
  const { total, listed } = parsed(frame?.texts?.findings, { total: 0, listed: [] });
  if (!total) return html`<p>No faults.</p>`;
  return html`<table><thead><tr><th scope="col">Line</th><th scope="col">Code</th><th scope="col">What is wrong</th></tr></thead>
<tbody>${listed.map(([line, code, message]) => html`<tr><td>${line}</td><td><code>${code}</code></td><td>${message}</td></tr>`)}</tbody></table>
${total > listed.length ? html`<p>The first ${listed.length} of ${total} are listed.</p>` : ""}`;
}

export const render = ({ frame, html }) => html`<div>
  <h3>What the model reads</h3>
  <p><small><u><strong>Bold and underlined</strong></u>: trained on. Plain: only read. <s>Struck through</s>: cut off.</small></p>
  <div data-part="pieces">${chat(html, frame)}</div>
  <h3>What the linter finds in the file</h3>
  <div class="md-typeset__table" tabindex="0" role="region" aria-label="Faults by line" data-part="findings" style="max-height:22rem;overflow:auto">${findings(html, frame)}</div>
</div>`;

export function mount(slot, lab) {
  return lab.subscribe((frame) => {
    lab.setHtml(slot.querySelector('[data-part="pieces"]'), chat(lab.html, frame));
    lab.setHtml(slot.querySelector('[data-part="findings"]'), findings(lab.html, frame));
  });
}
