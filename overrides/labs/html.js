/**
 * HTML as strings, safe by default: whatever is put into html`...` is escaped unless it was made by html or raw.
 * The same functions run in node (first frame) and in the browser (every later one).
 */

/** A piece of HTML that needs no escaping. */
export class Safe {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * @param {unknown} value
 * @returns {string}
 */
export function escape(value) {
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/**
 * Marks text as HTML. Never for anything that came from a link, a reader or a parameter.
 * @param {string} text
 */
export function raw(text) {
  return new Safe(text);
}

/** @param {unknown} value */
function piece(value) {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Safe) return value.text;
  if (Array.isArray(value)) return value.map(piece).join("");
  return escape(value);
}

/**
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {Safe}
 */
export function html(strings, ...values) {
  let text = strings[0];
  values.forEach((value, i) => {
    text += piece(value) + strings[i + 1];
  });
  return new Safe(text);
}

/**
 * Replaces what an element holds.
 * @param {Element} element
 * @param {Safe} content
 */
export function setHtml(element, content) {
  if (!(content instanceof Safe)) throw new TypeError("setHtml takes the result of html``");
  element.innerHTML = content.text;
}

/**
 * As setHtml, but an element that stays in its place is kept and only changed, so that what moves can glide (labs.css).
 * @param {Element} element
 * @param {Safe} content
 */
export function changeHtml(element, content) {
  const made = document.createElement("template");
  setHtml(made, content);
  change(element, made.content);
}

/** @param {Element} old @param {Element | DocumentFragment} next */
function change(old, next) {
  if (old.childNodes.length !== next.childNodes.length) return old.replaceChildren(...next.childNodes);
  return [...next.childNodes].forEach((to, i) => {
    const from = /** @type {any} */ (old.childNodes[i]);
    if (from.nodeName !== to.nodeName) from.replaceWith(to);
    else if (!(to instanceof Element)) from.data = to.nodeValue;
    else {
      for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
      for (const name of from.getAttributeNames()) if (!to.hasAttribute(name)) from.removeAttribute(name);
      change(from, to);
    }
  });
}
