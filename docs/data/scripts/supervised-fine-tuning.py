"""Fine-tune a chat model on your rows, ask the result a question, and merge it."""

import torch
from datasets import load_dataset
from peft import AutoPeftModelForCausalLM, LoraConfig
from transformers import pipeline
from trl import SFTConfig, SFTTrainer

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # a chat model of the Hub, or a folder
ROWS = "rows.jsonl"  # one {"messages": [...]} a line; the last message is the answer
STEPS = -1  # -1: all epochs; 2: a trial

rows = load_dataset("json", data_files=ROWS, split="train").map(
    lambda row: {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]},
    remove_columns="messages",  # with prompt and completion, TRL leaves the prompt out
)
rows = rows.train_test_split(test_size=0.1, seed=0)
settings = SFTConfig(
    output_dir="adapter",
    learning_rate=5e-4,  # for 135M parameters; 2e-4 for a 7B
    num_train_epochs=3,
    max_steps=STEPS,
    per_device_train_batch_size=4,
    eval_strategy="epoch",
    logging_steps=5,
    bf16=torch.cuda.is_available(),
    report_to="none",
)
lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
trainer = SFTTrainer(
    MODEL,
    settings,
    train_dataset=rows["train"],
    eval_dataset=rows["test"],
    peft_config=lora,
)
labels = next(iter(trainer.get_train_dataloader()))["labels"][0]
in_loss = trainer.processing_class.decode(labels[labels >= 0])
print("in the loss:", repr(in_loss))  # the answer and the stop token
trainer.train()
trainer.save_model()

model = AutoPeftModelForCausalLM.from_pretrained("adapter").merge_and_unload()
model.save_pretrained("merged")
trainer.processing_class.save_pretrained("merged")
ask = pipeline("text-generation", "merged", do_sample=False)
answer = ask(rows["test"][0]["prompt"], max_new_tokens=30)
print("answer:", answer[0]["generated_text"][-1]["content"])
