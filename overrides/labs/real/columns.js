/** The two columns: tokens as they come, how likely each was, and the first place where the two answers part. */

/** Bytes of a token, sent as Latin-1, for a token may be part of a sign. */
const bytesOf = (text) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
/** Share of a token's probability to one of five steps of its colour. */
const shade = (probability) => Math.min(4, Math.floor(probability * 5));
export const percent = (probability) => (probability >= 0.995 ? "over 99%" : `${Math.max(1, Math.round(100 * probability))}%`);

export class Columns {
  constructor(page) {
    this.page = page;
    this.begin([]);
  }

  begin(turns) {
    this.tokens = { base: [], tuned: [] };
    this.decoders = {};
    if (!turns.length) return;
    this.page.part("asked").textContent = turns.at(-1).content;
    this.page.part("parted").textContent = "";
    for (const writer of ["base", "tuned"]) {
      this.page.part(`answer-${writer}`).replaceChildren();
      this.page.part(`mark-${writer}`).textContent = "";
      this.decoders[writer] = new TextDecoder();
    }
  }

  add({ writer, token }) {
    const [id, spelt, probability] = token;
    const end = spelt === "";
    const text = end ? "" : this.decoders[writer].decode(bytesOf(spelt), { stream: true });
    const list = this.tokens[writer];
    list.push({ id, text, probability, end });
    const shown = document.createElement("span");
    shown.className = `rm-token rm-token--${shade(probability)}`;
    shown.textContent = end ? "■" : text;
    const other = this.tokens[writer === "base" ? "tuned" : "base"][list.length - 1];
    shown.title = `${end ? "the end of the answer" : JSON.stringify(text)}: ${percent(probability)}`;
    this.page.part(`answer-${writer}`).append(shown);
    if (other) this.#part(list.length - 1);
  }

  /** Marks the first place where the answers part, once both have come so far. */
  #part(place) {
    const [left, right] = [this.tokens.base[place], this.tokens.tuned[place]];
    if (this.page.part("parted").textContent || left.id === right.id) return;
    const name = ({ end, text }) => (end ? "the end" : `“${text}”`);
    this.page.part("parted").textContent =
      `They part at token ${place + 1}: the base model writes ${name(left)} (${percent(left.probability)}), the tuned one ${name(right)} (${percent(right.probability)}).`;
    for (const writer of ["base", "tuned"]) this.page.part(`answer-${writer}`).children[place].classList.add("rm-token--parts");
  }

  end(stopped) {
    if (!stopped && !this.page.part("parted").textContent) this.page.part("parted").textContent = "The two answers are the same, token by token.";
    const whole = (writer) => this.tokens[writer].map(({ text }) => text).join("");
    return { base: whole("base"), tuned: whole("tuned") };
  }

  mark(writer, right) {
    const mark = this.page.part(`mark-${writer}`);
    mark.textContent = right ? "✓ right" : "✗ wrong";
    mark.dataset.right = right;
  }
}
