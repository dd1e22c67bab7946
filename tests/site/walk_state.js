() => {
  // The page as it is now: settings, what is shown of them, what the reader made, what lies over the instrument.
  const lab = document.querySelector("lab-view");
  const { spec, params, frame } = lab;
  const text = JSON.stringify;
  const isOwn = (param) => ["text", "file", "picks"].includes(param.kind);
  const shown = JSON.parse(lab.dataset.params);
  const differ = spec.params.map(({ name }) => name).filter((name) => name !== "train" && text(params[name]) !== text(shown[name]));
  const fields = spec.params.filter((param) => !isOwn(param)).flatMap(({ name }) => {
    const field = lab.querySelector(`[data-param="${name}"] :is([type="range"], [type="checkbox"], select)[name="${name}"]`);
    if (!field) return []; // a typed text stays as it was written
    const value = field.type === "checkbox" ? field.checked : field.value;
    return String(value) === String(params[name]) ? [] : [`${name} shows ${value}`];
  });
  const computed = Object.fromEntries(Object.entries(frame?.scalars ?? {}).map(([name, { value }]) => [name, value]));
  const numbers = spec.outputs.map(({ name }) => name).filter((name) => {
    const tile = lab.querySelector(`[data-output="${name}"]`);
    if (frame && !frame.final && !(name in frame.scalars)) return false; // a stopped run keeps what it had
    return frame && tile && tile.dataset.value !== (Number.isFinite(computed[name]) ? String(computed[name]) : "nan");
  });
  const box = lab.querySelector(".lab-instrument").getBoundingClientRect();
  const over = [];
  for (let i = 1; i < 8; i += 1) {
    for (let j = 1; j < 8; j += 1) {
      const [x, y] = [box.left + (box.width * i) / 8, box.top + (box.height * j) / 8];
      if (x < 0 || y < 50 || x >= innerWidth || y >= innerHeight) continue;
      const top = document.elementFromPoint(x, y);
      if (top && !lab.contains(top) && !top.contains(lab) && !top.closest(".md-top")) over.push(`${top.tagName}.${top.className} at ${x | 0}, ${y | 0}`);
    }
  }
  return {
    params, differ, fields, numbers, over, computed,
    own: Object.fromEntries(spec.params.filter(isOwn).map(({ name }) => [name, params[name]])),
    across: document.documentElement.scrollWidth - innerWidth,
    undo: !(lab.querySelector("[data-action=undo]")?.hidden ?? true),
    docked: lab.classList.contains("is-docked") && innerWidth < 960,
    ran: Boolean(frame?.params.train),
  };
}
