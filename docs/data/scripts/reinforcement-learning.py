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
    pairs = zip(last, result, strict=True)
    return [float(found == [wanted]) for found, wanted in pairs]


rows = load_dataset("json", data_files=ROWS, split="train")
settings = GRPOConfig(
    output_dir="adapter",
    learning_rate=1e-5,
    num_generations=ANSWERS,
    per_device_train_batch_size=ANSWERS,
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
trainer = GRPOTrainer(
    MODEL, right, settings, train_dataset=rows, peft_config=lora
)  # fmt: skip
trainer.train()
trainer.save_model()
for log in trainer.state.log_history:  # a group without spread teaches nothing
    if "reward" in log:
        print("reward:", log["reward"], "no spread:", log["frac_reward_zero_std"])

model = AutoPeftModelForCausalLM.from_pretrained("adapter").merge_and_unload()
model.save_pretrained("merged")
trainer.processing_class.save_pretrained("merged")
ask = pipeline("text-generation", "merged", do_sample=False)
answer = ask(rows[0]["prompt"], max_new_tokens=LONGEST)
print("answer:", answer[0]["generated_text"][-1]["content"])
