/**
 * Finds the entries for a query. MiniSearch weighs single words (BM25); around it stand what the site knows and a
 * count of words does not: synonyms of the field, other words for a page, and how much of the question an entry meets.
 */

import MiniSearch from "minisearch";

import { asked, forms, split, stems } from "./words.js";

const FIELDS = { title: 6, aliases: 6, page: 2, text: 1 };
const SYNONYM = 0.6;
/** What a name is worth that meets the whole question, in units of the best count of words; a part of it by its share. */
const TO_THE_LETTER = 1.1; // "how much data" asks for another place than "data"
const NAMED = { aliases: 3, title: 2 };
const FEWEST_FOR_PREFIX = 4;
const FEWEST_FOR_MISSPELLING = 5;

/** @typedef {{location: string, title: string, text: string, aliases?: string[], boost?: number}} Entry */
/** @typedef {{entry: Entry, score: number, stems: Set<string>, met: boolean[]}} Hit */

/** Places at which the words of `part` stand in `whole` one after another. */
function* occurrences(whole, part) {
  for (let at = 0; at + part.length <= whole.length; at++) if (part.every((word, i) => whole[at + i] === word)) yield at;
}

/** @param {string} text @returns {string[]} stems of the words that carry it */
const telling = (text) => asked(text).map((word) => word.stem);

/** @param {string} text @returns {string} all its words, small ones too */
const plain = (text) => stems(text).join(" ");

/** Each phrase of the synonyms with the others of all its groups, long phrases first: "loss mask" goes before "mask". */
function waysOf(groups) {
  const ways = new Map();
  for (const group of groups.map((phrases) => phrases.map(telling))) {
    for (const phrase of group) {
      const key = phrase.join(" ");
      const known = ways.get(key) ?? { phrase, others: new Map() };
      for (const other of group) if (other.join(" ") !== key) known.others.set(other.join(" "), other);
      ways.set(key, known);
    }
  }
  return [...ways.values()]
    .map(({ phrase, others }) => ({ phrase, others: [...others.values()] }))
    .sort((a, b) => b.phrase.length - a.phrase.length);
}

export class Engine {
  /** @param {Entry[]} entries @param {{synonyms?: string[][], instead?: string[]}} words */
  constructor(entries, { synonyms = [], instead = [] } = {}) {
    this.entries = entries;
    this.instead = instead;
    this.ways = waysOf(synonyms);
    this.pages = new Map();
    for (const entry of entries) {
      const page = entry.location.split("#")[0];
      if (!this.pages.has(page)) this.pages.set(page, entry);
    }
    this.names = entries.map(({ title, aliases = [] }) => ({ title: [telling(title)], aliases: aliases.map(telling) }));
    this.letters = entries.map(({ title, aliases = [] }) => new Set([title, ...aliases].map(plain)));
    this.index = new MiniSearch({ fields: Object.keys(FIELDS), tokenize: forms, processTerm: (term) => term });
    this.index.addAll(
      entries.map((entry, id) => ({
        id,
        title: entry.title,
        aliases: (entry.aliases ?? []).join(" . "),
        page: this.pageOf(entry).title,
        text: entry.text,
      })),
    );
  }

  pageOf(entry) {
    return this.pages.get(entry.location.split("#")[0]);
  }

  /** What a query asks for: each idea as the ways to write it, the reader's own first. */
  ideas(query, last) {
    const words = asked(query);
    const own = words.map((word) => word.stem);
    const taken = new Array(own.length).fill(false);
    const ideas = [];
    for (const { phrase, others } of this.ways) {
      for (const at of occurrences(own, phrase)) {
        if (taken.slice(at, at + phrase.length).some(Boolean)) continue;
        taken.fill(true, at, at + phrase.length);
        ideas.push({ words: words.slice(at, at + phrase.length), ways: [phrase, ...others], open: false });
      }
    }
    own.forEach((word, i) => {
      if (!taken[i]) ideas.push({ words: [words[i]], ways: [[word]], open: last && i === own.length - 1 });
    });
    return { ideas, own };
  }

