/** What the tiny GPT answers before and after, story by story, and the adapter as a file to keep. */

/** @param {string | undefined} text */
function rowsOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return [];
  }
}

function answer(html, text, wanted) {
  if (!text) return html`<td><em>press Train</em></td>`;
  const right = text === `${wanted} ■`;
  return html`<td data-right="${right}"><span>${right ? "✓ " : "✗ "}${text}</span></td>`;
}

const STYLE = `
.md-typeset .finetune .tale { display: grid; grid-template-columns: 1fr 1fr; gap: 4px 20px; margin: 0 0 8px; }
.tale b { color: var(--good); letter-spacing: .2em; font-size: 1.2em; }
.tale i { display: block; height: 10px; border: 1px solid var(--line); border-radius: 5px; background: linear-gradient(var(--bad) 0 0) left / var(--share) 100% no-repeat; }
.tale span { display: block; }
.md-typeset .finetune table:not([class]) :is(th, td) { padding: 4px 10px 4px 0; }
@media (prefers-reduced-motion: no-preference) {
  .finetune td[data-right] span { animation: typed 1s steps(28); }
  @keyframes typed { from { clip-path: inset(0 100% 0 0); } }
}
`;
const MOST_FORGOTTEN = 0.5; // nats a token that fill the bar

/** Learnt and forgotten, of equal size: the five stories as dots, and by how much the loss on old stories has risen. */
export function tale(html, rows, scalars) {
  const right = rows.filter(({ now, wanted }) => now === `${wanted} ■`).length;
  const lost = Math.max(0, (scalars.old_loss?.value ?? 0) - (scalars.old_loss_before?.value ?? 0));
  const share = Math.min(100, Math.round((100 * lost) / MOST_FORGOTTEN));
  return html`<p class="tale"><span>Learnt: ${right} of ${rows.length} stories <b aria-hidden="true">${"●".repeat(right)}${"○".repeat(rows.length - right)}</b></span><span>Forgotten: ${
    lost.toFixed(2)} nats a token <i aria-hidden="true" style="--share:${share}%"></i></span></p>`;
}

const hasRun = (rows) => rows.some(({ now }) => now);

function table(html, rows, scalars, isRecorded) {
  const mark = isRecorded ? html` <i data-recorded>after a recorded run</i>` : "";
  return html`${tale(html, rows, scalars)}<table><thead><tr><th scope="col">Held-out story, then "what is the moral of this story?"</th><th scope="col">Base</th><th scope="col">Now${mark}</th></tr></thead>
<tbody>${rows.map(({ story, wanted, before, now }) => html`<tr><td>${story}</td>${answer(html, before, wanted)}${answer(html, now, wanted)}</tr>`)}</tbody></table>`;
}

/** Until the reader trains, the answers after a recorded run stand: they are what a run is for. */
function firstTable(html, frame, recorded) {
  const rows = rowsOf(frame?.texts?.samples);
  const then = rowsOf(recorded?.texts?.samples);
  return hasRun(rows) || !hasRun(then) ? table(html, rows, frame?.scalars ?? {}, false) : table(html, then, recorded.scalars, true);
}

export const render = ({ frame, recorded, html, raw }) => html`<style>${raw(STYLE)}</style><div class="finetune">
  <div class="md-typeset__table" tabindex="0" role="region" aria-label="Answers before and after" data-part="samples">${firstTable(html, frame, recorded)}</div>
  <p class="lab-keep"><button type="button" class="lab-button" data-part="adapter" disabled>Download the adapter</button> <small>■ is the stop token. The file is safetensors; <code>python -m training.site_records.lora_tiny_gpt --load adapter.safetensors</code> loads it.</small></p>
</div>`;

/** Bytes of a base64 text. */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function save(bytes, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function mount(slot, lab) {
  const button = slot.querySelector('[data-part="adapter"]');
  let adapter = null;
  const click = () => {
    if (!adapter) return;
    save(bytesOf(adapter.text), "adapter.safetensors");
    lab.announce(`Saved adapter.safetensors: load it with --rank ${adapter.rank} --load adapter.safetensors.`);
  };
  button.addEventListener("click", click);
  const leave = lab.subscribe((frame) => {
    const rows = rowsOf(frame.texts.samples);
    const place = slot.querySelector('[data-part="samples"]');
    if (frame.texts.samples && (hasRun(rows) || !place.querySelector("[data-recorded]"))) lab.setHtml(place, table(lab.html, rows, frame.scalars, false));
    adapter = frame.texts.adapter ? { text: frame.texts.adapter, rank: frame.params.rank } : null;
    button.disabled = !adapter;
  });
  return () => {
    leave();
    button.removeEventListener("click", click);
  };
}
