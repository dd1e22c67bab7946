"""Train a chat model on your pairs with DPO; print margin and chosen; merge."""

import torch
from datasets import load_dataset
from peft import AutoPeftModelForCausalLM, LoraConfig
from transformers import pipeline
from trl import DPOConfig, DPOTrainer

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # a chat model of the Hub, or a folder
ROWS = "rows.jsonl"  # one {"prompt": [...], "chosen": [...], "rejected": [...]} a line
STEPS = -1  # -1: all epochs; 2: a trial

rows = load_dataset("json", data_files=ROWS, split="train")
rows = rows.train_test_split(test_size=0.1, seed=0)
settings = DPOConfig(
    output_dir="adapter",
    learning_rate=1e-5,
    beta=0.1,
    loss_type=["sigmoid", "sft"],  # DPO, and a term that keeps the chosen answer likely
    loss_weights=[1.0, 0.2],
    num_train_epochs=1,
    max_steps=STEPS,
    per_device_train_batch_size=4,
    eval_strategy="epoch",
    logging_steps=5,
    bf16=torch.cuda.is_available(),
    report_to="none",
)
lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
trainer = DPOTrainer(
    MODEL,
    args=settings,
    train_dataset=rows["train"],
    eval_dataset=rows["test"],
    peft_config=lora,  # with the adapter switched off, the same model is the reference
)
trainer.train()
trainer.save_model()
for log in trainer.state.log_history:  # read these two side by side
    if "eval_logps/chosen" in log:
        print("margin:", log["eval_rewards/margins"])
        print("chosen, log-probability:", log["eval_logps/chosen"])

model = AutoPeftModelForCausalLM.from_pretrained("adapter").merge_and_unload()
model.save_pretrained("merged")
trainer.processing_class.save_pretrained("merged")
ask = pipeline("text-generation", "merged", do_sample=False)
answer = ask(rows["test"][0]["prompt"], max_new_tokens=60)
print("answer:", answer[0]["generated_text"][-1]["content"])
