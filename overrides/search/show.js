/** What Material's page shows of a hit: a title and a piece of text with the found words marked, as safe HTML. */

import { split, stem } from "./words.js";

const LENGTH = 220;
const LEAD = 60;

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** @param {string} text */
export const escape = (text) => text.replace(/[&<>"']/g, (mark) => ESCAPES[mark]);

/** Whether a word stands for one of the found ones. */
const isFound = (word, found) => found.has(word) || found.has(stem(word));

/** @param {string} text @param {Set<string>} found stems @returns {string} the text with each found word in <mark> */
export function marked(text, found) {
  let html = "";
  let end = 0;
  for (const { word, at } of split(text)) {
    if (!isFound(word, found)) continue;
    html += `${escape(text.slice(end, at))}<mark>${escape(text.slice(at, at + word.length))}</mark>`;
    end = at + word.length;
  }
  return html + escape(text.slice(end));
}

/** @param {string} text @param {Set<string>} found stems @returns {string} the piece around the most found words */
export function teaser(text, found) {
  const places = split(text).filter(({ word }) => isFound(word, found));
  let best = 0;
  let most = 0;
  places.forEach(({ at }, i) => {
    const near = new Set(places.slice(i).filter((other) => other.at < at + LENGTH - LEAD).map(({ word }) => stem(word)));
    if (near.size > most) [most, best] = [near.size, at];
  });
  const from = best > LEAD ? text.indexOf(" ", best - LEAD) + 1 : 0;
  let to = Math.min(text.length, from + LENGTH);
  if (to < text.length) to = text.lastIndexOf(" ", to);
  const piece = text.slice(from, to > from ? to : from + LENGTH);
  return `${from ? "… " : ""}${marked(piece, found)}${from + piece.length < text.length ? " …" : ""}`;
}
