// <symptom-filter>: a box over a table; a line stays while it has every word that is typed.
class SymptomFilter extends HTMLElement {
  connectedCallback() {
    const [box, input, count] = ["p", "input", "[role=status]"].map((part) => this.querySelector(part));
    const lines = [...this.querySelectorAll("tbody tr")];
    box.hidden = false;
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const line of lines) {
        const text = line.textContent.toLowerCase();
        line.hidden = !words.every((word) => text.includes(word));
      }
      const left = lines.filter((line) => !line.hidden).length;
      count.textContent = left === 1 ? "1 line" : `${left} lines`;
    });
  }
}

if (!customElements.get("symptom-filter")) customElements.define("symptom-filter", SymptomFilter);
