"""On one card of 16 GB: from a file of yours to a verdict and an exported model.

The base model answers held-out rows, an adapter is trained on the others, and the same
rows are asked again. The verdict counts a gain only where chance does not explain it.
"""

import random
from statistics import mean

import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline
from trl import SFTConfig, SFTTrainer

MODEL = "Qwen/Qwen2.5-1.5B-Instruct"  # 3 GB in 16 bits, Apache-2.0; or a folder
ROWS = "rows.jsonl"  # or .csv, .parquet: messages, or prompt and completion
STEPS = -1  # -1: all epochs; 2: a trial
LONGEST = 64  # tokens of an answer
GENERAL = "Paris is the capital of France, water freezes, and a week has seven days."


def chat(row):
    """A row's question and answer as turns."""
    asked = {"role": "user", "content": str(row.get("prompt"))}
    said = {"role": "assistant", "content": str(row.get("completion"))}
    *prompt, answer = row.get("messages") or [asked, said]
    return {"prompt": prompt, "completion": [answer]}


@torch.no_grad()
def ask(model):
    """Which held-out rows are answered word for word, and the loss on general text."""
    writer = pipeline("text-generation", model=model, tokenizer=tokenizer)
    right = []
    for row in rows["test"]:
        said = writer(row["prompt"], max_new_tokens=LONGEST, do_sample=False)
        answer = said[0]["generated_text"][-1]["content"].strip()
        right.append(answer == row["completion"][0]["content"].strip())
    ids = tokenizer(GENERAL, return_tensors="pt").to(model.device)
    return right, model(**ids, labels=ids["input_ids"]).loss.item()


kind = ROWS.rsplit(".", 1)[-1].replace("jsonl", "json")
rows = load_dataset(kind, data_files=ROWS, split="train")
rows = rows.map(chat, remove_columns=rows.column_names).train_test_split(0.2, seed=0)
gpu = torch.cuda.is_available()
new = gpu and torch.cuda.get_device_capability()[0] >= 8  # a T4 has no bfloat16
dtype = torch.bfloat16 if new else torch.float16 if gpu else torch.float32
model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=dtype, device_map="auto")
tokenizer = AutoTokenizer.from_pretrained(MODEL)
before, general = ask(model)

lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
settings = SFTConfig("adapter", learning_rate=2e-4, num_train_epochs=3, max_steps=STEPS,
                     bf16=new, fp16=gpu and not new, report_to="none")  # fmt: skip
trainer = SFTTrainer(model, settings, train_dataset=rows["train"], peft_config=lora)
trainer.train()
model = trainer.model.merge_and_unload().eval()
after, now = ask(model)

gains = [int(b) - int(a) for a, b in zip(before, after, strict=True)]
drawn = sorted(mean(random.choices(gains, k=len(gains))) for _ in range(2000))
print(f"exact: {mean(before):.0%} -> {mean(after):.0%} of {len(gains)} held-out rows")
print(f"gain, 95%: {drawn[50]:+.0%} to {drawn[1949]:+.0%}")
print(f"loss on general text: {general:.2f} -> {now:.2f}")
word = "gain" if drawn[50] > 0 else "no gain" if drawn[1949] <= 0 else "inconclusive"
print("verdict:", word, "with regression" if now > general + 0.1 else "")
model.save_pretrained("merged")  # transformers and vLLM read it; llama.cpp converts it
tokenizer.save_pretrained("merged")
print("exported: merged")
