/** The code behind the lab: the very functions that ran, readable without scripts, editable with them. */

import { html, raw, escape } from "../html.js";

/** @param {{name: string, text: string}[]} sources "module:function" and its text */
export function drawCode(spec, sources) {
  if (!sources.length) return "";
  return html`<section class="lab-behind"><h2>The code behind this</h2><p>These are the functions that just ran, from the files that the tests
    run. Change one, run it (Ctrl+Enter or \u2318+Enter), and the lab uses your version until you put ours back.</p>${sources.map(
    ({ name, text }) => drawSource(name, text))}</section>`;
}

function drawSource(name, text) {
  const [module, fun] = name.split(":");
  return html`<details class="lab-code" data-code="${name}"><summary><code>${fun}</code> <span class="lab-help">${module.replaceAll(".", "/")}.py</span> <mark
    class="lab-yours" data-part="yours" hidden>your version</mark></summary><div class="lab-editor"><pre tabindex="0" role="region" aria-label="Code of ${fun}"><code
    data-part="source">${text}</code></pre></div><p class="lab-row" data-part="code-buttons" hidden><button type="button" class="lab-button lab-button--main" data-action="run-code">Run
    this version</button> <button type="button" class="lab-button" data-action="reset-code">Put ours back</button></p><p class="lab-reply" data-part="reply"
    role="status"></p></details>`;
}

const TOKEN = /(?<comment>#[^\n]*)|(?<string>[rf]?"""[\s\S]*?"""|[rf]?"(?:[^"\\\n]|\\.)*"|[rf]?'(?:[^'\\\n]|\\.)*')|(?<number>\b\d[\d_.]*(?:e[-+]?\d+)?\b)|(?<word>\b(?:def|return|yield|for|in|if|elif|else|while|not|and|or|is|None|True|False|import|from|as|with|lambda|raise|try|except|finally|class|break|continue|pass|global|nonlocal|assert|del|async|await)\b)/g;

/** Python with a little colour. Everything is escaped first by being cut out of the plain text. */
export function highlight(text) {
  let out = "";
  let last = 0;
  for (const match of text.matchAll(TOKEN)) {
    const kind = Object.keys(match.groups).find((key) => match.groups[key] !== undefined);
    out += `${escape(text.slice(last, match.index))}<span class="k-${kind}">${escape(match[0])}</span>`;
    last = match.index + match[0].length;
  }
  return raw(`${out}${escape(text.slice(last))}\n`);
}
