"""``python -m training embed``: an embedding model for your own notion of near, from pairs to verdict."""

from __future__ import annotations

HELP = "tune an embedding model on questions and passages"
ABOUT = """Tune an embedding model so that a question lies near the passage that answers it (InfoNCE, which
sentence-transformers calls MultipleNegativesRankingLoss), against the other passages of the batch or mined ones.

Judged against the untrained model on held-out questions (recall at 1 and 10, MRR, nDCG at 10, with BM25 beside it) and
on a general set that nothing here trains for. The gate asks for a gain in MRR and for general retrieval that has not
fallen by more than embed.general_margin.

  python -m training embed --config training/configs/embed/minilm_workshop.yaml --dry-run
  python -m training embed --config training/configs/embed/minilm_workshop.yaml embed.negatives=batch
  python -m training embed --config training/configs/embed/smollm2_workshop.yaml   (a language model as embedder)
  python -m training embed --config FILE task=jsonl embed.pairs=file data.train_file=pairs.jsonl \\
      data.heldout_files='{test: test_pairs.jsonl}'

  accelerate launch --multi_gpu --num_processes 8 -m training embed --config FILE   (trains; one process measures)

A row of a file is {"anchor": question, "positive": passage} with or without a "negative"."""
DEFAULT = "training/configs/embed/minilm_workshop.yaml"


def add_arguments(parser) -> None:
    """The common arguments."""
    from training.cli import add_common

    add_common(parser)


def run(args) -> int:
    """All phases; the exit code is the gate's."""
    from training import method_pipeline, sft_command

    if sft_command.launched(args):
        args.config = args.config or (None if args.resume else DEFAULT)
        return sft_command.train_alone(args, "embed")
    return method_pipeline.run(args, "embed", DEFAULT, phases)


def phases(config, folder, loaded, rows, args) -> None:
    """Before, training, after, verdict."""
    from training import embed_measures, runtime

    if folder.read_before() is None:
        with runtime.phase("before", folder.log):
            folder.keep_before(embed_measures.measure(config, rows, loaded.model))
    tuned = tuned_model(config, folder, loaded, rows, args)
    with runtime.phase("after", folder.log):
        after = embed_measures.measure(config, rows, tuned)
    write(config, folder, rows, folder.read_before(), after)


def tuned_model(config, folder, loaded, rows, args):
    """The model as it lies on the disk, trained first where that is not done."""
    from training import embed, embed_model, runtime

    if "train" in folder.read():
        runtime.say("· training: taken from the interrupted run")
        return embed_model.attach(config, loaded, folder)
    folder.begin_training()
    with runtime.phase("training", folder.log):
        checkpoint = folder.last_checkpoint() if args.resume else None
        embed.train(config, rows.train, loaded, folder, checkpoint, "embed")
    return embed_model.attach(config, embed_model.load_base(config, loaded.dtype), folder)


def write(config, folder, rows, before: dict, after: dict) -> None:
    """Figures, verdict and tables into the report; every question into predictions.jsonl."""
    from training import embed_measures as measures
    from training import runtime

    found = {name: measures.compare(before[name]["places"]["full"], after[name]["places"]["full"]) for name in after}
    first = next(iter(found))
    kinds = measures.corpus(rows.heldout[first])[3]
    section = {
        "by_kind": measures.by_kind(kinds, before[first]["places"]["full"], after[first]["places"]["full"]),
        "cut": {str(width): {name: measures.compare(before[name]["places"][str(width)],
                                                    after[name]["places"][str(width)]) for name in after}
                for width in config.embed.cut},
        "bm25": measures.word_search(config, rows),
    }  # fmt: skip
    folder.update("eval", found)
    folder.update("embed", section)
    folder.update("tables", {"embed": measures.tables(section, found)})
    folder.update("gate", measures.gate(found, config))
    runtime.say(*measures.lines(found, section["by_kind"]))
    write_predictions(config, folder, rows, before, after)


def write_predictions(config, folder, rows, before: dict, after: dict) -> None:
    """One line a question: the place of its passage before and after, and what stands first instead."""
    import json

    from training import embed_measures as measures

    with open(folder.predictions, "w", encoding="utf-8") as stream:
        for name, part in measures.sets_of(config, rows).items():
            questions, passages, right, kinds = measures.corpus(part)
            for number, question in enumerate(questions):
                line = {"set": name, "arm": "embed", "id": str(number), "kind": kinds[number], "question": question,
                        "right": [passages[p] for p in right[number]],
                        "place_before": before[name]["places"]["full"][number],
                        "place": after[name]["places"]["full"][number],
                        "first": passages[after[name]["first"][number]]}  # fmt: skip
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
