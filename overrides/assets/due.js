// Which questions of the self-checks are due again, by a simple schedule: each right answer in a row makes the pause
// longer, and a wrong one brings the question back at once. Kept under "asked:PAGE" beside the first answers.

export const PAUSES = [0, 1, 3, 7, 21]; // days, by the number of right answers in a row
const DAY = 86_400_000;

/** A day of the reader's calendar, as 2026-12-01. */
export function dayOf(date = new Date()) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** What is kept of a question after an answer. @param {{step: number} | undefined} before */
export function noted(before, right, today) {
  return { at: today, step: right ? Math.min((before?.step ?? 0) + 1, PAUSES.length - 1) : 0 };
}

/** Days until a question is due; negative where it is late. One that was answered before days were noted is due. */
export function daysLeft(entry, today) {
  if (!entry) return 0;
  const passed = Math.round((Date.parse(today) - Date.parse(entry.at)) / DAY);
  return PAUSES[entry.step] - Math.max(0, passed); // a clock that was set back does not put it off for ever
}

/**
 * All answered questions with the days until they are due, the latest first.
 * @param {Record<string, any>} record as progress.entries() gives it
 * @returns {{page: string, question: string, left: number}[]} page: "articles/x/" or "articles/x/#1" for a second set
 */
export function schedule(record, today) {
  const found = [];
  for (const [key, answers] of Object.entries(record)) {
    if (!key.startsWith("quiz:") || !answers) continue;
    const page = key.slice("quiz:".length);
    const asked = record[`asked:${page}`] ?? {};
    for (const question of Object.keys(answers)) found.push({ page, question, left: daysLeft(asked[question], today) });
  }
  return found.sort((one, other) => one.left - other.left || one.page.localeCompare(other.page) || one.question.localeCompare(other.question));
}

/** The questions that are due, of several pages where there are several: one page after the other in turn. */
export function due(record, today) {
  const byPage = new Map();
  for (const item of schedule(record, today)) {
    if (item.left <= 0) byPage.set(item.page, [...(byPage.get(item.page) ?? []), item]);
  }
  const rows = [...byPage.values()];
  const longest = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: longest }, (_, place) => rows.map((row) => row[place]).filter(Boolean)).flat();
}
