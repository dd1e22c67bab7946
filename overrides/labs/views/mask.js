/** The chat as the model reads it and as its tokenizer cuts it, with what is trained on; the file's faults by line. */

const STYLE = `
.md-typeset .tokens dl { display: grid; gap: 8px; margin: 6px 0 8px; }
.tokens dt { color: var(--muted); font-size: .88em; font-weight: 600; }
.md-typeset .tokens dd { display: flex; flex-wrap: wrap; gap: 4px; margin: 2px 0 0; }
.tok { --c: var(--muted); padding: 1px 5px; border: 1px solid transparent; border-radius: 4px; background: color-mix(in srgb, var(--c) 13%, var(--surface)); color: var(--ink); font: .9em/1.5 var(--md-code-font-family, ui-monospace, monospace); overflow-wrap: anywhere; unicode-bidi: isolate; white-space: pre-wrap; }
.tok[data-role="system"] { --c: var(--four); } .tok[data-role="user"] { --c: var(--one); }
.tok[data-role="assistant"] { --c: var(--three); } .tok[data-role="tool"] { --c: var(--two); }
.tok.is-special { border-color: var(--c); border-radius: 11px; padding-inline: 8px; }
.tok.is-learnt { font-weight: 700; text-decoration: underline 2px; text-underline-offset: 3px; }
.tok.is-lost { background: none; color: var(--muted); text-decoration: line-through; }
.tokens [data-part="drawn"].is-old { border-left: 3px dashed var(--line); padding-left: 8px; }
.md-typeset .tokens .lab-table :is(td, th):nth-child(3) { text-align: left; overflow-wrap: anywhere; unicode-bidi: isolate; }
.md-typeset .tokens details .lab-scroll { max-height: 300px; overflow: auto; }
`;

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

/** @typedef {[number, number, string, boolean, string, number, boolean, boolean]} Token place, id, text, special, role, turn, in the loss, kept */

function chip(html, [, id, text, special, role, , trained, kept]) {
  const marks = ["tok", special && "is-special", kept && trained && "is-learnt", !kept && "is-lost"].filter(Boolean);
  return html`<span class="${marks.join(" ")}" data-id="${id}" data-role="${role}">${text}</span>`;
}

function whose(role, turn) {
  return turn < 0 ? `${role ? `${role}, ` : ""}the template\u2019s own words` : role;
}

/** Runs of tokens of one turn; where some are left out, the count stands between. */
function turnsOf({ listed, left_out: left }) {
  const runs = [];
  listed.forEach((token, i) => {
    const jump = i > 0 && token[0] !== listed[i - 1][0] + 1;
    if (!i || jump || token[5] !== listed[i - 1][5]) runs.push({ name: whose(token[4], token[5]), left: jump ? left : 0, tokens: [] });
    runs.at(-1).tokens.push(token);
  });
  return runs;
}

function chips(html, tokens) {
  return html`<dl>${turnsOf(tokens).map(({ name, left, tokens: run }) =>
    html`<div>${left ? html`<p><small>${left} tokens in between are counted and not drawn.</small></p>` : ""}<dt>${name}</dt><dd>${run.map((token) => chip(html, token))}</dd></div>`)}</dl>`;
}

function table(html, { listed }) {
  return html`<table class="lab-table"><thead><tr><th scope="col">Place</th><th scope="col">Id</th><th scope="col">Token</th><th scope="col">Whose</th><th scope="col">In the loss</th></tr></thead>
<tbody>${listed.map(([place, id, text, special, role, turn, trained, kept]) => html`<tr><td>${place + 1}</td><td>${id}</td><td><code>${text}</code>${special ? " (special)" : ""}</td><td>${
    whose(role, turn)}</td><td>${kept ? (trained ? "yes" : "no") : "cut off"}</td></tr>`)}</tbody></table>`;
}

function findings(html, frame) {
  const { total, listed } = parsed(frame?.texts?.findings, { total: 0, listed: [] });
  if (!total) return html`<p>No faults.</p>`;
  return html`<table><thead><tr><th scope="col">Line</th><th scope="col">Code</th><th scope="col">What is wrong</th></tr></thead>
<tbody>${listed.map(([line, code, message]) => html`<tr><td>${line}</td><td><code>${code}</code></td><td>${message}</td></tr>`)}</tbody></table>
${total > listed.length ? html`<p>The first ${listed.length} of ${total} are listed.</p>` : ""}`;
}

const NONE = { listed: [], left_out: 0 };

export function render({ frame, html, raw }) {
  const tokens = parsed(frame?.texts?.tokens, NONE);
  return html`<style>${raw(STYLE)}</style><div>
  <h3>What the model reads</h3>
  <p><small><u><strong>Bold and underlined</strong></u>: trained on. Plain: only read. <s>Struck through</s>: cut off.</small></p>
  <div data-part="pieces">${chat(html, frame)}</div>
  <div class="tokens"><h3>Token by token</h3>
  <p class="lab-help">A colour for each role. <span class="tok is-learnt">bold and underlined</span> in the loss, <span class="tok">plain</span> only read, <span
    class="tok is-special">round</span> special, <span class="tok is-lost">struck through</span> cut off. A space is ·, a line break ↵.</p>
  <div data-part="tokens"><p data-part="tokenizer">${frame?.texts?.tokenizer ?? ""}</p><p data-part="stop">${frame?.texts?.stop ?? ""}</p>
  <div data-part="drawn">${chips(html, tokens)}</div></div>
  <details><summary>Places, ids and labels</summary><div class="lab-scroll" tabindex="0" role="region" aria-label="Tokens with place, id and label" data-part="token-table">${
    table(html, tokens)}</div></details></div>
  <h3>What the linter finds in the file</h3>
  <div class="md-typeset__table" tabindex="0" role="region" aria-label="Faults by line" data-part="findings" style="max-height:22rem;overflow:auto">${findings(html, frame)}</div>
</div>`;
}

export function mount(slot, lab) {
  const part = (name) => slot.querySelector(`[data-part="${name}"]`);
  const details = slot.querySelector(".tokens details");
  let last = null;
  const fill = () => details.open && last && lab.setHtml(part("token-table"), table(lab.html, last));
  details.addEventListener("toggle", fill);
  const leave = lab.subscribe(({ texts, final }) => {
    lab.setHtml(part("pieces"), chat(lab.html, { texts }));
    lab.setHtml(part("findings"), findings(lab.html, { texts }));
    part("tokenizer").textContent = texts.tokenizer ?? "";
    part("drawn").classList.toggle("is-old", !texts.tokens);
    if (!texts.tokens && !final) return; // the tokenizer is on its way; what stands is of the last settings
    part("stop").textContent = texts.stop ?? "";
    last = parsed(texts.tokens, NONE);
    lab.setHtml(part("drawn"), chips(lab.html, last));
    fill();
  });
  return () => {
    leave();
    details.removeEventListener("toggle", fill);
  };
}
