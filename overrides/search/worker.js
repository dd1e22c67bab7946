/**
 * The search's worker: answers to the messages of Material's page (0 index, 1 ready, 2 query, 3 results).
 * A query without a result gets up to three suggestions, each of score 0, which assets/search.js tells apart.
 */

import { Engine } from "./engine.js";
import { escape, marked, teaser } from "./show.js";

const [INDEX, READY, QUERY, RESULTS] = [0, 1, 2, 3];
const MOST_PAGES = 20;
const MOST_SECTIONS = 6;
const LEAST_SHARE = 0.02; // of the best score; below it a hit is noise

let engine;

function shown(hit, ideas) {
  return {
    location: hit.entry.location,
    title: marked(hit.entry.title, hit.stems),
    text: teaser(hit.entry.text, hit.stems),
    score: hit.score,
    terms: Object.fromEntries(ideas.map(({ words }, i) => [words.map(({ word }) => word).join(" "), hit.met[i]])),
  };
}

const plain = (entry) => ({ location: entry.location, title: escape(entry.title), text: teaser(entry.text, new Set()), score: 0, terms: {} });

/** Hits as Material lists them: by page, best page first; each page with its own entry among its sections. */
function results(query) {
  const hits = engine.find(query);
  const { ideas } = engine.ideas(query, false);
  if (!hits.length) return { items: query.trim() ? engine.near(query).map((entry) => listed([plain(entry)])) : [], suggest: [] };
  const pages = new Map();
  for (const hit of hits.filter(({ score }) => score >= hits[0].score * LEAST_SHARE)) {
    const page = engine.pageOf(hit.entry);
    if (!pages.has(page)) pages.set(page, []);
    const list = pages.get(page);
    if (list.length < MOST_SECTIONS) list.push(shown(hit, ideas));
  }
  const items = [...pages.values()].slice(0, MOST_PAGES).map(listed);
  const completion = engine.completion(query);
  return { items, suggest: completion ? [completion] : [] };
}

/** A page's hits with the page itself among them, which heads the list. */
function listed(items) {
  const [page] = items[0].location.split("#");
  return items.some(({ location }) => location === page) ? items : [...items, { ...plain(engine.pages.get(page)), terms: {} }];
}

addEventListener("message", ({ data }) => {
  if (data.type === INDEX) {
    engine = new Engine(data.data.docs, data.data.config);
    postMessage({ type: READY });
  }
  if (data.type === QUERY) postMessage({ type: RESULTS, data: results(data.data) });
});
