/** The plan in words: the rule that fired, its evidence, the steps, and the configuration to save. */

function plan(html, frame) {
  const said = JSON.parse(frame?.texts?.plan ?? "null");
  if (!said) return html`<p></p>`;
  return html`<h3>${said.title}</h3>
    <p>${said.reason}</p>
    <p><small>Rule: ${said.rule}. Evidence: ${said.evidence}.</small></p>
    <ol>${said.steps.map((step) => html`<li>${step}</li>`)}</ol>
    ${said.configuration ? html`<details><summary>decided.yaml</summary><pre tabindex="0" data-part="configuration">${said.configuration}</pre></details>` : ""}`;
}

export const render = ({ frame, html }) => html`<div data-part="plan" aria-live="polite">${plan(html, frame)}</div>`;

export function mount(slot, lab) {
  return lab.subscribe((frame) => {
    const open = slot.querySelector("details")?.open;
    lab.setHtml(slot.querySelector('[data-part="plan"]'), plan(lab.html, frame));
    const details = slot.querySelector("details");
    if (details && open) details.open = true;
  });
}
