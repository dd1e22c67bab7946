"""What ``--help`` says of each command that trains, and the configuration it takes when none is named."""

from training.run.arguments import DEFAULT_CONFIG

DEFAULTS = {
    "train": DEFAULT_CONFIG,
    "sft": DEFAULT_CONFIG,
    "dpo": "training/configs/dpo/smollm2_shift_notes.yaml",
    "grpo": "training/configs/grpo/smollm2_shown_sums.yaml",
    "reward": "training/configs/reward/smollm2_shift_notes.yaml",
    "distill": "training/configs/distill/smollm2_text.yaml",
    "embed": "training/configs/embed/minilm_workshop.yaml",
}

ABOUT = {
    "train": """Data, probe, training, evaluation before and after, gate, report: one command, one folder.

The probe asks first whether the base model needs training at all, judged by the better of no and a few examples in
the prompt; if not, it stops with exit code 13 (--anyway trains all the same, and the run then shows what came of it).
The gate compares after with before on the task and on general text, and the report says it in one sentence.

  python -m training train --config training/configs/sft/smollm2_orders.yaml --dry-run
  python -m training train --config training/configs/sft/smollm2_orders.yaml --seed 1
  python -m training train --config FILE data.train_file=rows.jsonl
  python -m training train --config FILE --overfit 4      (learns four rows by heart in a minute, or says why not)

Exit codes: 0 ship, 10 gain with regression, 11 no gain, 12 inconclusive, 13 don't train, 130 interrupted: the
command that resumes the run is printed, and finished phases are not done again.""",
    "sft": """Train an adapter on rows of messages, and nothing else: no probe before, no evaluation after (the command
train does all of it). The folder holds adapter/, config.yaml, log.jsonl and report.json.

  python -m training sft --config training/configs/sft/smollm2_orders.yaml --dry-run
  python -m training sft --config training/configs/sft/smollm2_orders.yaml train.learning_rate=5e-4 --seed 1
  accelerate launch --config_file training/configs/accelerate/fsdp.yaml -m training sft --config FILE
  torchrun --standalone --nproc_per_node=2 -m training sft --config FILE     (two processes on one CPU)

Ctrl-C saves after the step and prints the command that resumes the run (exit code 130). A run that was killed
resumes from its last checkpoint and ends with the same weights as an uninterrupted run.""",
    "dpo": """Preference optimisation on pairs of a better and a worse answer: probe, training, evaluation before and
after, win rate, KL divergence, gate, report.

dpo.pairs says where they come from: synthetic (by the task's rules), on_policy (the model's own answers, best against
worst), or a file of {"prompt", "chosen", "rejected"} rows. The reference is the model as it stood before: untouched,
after dpo.warm_start_rows, or, with dpo.rounds, after the round before.

  python -m training dpo --config training/configs/dpo/smollm2_shift_notes.yaml --dry-run
  python -m training dpo --config training/configs/dpo/smollm2_naive.yaml     (a rule that misses the point)
  python -m training dpo --config training/configs/dpo/smollm2_with_examples.yaml      (examples stay in the prompt)
  python -m training dpo --config training/configs/dpo/smollm2_on_policy.yaml dpo.rounds=2
  python -m training dpo --config FILE task=jsonl dpo.pairs=file data.train_file=pairs.jsonl \\
    data.heldout_files='{test: test_rows.jsonl}'

Win rate, length and perplexity can look good while the text is broken: read the printed answers, too.""",
    "grpo": """Sample several answers to each question, score them by a function, and make the better ones likelier.

grpo.reward names functions of training/data/rewards.py (joined by +) or the task's own score. A reward that raises or
returns NaN is reported by sample, and that answer counts for nothing. log.jsonl has each step's reward, the share of
groups without any difference (nothing to learn from), entropy and length.

A reward that is earned too rarely gives no gradient; grpo.warm_start_rows first trains on a few supervised
rows, and the gain is then also compared with what those rows give alone.

  python -m training grpo --config training/configs/grpo/smollm2_shown_sums.yaml --dry-run
  python -m training grpo --config training/configs/grpo/smollm2_sums.yaml       (the bare number)
  python -m training grpo --config training/configs/grpo/smollm2_loophole.yaml   (a reward without solving the task)
  python -m training grpo --config training/configs/grpo/smollm2_cold.yaml       (no warm start)""",
    "reward": """Train a model that gives an answer one number: more for the better one, by
-log sigmoid(r_better - r_worse).

Judged on held-out pairs: accuracy with its interval against two controls (the best rule on length alone, and the head
before training), accuracy on pairs of equal length, calibration, correlation with length. The gate asks for a gain
over the better control, for more than half right where length cannot help, and for calibration.

  python -m training reward --config training/configs/reward/smollm2_shift_notes.yaml --dry-run
  python -m training reward --config training/configs/reward/smollm2_noisy.yaml     (a quarter of the choices flipped)
  python -m training reward --config FILE task=jsonl reward.pairs=file data.train_file=pairs.jsonl \\
      data.heldout_files='{test: test_pairs.jsonl}'""",
    "distill": """Cut a student from the teacher's layers and teach it in several ways, each from the same start, on the
same rows for as many steps: hard labels (the control), soft labels with T and alpha, the teacher's own text, on-policy.

Judged on held-out rows against the control: next-token accuracy (or the task's score), cross-entropy, divergence from
the teacher. Of the teacher its last hidden states are kept (exact, since one head serves both), or with distill.top_k
the likeliest tokens and the exact mass of the rest.

  python -m training distill --config training/configs/distill/smollm2_text.yaml --dry-run
  python -m training distill --config training/configs/distill/smollm2_text.yaml distill.temperature=2 distill.alpha=0.5
  python -m training distill --config training/configs/distill/smollm2_sequence.yaml
  python -m training distill --config training/configs/distill/smollm2_orders.yaml \\
      distill.teacher_adapter=runs/RUN/adapter

Soft labels help where several answers are right and rows are few; in smollm2_orders.yaml only one answer is right.""",
    "embed": """Fine-tune an embedding model so that a question lies near the passage that answers it (InfoNCE, which
sentence-transformers calls MultipleNegativesRankingLoss), against the other passages of the batch or mined ones.

Judged against the base model on held-out questions (recall at 1 and 10, MRR, nDCG at 10, with BM25 beside it) and
on a general set that nothing here trains for. The gate asks for a gain in MRR and for general retrieval that has not
fallen by more than embed.general_margin.

  python -m training embed --config training/configs/embed/minilm_workshop.yaml --dry-run
  python -m training embed --config training/configs/embed/minilm_workshop.yaml embed.negatives=batch
  python -m training embed --config training/configs/embed/smollm2_workshop.yaml   (a language model as embedder)
  python -m training embed --config FILE task=jsonl embed.pairs=file data.train_file=pairs.jsonl \\
      data.heldout_files='{test: test_pairs.jsonl}'

  accelerate launch --multi_gpu --num_processes 8 -m training embed --config FILE   (trains; one process measures)

A row of a file is {"anchor": question, "positive": passage} with or without a "negative".""",
}
