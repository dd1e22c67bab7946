// Formulas in, HTML out, a line at a time: [{tex, display, page}] becomes {"html": [...]} or {"error": "..."}.
import { createInterface } from "node:readline";
import katex from "katex";

const macros = {
  "\\KL": "\\mathrm{KL}\\!\\left(#1\\,\\middle\\|\\,#2\\right)",
  "\\E": "\\mathbb{E}",
  "\\R": "\\mathbb{R}",
  "\\softmax": "\\operatorname{softmax}",
  "\\rank": "\\operatorname{rank}",
};

function render({ tex, display, page }) {
  try {
    return katex.renderToString(tex, { displayMode: display, trust: false, macros: { ...macros } });
  } catch (error) {
    throw new Error(`${page}: ${error.message} in ${tex}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { html: JSON.parse(line).map(render) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
