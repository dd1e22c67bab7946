"""Load rows, drop the unfit and near-repeats, split, say what was left out.

A repeat with another answer goes to differ.jsonl, beside the row that was kept.

Rows: one {"prompt": "...", "completion": "..."} a line, more columns if you like.
"""

import json

from datasets import load_dataset

ROWS = "rows.jsonl"


def runs(text: str) -> set[tuple[str, ...]]:
    """Its runs of three words, in lower case, without marks at the words' ends."""
    words = [word.strip(".,;:!?\"'()").lower() for word in text.split()]
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


rows = load_dataset("json", data_files=ROWS, split="train")
said = ("prompt", "completion")
fit = rows.filter(lambda row: all((row[part] or "").strip() for part in said))
kept, seen, differ = [], [], []  # all pairs are compared: for some thousand rows
for place, row in enumerate(fit):
    mine = runs(row["prompt"])
    near = [len(mine & other) / len(mine | other) >= 0.7 for other in seen]
    if not any(near):
        kept.append(place)
        seen.append(mine)
        continue
    first = fit[kept[near.index(True)]]  # the row that this one repeats
    if first["completion"].strip() != row["completion"].strip():
        differ.append(json.dumps({"kept": first, "left_out": row}, default=str))
with open("differ.jsonl", "w", encoding="utf-8") as file:
    file.writelines(line + "\n" for line in differ)
parts = fit.select(kept).train_test_split(0.1, seed=0)  # no repeat lands in both
for name, part in parts.items():
    part.to_json(f"{name}.jsonl")
    print(f"{name}.jsonl: {len(part)} rows")
empty, repeats = len(rows) - len(fit), len(fit) - len(kept)
print(f"left out: {empty} without a prompt or an answer, {repeats} near-repeats")
print(f"{len(differ)} of them answered differently: read differ.jsonl")
