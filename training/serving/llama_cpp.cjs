// Greedy answers by llama.cpp, through the addon that npm's @node-llama-cpp packages carry.
// node llama_cpp.cjs ADDON < {"model": FILE, "prompts": [[ids]], "texts": [text], "limit": N}
// prints {"tokens": [[ids]], "tokenized": [[ids]], "addsBos": bool} as its last line.
const fs = require("node:fs");
const path = require("node:path");

async function answers(addon, model, prompt, limit) {
  const size = prompt.length + limit + 8;
  const context = new addon.AddonContext(model, {contextSize: size, batchSize: prompt.length + 8, sequences: 1, threads: 1});
  if (!(await context.init())) throw new Error("the context cannot be made: too little memory?");
  const sampler = new addon.AddonSampler(model);
  sampler.applyConfig({temperature: 0});
  const written = [];
  let next = prompt;
  let place = 0;
  while (written.length < limit) {
    context.initBatch(next.length);
    const logits = context.addToBatch(0, place, Uint32Array.from(next), Uint32Array.from([next.length - 1]));
    await context.decodeBatch();
    place += next.length;
    const token = Number(await context.sampleToken(logits[0], sampler));
    written.push(token);
    if (model.isEogToken(token)) break;
    next = [token];
  }
  await context.dispose();
  return written;
}

async function main() {
  const addon = require(path.resolve(process.argv[2]));
  const asked = JSON.parse(fs.readFileSync(0, "utf8"));
  let said = "";
  addon.setLogger((level, message) => { if (level <= 2) said += message; });
  addon.loadBackends(path.dirname(path.resolve(process.argv[2])));
  await addon.init();
  const model = new addon.AddonModel(asked.model, {gpuLayers: 0, useMmap: true});
  if (!(await model.init())) throw new Error(said.trim() || "the file cannot be loaded");
  const tokens = [];
  for (const prompt of asked.prompts) tokens.push(await answers(addon, model, prompt, asked.limit));
  const tokenized = asked.texts.map((text) => Array.from(model.tokenize(text, true)));
  console.log(JSON.stringify({tokens, tokenized, addsBos: model.shouldPrependBosToken()}));
}

main().catch((error) => { console.error(String(error.message || error)); process.exit(1); });
