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
  return html`<td data-right="${right}">${right ? "✓ " : "✗ "}${text}</td>`;
}

const hasRun = (rows) => rows.some(({ now }) => now);

function table(html, rows, isRecorded) {
  const mark = isRecorded ? html` <i data-recorded>after a recorded run</i>` : "";
  return html`<table><thead><tr><th scope="col">Held-out story, then "what is the moral of this story?"</th><th scope="col">Base</th><th scope="col">Now${mark}</th></tr></thead>
<tbody>${rows.map(({ story, wanted, before, now }) => html`<tr><td>${story}</td>${answer(html, before, wanted)}${answer(html, now, wanted)}</tr>`)}</tbody></table>`;
}

/** Until the reader trains, the answers after a recorded run stand: they are what a run is for. */
function firstTable(html, frame, recorded) {
  const rows = rowsOf(frame?.texts?.samples);
  const then = rowsOf(recorded?.texts?.samples);
  return hasRun(rows) || !hasRun(then) ? table(html, rows, false) : table(html, then, true);
}

export const render = ({ frame, recorded, html }) => html`<div class="finetune">
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
    if (frame.texts.samples && (hasRun(rows) || !place.querySelector("[data-recorded]"))) lab.setHtml(place, table(lab.html, rows, false));
    adapter = frame.texts.adapter ? { text: frame.texts.adapter, rank: frame.params.rank } : null;
    button.disabled = !adapter;
  });
  return () => {
    leave();
    button.removeEventListener("click", click);
  };
}
