"""Train a chat model with GRPO against a reward function of yours, and merge it."""

import re

import torch
from datasets import load_dataset
from peft import AutoPeftModelForCausalLM, LoraConfig
from transformers import pipeline
from trl import GRPOConfig, GRPOTrainer

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # a chat model of the Hub, or a folder
ROWS = "rows.jsonl"  # one {"prompt": [...], "result": "41"} a line
STEPS = -1  # -1: all epochs; 2: a trial
ANSWERS = 8  # to one question
QUESTIONS = 4  # in an update
LONGEST = 64  # tokens of an answer


def right(completions, result, **columns):
    """1 where the last number of an answer is the result, else 0."""
    last = [re.findall(r"-?\d+", answer[-1]["content"])[-1:] for answer in completions]
    return [float(one == [wanted]) for one, wanted in zip(last, result, strict=True)]


rows = load_dataset("json", data_files=ROWS)["train"].train_test_split(0.1, seed=0)
settings = GRPOConfig(
    output_dir="adapter",
    learning_rate=1e-5,
    num_generations=ANSWERS,
    per_device_train_batch_size=ANSWERS,
    per_device_eval_batch_size=ANSWERS,
    eval_on_start=True,  # a tenth of the rows is held out, and only scored
    eval_strategy="epoch",
    gradient_accumulation_steps=QUESTIONS,
    max_completion_length=LONGEST,
    beta=0.0,  # above 0: a KL penalty
    num_train_epochs=1,
    max_steps=STEPS,
    logging_steps=1,
    bf16=torch.cuda.is_available(),
    report_to="none",
)
lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
data = {"train_dataset": rows["train"], "eval_dataset": rows["test"]}
trainer = GRPOTrainer(MODEL, right, settings, peft_config=lora, **data)
trainer.train()
trainer.save_model()
for log in trainer.state.log_history:  # a group without spread teaches nothing
    for name in ("eval_reward", "reward", "frac_reward_zero_std"):
        if name in log:  # eval_reward, on held-out rows: before and after
            print(f"{name}: {log[name]}")

model = AutoPeftModelForCausalLM.from_pretrained("adapter").merge_and_unload()
model.save_pretrained("merged")
trainer.processing_class.save_pretrained("merged")
ask = pipeline("text-generation", "merged", do_sample=False)
answer = ask(rows["test"][0]["prompt"], max_new_tokens=LONGEST)
print("answer:", answer[0]["generated_text"][-1]["content"])
