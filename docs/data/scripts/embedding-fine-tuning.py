"""Fine-tune an embedding model on pairs; measure it before and after.

Rows: one {"anchor": "a question", "positive": "its passage"} a line.
"""

from datasets import load_dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Settings
from sentence_transformers.evaluation import InformationRetrievalEvaluator
from sentence_transformers.losses import MultipleNegativesRankingLoss

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
ROWS = "rows.jsonl"
STEPS = -1  # -1: all epochs; 2: a trial

rows = load_dataset("json", data_files=ROWS, split="train")
rows = rows.train_test_split(test_size=0.2, seed=0)
model = SentenceTransformer(MODEL)
held_out = rows["test"]
passages = {*rows["train"]["positive"], *held_out["positive"]}  # search all of them
judge = InformationRetrievalEvaluator(
    queries={question: question for question in held_out["anchor"]},
    corpus={passage: passage for passage in passages},
    relevant_docs={row["anchor"]: {row["positive"]} for row in held_out},
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
