/** The plan in words: the rule that fired, its evidence, the steps, the configuration to save, and all the rules. */

/** Those that do not fit are struck out, the one that decides stands out, and what follows it is not asked any more. */
function rules(html, said) {
  if (!said) return html``;
  const { rules: all, rule } = said;
  const fired = all.findIndex(([name]) => name === rule);
  const line = ([name, plan], i) => (i < fired ? html`<s>${name}</s>` : i > fired ? html`${name}: ${plan}` : html`<strong>${name}: ${plan}</strong>`);
  return html`<details open class="lab-all"><summary>The rules, from top to bottom</summary><ol class="lab-rules">${all.map((one, i) => html`<li>${line(one, i)}</li>`)}</ol></details>`;
}

function plan(html, said) {
  if (!said) return html`<p></p>`;
  return html`<h3>${said.title}</h3>
    <p>${said.reason}</p>
    <p><small>Rule: ${said.rule}. Evidence: ${said.evidence}.</small></p>
    <ol>${said.steps.map((step) => html`<li>${step}</li>`)}</ol>
    ${said.configuration ? html`<details class="lab-yaml"><summary>decided.yaml</summary><pre tabindex="0" data-part="configuration">${said.configuration}</pre></details>` : ""}`;
}

const saidIn = (frame) => JSON.parse(frame?.texts?.plan ?? "null");
const PARTS = { plan, rules };

/** The rules are read where one wants to; only the plan is announced. */
export const render = ({ frame, html }) => html`<div data-part="plan" aria-live="polite">${plan(html, saidIn(frame))}</div><div data-part="rules">${rules(html, saidIn(frame))}</div>`;

export function mount(slot, lab) {
  return lab.subscribe((frame) => {
    const open = new Map([...slot.querySelectorAll("details")].map((details) => [details.className, details.open]));
    Object.entries(PARTS).forEach(([name, draw]) => lab.setHtml(slot.querySelector(`[data-part="${name}"]`), draw(lab.html, saidIn(frame))));
    slot.querySelectorAll("details").forEach((details) => (details.open = open.get(details.className) ?? details.open));
  });
}
