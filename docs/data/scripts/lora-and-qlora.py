"""LoRA on your rows, over weights in four bits where there is an NVIDIA card."""

import torch
from datasets import load_dataset
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from trl import SFTConfig, SFTTrainer

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # a chat model of the Hub, or a folder
ROWS = "rows.jsonl"  # one {"messages": [...]} a line; the last message is the answer
STEPS = -1  # -1: all epochs; 2: a trial

card = torch.cuda.is_available()
dtype = torch.bfloat16 if card else torch.float32
nf4 = BitsAndBytesConfig(
    load_in_4bit=True,
    bnb_4bit_quant_type="nf4",
    bnb_4bit_use_double_quant=True,
    bnb_4bit_compute_dtype=torch.bfloat16,
)
weights = {"dtype": dtype, "quantization_config": nf4 if card else None}
model = AutoModelForCausalLM.from_pretrained(MODEL, **weights)
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
    optim="paged_adamw_8bit" if card else "adamw_torch",
    eval_strategy="epoch",
    bf16=card,
    report_to="none",
)
lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
trainer = SFTTrainer(
    model, settings, train_dataset=rows["train"], eval_dataset=rows["test"],
    processing_class=AutoTokenizer.from_pretrained(MODEL), peft_config=lora,
)  # fmt: skip
trainer.model.print_trainable_parameters()
trainer.train()
trainer.save_model()

base = AutoModelForCausalLM.from_pretrained(MODEL, dtype=dtype)  # 16 bits, not four
PeftModel.from_pretrained(base, "adapter").merge_and_unload().save_pretrained("merged")
