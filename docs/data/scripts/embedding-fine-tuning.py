"""Fine-tune an embedding model on pairs; measure it before and after.

Rows: one {"anchor": "a question", "positive": "its passage"} a line.
"""

import random

from datasets import load_dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Settings
from sentence_transformers.evaluation import InformationRetrievalEvaluator
from sentence_transformers.losses import MultipleNegativesRankingLoss

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
ROWS = "rows.jsonl"
STEPS = -1  # -1: all epochs; 2: a trial

rows = load_dataset("json", data_files=ROWS, split="train")
passages = sorted(set(rows["positive"]))  # all are searched
held = set(random.Random(0).sample(passages, max(1, len(passages) // 5)))
rows = {  # split by passage: none that is asked for in the test is trained on
    "train": rows.filter(lambda row: row["positive"] not in held),
    "test": rows.filter(lambda row: row["positive"] in held),
}
answers = {}  # of a question: one passage or several
for row in rows["test"]:
    answers.setdefault(row["anchor"], set()).add(row["positive"])
model = SentenceTransformer(MODEL)
judge = InformationRetrievalEvaluator(
    queries={question: question for question in answers},
    corpus={passage: passage for passage in passages},
    relevant_docs=answers,
    name="held-out",
)
before = judge(model)
settings = Settings(
    output_dir="embedder",
    num_train_epochs=1,
    max_steps=STEPS,
    per_device_train_batch_size=64,
    learning_rate=2e-5,
    warmup_steps=0.1,
    batch_sampler="no_duplicates",
    report_to="none",
)
loss = MultipleNegativesRankingLoss(model)
trainer = SentenceTransformerTrainer(model, settings, rows["train"], loss=loss)
trainer.train()
after = judge(model)
for name in ("held-out_cosine_recall@10", "held-out_cosine_mrr@10"):
    print(f"{name}: {before[name]:.3f} before, {after[name]:.3f} after")
model.save_pretrained("embedder")
