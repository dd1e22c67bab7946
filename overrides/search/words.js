/**
 * From text to the words that are compared. One way for pages and for queries, so that both meet: split at everything
 * that is no letter or digit (dots and underscores too), British and American spellings as one, then the stem.
 */

import { stemmer } from "stemmer";

const WORD = /[\p{L}\p{N}]+/gu;
/** Words of a question that say nothing of what it is about. */
const SMALL = new Set(
  "a about an and any are as at be been but by can could did do does for from get had has have how i if in into is it its like me mine much my need of on or our should so some than that the their them then there these they this to use vs versus was we were what when where which who why will with work would you your".split(" "),
);

const STEMS = new Map();

/** @param {string} text @returns {{word: string, at: number}[]} words in lower case with their places */
export function split(text) {
  return [...text.matchAll(WORD)].map((match) => ({ word: match[0].toLowerCase(), at: match.index }));
}

/** @param {string} word one word in lower case @returns {string} what its spellings and endings share */
export function stem(word) {
  const known = STEMS.get(word) ?? made(word);
  STEMS.set(word, known);
  return known;
}

function made(word) {
  if (/\d/.test(word) || word.length < 4) return word.replace(/^(gpu|llm|lora|epoch|token)s$/, "$1");
  const american = word.replace(/is(e[ds]?|ers?|ing|ations?|able)$/, "iz$1").replace(/(.{3,})our(s|al|ed)?$/, "$1or$2");
  return stemmer(american);
}

/** @param {string} text @returns {string[]} the stems of all words */
export const stems = (text) => split(text).map(({ word }) => stem(word));

/** @param {string} text @returns {string[]} stems, and the words themselves, by which a misspelling is recognised */
export const forms = (text) => split(text).flatMap(({ word }) => [...new Set([stem(word), word])]);

/** @param {string} text @returns {{word: string, stem: string}[]} words that carry the question; all of them if none does */
export function asked(text) {
  const words = split(text).map(({ word }) => ({ word, stem: stem(word) }));
  const telling = words.filter(({ word }) => !SMALL.has(word));
  return telling.length ? telling : words;
}
