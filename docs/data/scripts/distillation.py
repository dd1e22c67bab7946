"""A student writes on your prompts; a teacher corrects it token by token.

Rows: one {"prompt": [{"role": "user", "content": "..."}]} a line.
"""

import torch
from datasets import load_dataset
from peft import LoraConfig
from trl import DistillationConfig, DistillationTrainer

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # the student
TEACHER = "HuggingFaceTB/SmolLM2-360M-Instruct"  # the same tokenizer
ROWS = "rows.jsonl"
STEPS = -1  # -1: all epochs; 2: a trial
LONGEST = 64  # tokens of an answer

rows = load_dataset("json", data_files=ROWS, split="train")
rows = rows.train_test_split(test_size=0.1, seed=0)  # a tenth to see when to stop
settings = DistillationConfig(
    output_dir="student",
    beta=1.0,  # 0 is forward KL, 1 is reverse KL
    max_completion_length=LONGEST,
    learning_rate=1e-4,  # for an adapter; about a tenth of it for all weights
    per_device_train_batch_size=4,
    num_train_epochs=3,
    max_steps=STEPS,
    logging_steps=1,
    eval_strategy="epoch",
    save_strategy="epoch",
    load_best_model_at_end=True,  # the checkpoint with the lowest held-out loss
    bf16=torch.cuda.is_available(),
    report_to="none",
)
adapter = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
trainer = DistillationTrainer(
    model=MODEL,
    teacher_model=TEACHER,
    args=settings,
    train_dataset=rows["train"],
    eval_dataset=rows["test"],
    peft_config=adapter,
)
trainer.train()
print("kept:", trainer.state.best_model_checkpoint)
print("held-out loss:", trainer.evaluate()["eval_loss"])
trainer.save_model("student")
