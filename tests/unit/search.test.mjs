/** The search by itself, over entries made here: words, synonyms, names, suggestions, and what is shown. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Engine } from "../../overrides/search/engine.js";
import { marked, teaser } from "../../overrides/search/show.js";
import { stems } from "../../overrides/search/words.js";

const PAGES = [
  { location: "sft/", title: "Supervised fine-tuning", text: "Show a model good answers. The file adapter_config.json is kept." },
  { location: "sft/#rate", title: "How fast, and how long", text: "A peak rate for each recipe.", aliases: ["learning rate", "epochs"] },
  { location: "estimate/", title: "What will it cost?", text: "Memory by parts.", aliases: ["which gpu", "vram"] },
  { location: "quant/", title: "The Quantization Lab", text: "Quantisation takes bits away from a matrix." },
  { location: "words/", title: "Glossary", text: "The words." },
  { location: "words/#lora", title: "LoRA", text: "A low-rank product beside a frozen matrix.", boost: 0.7 },
  { location: "lora/", title: "LoRA and QLoRA", text: "LoRA by heart. LoRA, again.", aliases: ["lora"] },
];
const SYNONYMS = [["out of memory", "oom", "memory", "vram"]];
const engine = new Engine(PAGES, { synonyms: SYNONYMS, instead: ["sft/", "words/", "lora/"] });
const first = (query) => engine.find(query)[0]?.entry.location;

test("dots and underscores end a word, British and American spellings are one, endings go", () => {
  assert.deepEqual(stems("adapter_config.json"), [...stems("adapter"), ...stems("config"), ...stems("json")]);
  for (const [one, other] of [["quantize", "quantisation"], ["overfit", "overfits"], ["tokenizer", "tokenisers"], ["behavior", "behaviour"]])
    assert.deepEqual(stems(one), stems(other), `${one} and ${other}`);
});

test("a name that is what the query says comes first, however often others repeat the words", () => {
  assert.equal(first("learning rate"), "sft/#rate");
  assert.equal(first("What is the learning rate?"), "sft/#rate");
  assert.equal(first("which GPU do I need"), "estimate/");
  assert.equal(first("LoRA"), "lora/");
});

test("a synonym finds the page, by one word or by several", () => {
  for (const query of ["OOM", "out of memory", "cuda oom"]) assert.equal(first(query), "estimate/", query);
});

test("a part of a file's name, the beginning of a word and a misspelling find the page", () => {
  assert.equal(first("adapter_config"), "sft/");
  assert.equal(first("quantiz"), "quant/");
  assert.equal(first("quantisaton"), "quant/");
});

test("a query that says nothing of ours gets three suggestions and no hit", () => {
  assert.deepEqual(engine.find("zebra crossing"), []);
  assert.deepEqual(engine.near("zebra crossing").map(({ location }) => location), ["sft/", "words/", "lora/"]);
});

test("odd queries are answered", () => {
  for (const query of ["", "   ", "?!", "the", "__proto__", "constructor", "a".repeat(2000), "*", "+a -b ~c^", "名前", "<b>"]) {
    assert.ok(Array.isArray(engine.find(query)), query);
    assert.ok(engine.near(query).length <= 3);
  }
});

test("what is shown marks the found words and is safe HTML", () => {
  assert.equal(marked("a <b> of LoRA's", new Set(stems("lora"))), "a &lt;b&gt; of <mark>LoRA</mark>&#39;s");
  const text = `${"word ".repeat(100)}the needle is here ${"word ".repeat(100)}`;
  const shown = teaser(text, new Set(stems("needle")));
  assert.match(shown, /^… .*<mark>needle<\/mark>.* …$/);
  assert.ok(shown.length < 300);
});
