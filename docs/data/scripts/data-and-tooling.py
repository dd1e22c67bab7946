"""Load rows, drop the unfit and the near-repeats, split by question, and say what was left out.

Rows: one {"prompt": "...", "completion": "..."} a line, with other columns as you like.
"""

from datasets import load_dataset

ROWS = "rows.jsonl"


def runs(text: str) -> set[tuple[str, ...]]:
    """The text's runs of three words, in lower case and without punctuation at the ends of words."""
    words = [word.strip(".,;:!?\"'()").lower() for word in text.split()]
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


rows = load_dataset("json", data_files=ROWS, split="train")
fit = rows.filter(lambda row: bool((row["prompt"] or "").strip() and (row["completion"] or "").strip()))
kept, seen = [], []  # all pairs are compared: enough for some thousand rows
for place, prompt in enumerate(fit["prompt"]):
    mine = runs(prompt)
    if all(len(mine & other) / len(mine | other) < 0.7 for other in seen):
        kept.append(place)
        seen.append(mine)
parts = fit.select(kept).train_test_split(0.1, seed=0)  # near-repeats are gone, so none of them is in both
for name, part in parts.items():
    part.to_json(f"{name}.jsonl")
    print(f"{name}.jsonl: {len(part)} rows")
print(f"left out: {len(rows) - len(fit)} without a prompt or an answer, {len(fit) - len(kept)} near-repeats")