  /**
   * Entries that hold one way of writing an idea.
   * @param {string[]} way stems @param {string} raw the single word as the reader wrote it, or "" @param {boolean} open
   *   whether the word may still be growing
   */
  holding(way, raw, open) {
    const plain = { boost: FIELDS, tokenize: (text) => text.split(" ") };
    if (!raw) return this.index.search(way.join(" "), { ...plain, combineWith: "AND" });
    const queries = [way[0], raw].map((word) => ({
      queries: [word],
      prefix: word.length >= (open ? 2 : FEWEST_FOR_PREFIX),
      fuzzy: word.length >= FEWEST_FOR_MISSPELLING && 0.2,
    }));
    return this.index.search({ combineWith: "OR", queries }, { ...plain, weights: { prefix: open ? 0.5 : 0.3, fuzzy: 0.2 } });
  }

  /**
   * @param {string} query what the reader typed so far
   * @returns {Hit[]} best first
   */
  find(query) {
    const { ideas, own } = this.ideas(query, /[\p{L}\p{N}]$/u.test(query));
    if (!own.length) return [];
    const hits = new Map();
    ideas.forEach((idea, i) => {
      const best = new Map();
      idea.ways.forEach((way, nth) => {
        for (const found of this.holding(way, nth || way.length > 1 ? "" : idea.words[0].word, idea.open)) {
          const score = found.score * (nth ? SYNONYM : 1);
          if (!(best.get(found.id)?.score >= score)) best.set(found.id, { score, terms: found.terms });
        }
      });
      for (const [id, { score, terms }] of best) {
        const hit = hits.get(id) ?? { id, score: 0, stems: new Set(), met: ideas.map(() => false) };
        hit.score += score;
        hit.met[i] = true;
        for (const term of terms) hit.stems.add(term);
        hits.set(id, hit);
      }
    });
    return this.ordered([...hits.values()], ideas, own, plain(query));
  }

  ordered(hits, ideas, own, whole) {
    for (const hit of hits) hit.score *= (hit.met.filter(Boolean).length / ideas.length) ** 2;
    const most = Math.max(...hits.map(({ score }) => score), 1e-9);
    for (const hit of hits) {
      const entry = (hit.entry = this.entries[hit.id]);
      const exact = this.letters[hit.id].has(whole) ? TO_THE_LETTER : 1;
      hit.score = (hit.score / most + this.named(hit.id, own, ideas) * exact) * (entry.boost ?? 1);
    }
    return hits.sort((a, b) => b.score - a.score || a.id - b.id);
  }

  /** How far a title or another word for the entry is what the query says. */
  named(id, own, ideas) {
    const said = [own, ...ideas.length === 1 ? ideas[0].ways.slice(1) : []];
    let best = 0;
    for (const [kind, worth] of Object.entries(NAMED)) {
      for (const name of this.names[id][kind]) {
        said.forEach((words, nth) => {
          const weight = worth * (nth ? SYNONYM : 1);
          const shared = name.filter((word) => words.includes(word)).length;
          if (!shared) return;
          const meets = !occurrences(words, name).next().done ? name.length / words.length
            : !occurrences(name, words).next().done ? (words.length / name.length) * 0.8
              : (shared / Math.max(words.length, name.length)) * 0.6;
          best = Math.max(best, weight * meets ** 2);
        });
      }
    }
    return best;
  }

  /** Three pages for a query that nothing holds: names that are spelled nearly so, then where most readers begin. */
  near(query) {
    const close = this.index
      .search(asked(query).map(({ word }) => word).join(" "), { fields: ["title", "aliases"], fuzzy: (word) => word.length >= FEWEST_FOR_MISSPELLING && 0.25, combineWith: "OR" })
      .map(({ id }) => this.entries[id]);
    const begin = this.instead.map((location) => this.pages.get(location)).filter(Boolean);
    return [...new Map([...close, ...begin].map((entry) => [entry.location, entry])).values()].slice(0, 3);
  }

  /** The word that the reader may be typing: the rest of the last one as the site's names have it. */
  completion(query) {
    const begun = /[\p{L}\p{N}]{2,}$/u.exec(query.toLowerCase())?.[0];
    if (!begun) return "";
    this.vocabulary ??= this.count();
    const [word] = this.vocabulary.find(([word]) => word.startsWith(begun)) ?? [""];
    return word;
  }

  /** Words of all names, frequent ones first. */
  count() {
    const counts = new Map();
    for (const { title, aliases = [] } of this.entries)
      for (const { word } of split([title, ...aliases].join(" "))) counts.set(word, (counts.get(word) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
  }
}
