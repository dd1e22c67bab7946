/** A reader's rows: one a line, as JSON, or as question and answer with a tab or " => " between them. */

export const MOST_ROWS = 50;

/**
 * @param {string} text
 * @returns {{rows: {messages: {role: string, content: string}[]}[], faults: string[]}}
 */
export function parseRows(text) {
  const rows = [];
  const faults = [];
  text.split("\n").forEach((line, place) => {
    if (!line.trim()) return;
    try {
      rows.push({ messages: line.trim().startsWith("{") ? fromJson(JSON.parse(line)) : fromPair(line) });
    } catch (error) {
      faults.push(`Line ${place + 1}: ${error instanceof SyntaxError ? "this is not JSON." : error.message}`);
    }
  });
  if (rows.length > MOST_ROWS) faults.push(`${rows.length} rows: at most ${MOST_ROWS} can be learnt here.`);
  return { rows, faults };
}

function fromPair(line) {
  const [question, answer, ...more] = line.split(/\t| => /);
  if (!question?.trim() || !answer?.trim() || more.length) throw new Error("write the question, then =>, then the answer.");
  return chat(question.trim(), answer.trim());
}

function chat(question, answer) {
  return [{ role: "user", content: question }, { role: "assistant", content: answer }];
}

function fromJson(row) {
  if (typeof row.prompt === "string" && typeof row.completion === "string") return chat(row.prompt, row.completion);
  const turns = row.messages;
  if (!Array.isArray(turns) || turns.some((turn) => typeof turn?.content !== "string" || !["system", "user", "assistant"].includes(turn.role))) {
    throw new Error("a row is {\"messages\": [...]} or {\"prompt\", \"completion\"}.");
  }
  if (turns.at(-1)?.role !== "assistant") throw new Error("the last turn is not the assistant's.");
  return turns;
}

/** The chosen files; the field is emptied, so that the same file, once it was mended, is a change too. */
export function taken(input) {
  const files = [...input.files];
  input.value = "";
  return files;
}
