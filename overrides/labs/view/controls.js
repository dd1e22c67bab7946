/** Native controls for parameters. The control that carries the parameter's name always holds its very value. */

import { paramText } from "../format.js";
import { html, raw } from "../html.js";
import { boundsOf, isLinked } from "../state.js";

/** Whether a parameter gets a control at all. */
export function hasControl(param) {
  return !param.hidden && param.kind !== "picks" && !(param.kind === "switch" && param.name === "train");
}

/** @param {string} slug @param {{name: string}} param */
export function controlId(slug, param) {
  return `lab-${slug}-${param.name}`;
}

/** Value of a logarithmic slider's thumb (its own scale is the logarithm). */
export function thumbOf(param, value) {
  return param.scale === "log" ? Number(Math.log10(value).toFixed(6)) : value;
}

/** The inverse of thumbOf, rounded to three digits, within the bounds. */
export function valueOfThumb(param, thumb, params) {
  if (param.scale !== "log") return thumb;
  const { min, max } = boundsOf(param, params);
  const whole = Number.isInteger(param.step) && Number.isInteger(param.min);
  const value = Number((10 ** thumb).toPrecision(3));
  return Math.max(min, Math.min(max, whole ? Math.round(value) : value));
}

const described = (id, param) => (param.help ? html` aria-describedby="${id}-help"` : "");

function bounds({ min, max, step }) {
  return html`${min === null ? "" : html` min="${min}"`}${max === null ? "" : html` max="${max}"`} step="${step || "any"}"`;
}

/** A field for a number as people write it: a number field would drop the comma of 0,55 and leave 055. */
const EXACT = raw('type="text" inputmode="decimal" autocomplete="off" class="lab-exact"');

function range(id, param, params) {
  const value = params[param.name];
  const limits = boundsOf(param, params);
  const text = paramText(param, value);
  if (param.scale === "log") {
    const [low, high] = [Math.log10(limits.min), Math.log10(limits.max)];
    return html`<input type="range" id="${id}-thumb" data-thumb="${param.name}" aria-label="${param.label}, slider" min="${
      thumbOf(param, limits.min)}" max="${thumbOf(param, limits.max)}" step="${Number(((high - low) / 200).toPrecision(3))}" value="${
      thumbOf(param, value)}" aria-valuetext="${text}"><input ${EXACT} id="${id}" name="${param.name}" value="${value}"${described(id, param)}>`;
  }
  return html`<input type="range" id="${id}" name="${param.name}"${bounds(limits)} value="${value}" aria-valuetext="${text}"${
    described(id, param)}><input ${EXACT} data-exact="${param.name}" aria-label="${param.label}, exact value" value="${value}">`;
}

const FIELD = {
  range,
  choice: (id, param, params) => html`<select id="${id}" name="${param.name}"${described(id, param)}>${param.choices.map(
    ([value, label]) => html`<option value="${value}"${String(value) === String(params[param.name]) ? html` selected` : ""}>${label}</option>`)}</select>`,
  switch: (id, param, params) => html`<input type="checkbox" id="${id}" name="${param.name}"${params[param.name] ? html` checked` : ""}${described(id, param)}>`,
  seed: (id, param, params) => html`<input ${EXACT} id="${id}" name="${param.name}" value="${params[param.name]}"${described(id, param)}><button type="button" class="lab-button" data-action="new-seed" data-for="${
    param.name}">Another</button>`,
  text: (id, param, params) => html`<textarea id="${id}" name="${param.name}" rows="4" spellcheck="false"${described(id, param)}>${
    params[param.name]}</textarea>`,
  file: (id, param) => html`<input type="file" id="${id}" name="${param.name}"${described(id, param)}>`,
};

const LONG = 31; // letters that no rail is wide enough for, as far as the build can tell

/** The chosen text of a choice where it is too long for its select, which would cut it off; "" where there is none. */
function longText(param, value) {
  const text = param.kind === "choice" ? param.choices.find(([name]) => String(name) === String(value))?.[1] ?? "" : "";
  return text.length > LONG ? text : "";
}

/**
 * @param {string} slug
 * @param {boolean} [isMain] whether a preset, a prediction or a challenge uses it
 */
export function drawControl(slug, param, params, isMain = false) {
  const id = controlId(slug, param);
  const unit = param.unit ? html` <span class="lab-unit">${param.unit}</span>` : "";
  const stays = isLinked(param) ? "" : html` Stays in this browser; never in links.`;
  const text = longText(param, params[param.name]);
  return html`<div class="lab-control lab-control--${param.kind}" data-param="${param.name}"${text ? html` data-chosen="${text}"` : ""}${isMain ? raw(" data-main") : ""}><div class="lab-label"><label for="${id}">${
    param.label}</label>${unit}</div><div class="lab-field">${FIELD[param.kind](id, param, params)}</div>${
    param.help || stays ? html`<p class="lab-help" id="${id}-help">${param.help}${stays}</p>` : ""}</div>`;
}

/**
 * Brings the controls to some settings, but never the one that the reader is typing in.
 * @param {Element} root
 */
export function syncControls(root, spec, params) {
  for (const param of spec.params.filter(hasControl)) {
    const holder = root.querySelector(`[data-param="${param.name}"]`);
    if (!holder || param.kind === "file") continue;
    const value = params[param.name];
    const limits = boundsOf(param, params);
    for (const input of holder.querySelectorAll("input, select, textarea")) {
      if (input.type === "checkbox") input.checked = Boolean(value);
      else syncInput(input, param, value, limits);
    }
  }
}

function syncInput(input, param, value, limits) {
  const isThumb = Boolean(input.dataset.thumb);
  if (input.type === "range") {
    if (limits.max !== null) input.max = String(isThumb ? thumbOf(param, limits.max) : limits.max);
    input.setAttribute("aria-valuetext", paramText(param, value));
  }
  if (input === document.activeElement && input.type !== "range" && input.tagName !== "SELECT") return;
  const text = String(isThumb ? thumbOf(param, value) : value);
  if (input.value !== text) input.value = text;
  input.removeAttribute("aria-invalid");
}
