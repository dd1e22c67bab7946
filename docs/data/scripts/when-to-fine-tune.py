"""Score a base model: without examples, and with four."""

import json
from math import sqrt

from transformers import pipeline

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # a chat model of the Hub, or a folder
ROWS = "rows.jsonl"  # one {"messages": [...]} a line; the last message is the answer
SHOWN = 4  # examples in the prompt
LONGEST = 64  # tokens of an answer

with open(ROWS, encoding="utf-8") as file:
    rows = [json.loads(line)["messages"] for line in file if line.strip()]
shown, asked = rows[:SHOWN], rows[SHOWN:]  # an example is never asked
ask = pipeline("text-generation", MODEL, do_sample=False)


def interval(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share, at 95%."""
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


for name, examples in (("no examples", []), (f"{SHOWN} examples", shown)):
    before = [message for row in examples for message in row]
    exact = content = 0
    for row in asked:
        chat = before + row[:-1]
        said = ask(chat, max_new_tokens=LONGEST)[0]["generated_text"][-1]["content"]
        wanted = row[-1]["content"].strip()
        exact += said.strip() == wanted
        content += wanted.lower() in said.lower()  # right, whatever stands around it
    n = len(asked)
    low, high = interval(exact, n)
    print(f"{name}: exact {exact}/{n} [{low:.0%}, {high:.0%}], content {content}/{n}")
