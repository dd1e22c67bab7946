/**
 * Paint labs' first frames: JSON of all labs on standard input, JSON of {slug: html} on standard output.
 * The functions are those that the browser runs.
 */

import { existsSync, readFileSync } from "node:fs";

import { drawLab } from "../labs/view/view.js";

const views = new URL("../labs/views/", import.meta.url);

/** The module of a lab's own view, null when it has none. */
async function viewOf(spec) {
  if (!spec.view) return null;
  const file = new URL(`${spec.view}.js`, views);
  if (!existsSync(file)) throw new Error(`SPEC.view of lab '${spec.slug}' is '${spec.view}', but ${file.pathname} does not exist`);
  return import(file.href);
}

const labs = JSON.parse(readFileSync(0, "utf8"));
const painted = {};
for (const lab of labs) painted[lab.spec.slug] = drawLab({ ...lab, view: await viewOf(lab.spec) });
process.stdout.write(JSON.stringify(painted));
