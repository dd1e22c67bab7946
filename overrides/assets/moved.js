// Questions that moved to another page: an answer that a reader gave before goes along. A page never uses the number of
// a question that left it again, so an answer under an old number is always of the old question.

const RUNG = "quiz:articles/10-fine-tuning/rlhf-dpo-grpo/";
const PAIRS = "quiz:articles/10-fine-tuning/preference-tuning/";
const TRIALS = "quiz:articles/10-fine-tuning/reinforcement-learning/";

/** Of a self-check, by its key: where each question that left it stands now, [key, number]. */
export const MOVED = {
  [RUNG]: { 0: [PAIRS, 0], 1: [PAIRS, 1], 2: [TRIALS, 0], 3: [PAIRS, 2] },
};

/**
 * Takes stored answers to where their questions stand now. An answer that stands there already stays.
 * @param {{read: (key: string) => any, write: (key: string, value: any) => boolean}} storage
 */
export function carry({ read, write }) {
  for (const [from, questions] of Object.entries(MOVED)) {
    const answers = read(from) ?? {};
    const left = { ...answers };
    for (const [number, [key, place]] of Object.entries(questions)) {
      if (number in answers && write(key, { [place]: answers[number], ...read(key) })) delete left[number];
    }
    if (Object.keys(left).length === Object.keys(answers).length) continue;
    write(from, Object.keys(left).length ? left : null);
  }
}
