"""Every setting of a run, as frozen pydantic models: the whole vocabulary of the YAML files.

A field's ``description`` is what messages and editors show; its type and its bounds are checked on loading, and what
does not go together in the validators below.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from training.run.section import LATER, Number, Section, Text, Whole
from training.run.strict_yaml import shown

LARGEST_SEED = 2**32 - 1  # that numpy takes


def is_pissa(lora: LoraSettings | None) -> bool:
    """Whether A and B start from the weights, which then are not the base model's any more."""
    return lora is not None and lora.init_lora_weights != "default"


class ModelSettings(Section):
    """The model that is fine-tuned, and how it is held."""

    source: Text = Field(
        description="bundled:smollm2-135m-instruct, bundled:gemma3-270m (which asks for Gemma's terms),"
        " tiny-random:ARCHITECTURE, a folder, or a hub id"
    )  # fmt: skip
    revision: Text | None = Field(description="commit of a hub id (required there), otherwise null")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="how the weights are held; auto is bfloat16 where the device has it"
    )
    chat_template: Annotated[Text | None, LATER] = Field(
        None, description="another chat template than the model's own: a .jinja file, or one that TRL carries by its"
        " name, such as qwen2_5; a pretrained base has none of its own"
    )  # fmt: skip
    quantization: Literal["none", "nf4"] = Field("none", description="nf4 holds the frozen weights in 4 bits (QLoRA)")


class LoraSettings(Section):
    """The adapter: delta W = lora_alpha / r * B A on every targeted layer; variants in training/models/adapter.py."""

    r: Whole = Field(ge=1, le=1024, description="R, the inner width of the adapter")
    lora_alpha: Number = Field(ge=0, le=1e6, description="the update is scaled by lora_alpha / r")
    lora_dropout: Number = Field(0.0, ge=0, le=0.9, description="dropout on the adapter's input")
    target_modules: Text | list[Text] = Field(
        "all-linear", description="which linear layers carry an adapter: all-linear, a list of names such as [q_proj,"
        " v_proj], or a regular expression for a module's whole name"
    )  # fmt: skip
    layers_to_transform: Text | list[Whole] | None = Field(
        None, description="layers with an adapter, from 0: a list, or from:N for N and all above it (no gradient has to"
        " go below N); null: all"
    )  # fmt: skip
    target_parameters: Annotated[Text | list[Text] | None, LATER] = Field(
        None, description="which parameters of a mixture's experts carry an adapter: experts for all, or a list of"
        " names such as [experts.down_proj]; null: none"
    )  # fmt: skip
    use_rslora: bool = Field(False, description="rsLoRA: the update is scaled by lora_alpha / sqrt(r)")
    use_dora: bool = Field(
        False, description="DoRA: the length of each output's weights is trained apart from their direction"
    )
    init_lora_weights: Text = Field(
        "default", description="default: A random, B zero; pissa or pissa_niter_N: from the weights' largest singular"
        " vectors"
    )  # fmt: skip

    @model_validator(mode="after")
    def _adapters_have_a_place(self) -> Self:
        wanted, layers = self.target_modules, self.layers_to_transform
        if not wanted or (isinstance(wanted, str) and not _is_pattern(wanted)):
            raise ValueError("'lora.target_modules' must be all-linear, a list of names such as [q_proj, v_proj], or a"
                             f" regular expression, not {shown(wanted)}")  # fmt: skip
        if (
            isinstance(layers, str)
            and not re.fullmatch(r"from:\d{1,4}", layers)
            or layers == []
            or (isinstance(layers, list) and min(layers) < 0)
        ):
            raise ValueError("'lora.layers_to_transform' must be null, a list of layers from 0 on such as [8, 9], or"
                             f" from:N for layer N and all above it, not {shown(layers)}")  # fmt: skip
        if layers and isinstance(wanted, str) and wanted != "all-linear":
            raise ValueError("'lora.layers_to_transform' does not go with a regular expression, which sees a module's"
                             " whole name (PEFT); write the layers into 'lora.target_modules', or give a list of names"
                             )  # fmt: skip
        if not re.fullmatch(r"default|pissa|pissa_niter_[1-9]\d*", self.init_lora_weights):
            raise ValueError("'lora.init_lora_weights' must be default, pissa or pissa_niter_N (a quick SVD of N"
                             f" iterations, such as pissa_niter_16), not {self.init_lora_weights!r}")  # fmt: skip
        if self.use_dora and self.lora_dropout:
            raise ValueError(f"'lora.use_dora' with 'lora.lora_dropout' {self.lora_dropout} makes PEFT compute every"
                             " layer twice; set lora.lora_dropout=0")  # fmt: skip
        if self.use_dora and is_pissa(self):
            raise ValueError(f"'lora.init_lora_weights' {self.init_lora_weights} takes out of the weights what"
                             " 'lora.use_dora' measures; choose one of them")  # fmt: skip
        return self


def _is_pattern(text: str) -> bool:
    """Whether a text is all-linear or a regular expression."""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


class DataSettings(Section):
    """Where the rows come from."""

    train_file: Text | None = Field(None, description="JSONL of rows to train on; null asks the task's generator")
    heldout_files: dict[Text, Text] = Field(
        {}, description="name of a held-out set -> JSONL file; {} asks the task's generator"
    )
    n_train: Whole = Field(1000, ge=1, description="rows that the generator makes")
    n_heldout: Whole = Field(200, ge=1, description="rows of each held-out set")
    seed: Whole = Field(0, ge=0, description="seed of the generator")
    variant: Text = Field("default", description="which design of the training data")
    thoughts: Annotated[Literal["keep", "strip", "require"], LATER] = Field(
        "keep", description="what becomes of an assistant's thoughts (reasoning_content, or a <think> block): keep them"
        " as the chat template does, strip them, or require them of the last answer"
    )  # fmt: skip
    split_special_tokens: Annotated[bool, LATER] = Field(
        False, description="control tokens that stand inside a turn's text, such as <|im_end|>, are read as plain text"
    )
    replay_fraction: Number = Field(0.0, ge=0, le=1, description="general text per training row, against forgetting")
    replay_chats: Whole = Field(
        0, ge=0, description="ordinary questions with the bundled model's own answers, every second one as plain text,"
        " so that it keeps to the subject"
    )  # fmt: skip


class TrainSettings(Section):
    """The optimiser's walk, and the switches that make it quick without changing it."""

    learning_rate: Number = Field(ge=0, le=1, description="peak step size of AdamW")
    lr_scheduler_type: Literal["linear", "cosine", "constant_with_warmup"] = Field(
        description="how the learning rate falls after the warm-up"
    )
    warmup_steps: Number = Field(
        ge=0, le=1e6, description="steps that warm up; below 1: a share of the steps, as in transformers 5"
    )
    num_train_epochs: Number = Field(ge=0, le=1e6, description="passes over the rows")
    per_device_train_batch_size: Whole = Field(ge=1, description="rows of one micro-batch on one device")
    gradient_accumulation_steps: Whole = Field(ge=1, description="micro-batches of one step")
    weight_decay: Number = Field(ge=0, description="AdamW's pull towards zero")
    max_grad_norm: Number = Field(ge=0, description="largest norm of the gradient; 0 switches it off")
    seed: Whole = Field(ge=0, le=LARGEST_SEED, description="seed of the adapter's start and of the order of the rows")
    max_length: Whole = Field(ge=8, description="longest row in tokens; longer ones are refused by the data check")
    adam_beta2: Number = Field(
        0.999, ge=0, le=0.999999, description="AdamW's memory of squared gradients, about 1 / (1 - beta2) steps; below"
        " 1"
    )  # fmt: skip
    max_steps: Whole = Field(0, ge=0, description="stop after so many steps; 0 means after the epochs")
    sparse_logits: bool = Field(True, description="score the vocabulary only where a label stands")
    shared_prefix: bool = Field(True, description="run what all rows of a micro-batch begin with only once")
    train_sampling_strategy: Literal["group_by_length", "random"] = Field(
        "group_by_length", description="group_by_length puts rows of like length into one batch"
    )
    gradient_checkpointing: bool = Field(
        False, description="recompute activations in the backward pass: less memory, more time"
    )
    eval_steps: Annotated[Whole, LATER] = Field(
        0, ge=0, description="steps between two looks at the loss on held-out rows (sft); 0 takes none"
    )
    save_steps: Whole = Field(25, ge=1, description="steps between two points to go on from")
    optim: Literal["adamw_torch_fused", "paged_adamw_8bit"] = Field(
        "adamw_torch_fused", description="paged_adamw_8bit keeps AdamW's state in 8 bits (needs a GPU)"
    )

    @property
    def by_length(self) -> bool:
        """Whether rows of like length come into one batch."""
        return self.train_sampling_strategy == "group_by_length"


class JudgeSettings(Section):
    """The judge of ``task.scorer: judge``: a model at an OpenAI-compatible address."""

    url: Text = Field(description="its address, such as http://127.0.0.1:8000/v1")
    model: Text = Field(description="the model's name there")
    criterion: Text = Field("", description="what makes an answer better, in a sentence; '': what is asked")
    labels_file: Text | None = Field(
        None, description="JSONL of your own verdicts, {prompt, a, b, label: a, b or tie}; the judge is held to them"
    )
    key_from: Text = Field("OPENAI_API_KEY", description="environment variable that holds the key")


class TaskSettings(Section):
    """Rows of one's own and how they are scored; a task of the package is named by its name alone."""

    name: Text = Field("jsonl", description="module of training/data/tasks, or jsonl for rows of your own")
    scorer: Text | None = Field(
        None, description="how an answer is scored against the row's own: exact, normalized_exact, json (or json:FIELD,"
        "FIELD), number (or number:0.01, number:1%), contains, regex (or regex:PATTERN), choice (or choice:yes,no),"
        " FILE.py:FUNCTION of your own, or judge; null: the task's own"
    )  # fmt: skip
    shots_file: Text | None = Field(
        None, description="JSONL of worked examples for the few-shot control; null: rows of your own have none"
    )
    system: Text | None = Field(None, description="system turn of rows that have none; null: the task's own")
    judge: JudgeSettings | None = Field(None, description="the judge, where scorer is judge")

    @model_validator(mode="after")
    def _a_judge_has_an_address(self) -> Self:
        if (self.scorer == "judge") != (self.judge is not None):
            missing = "'task.judge' is missing" if self.judge is None else "'task.judge' is there without a judge"
            raise ValueError(f"{missing}; scorer: judge goes with a section judge with url and model")
        return self


class ProbeSettings(Section):
    """When the base model is judged good enough without training."""

    n: Whole = Field(50, ge=1, description="rows that are asked")
    exact_threshold: Number = Field(
        0.9, ge=0, le=1, description="share of exact answers from which on training is refused"
    )
    num_fewshot: Whole = Field(4, ge=0, description="examples in the prompt of the fair baseline")


class EvaluateSettings(Section):
    """How answers are made and scored; the same before and after."""

    per_device_eval_batch_size: Whole = Field(100, ge=1, description="prompts answered together")
    max_new_tokens: Whole = Field(80, ge=1, description="longest answer")
    num_fewshot: Whole = Field(4, ge=0, description="examples in the prompt of the fair baseline")
    base_rows: Whole = Field(
        0, ge=0, description="first rows of each set that the base model is asked, twice; 0 means all"
    )
    sets: list[Text] = Field([], description="the task's held-out sets to score; [] means all but a sealed one")
    refusals: Annotated[bool, LATER] = Field(
        False, description="ask thirty requests that a chat model should refuse, and thirty that only sound like it"
    )


class GateSettings(Section):
    """Margins stated before the run: what a gain may cost elsewhere."""

    cross_entropy_nats: Number = Field(0.05, ge=0, description="allowed rise on general text")
    multiple_choice_points: Number = Field(2.0, ge=0, description="allowed fall of the general test, in points")
    topicality_points: Number = Field(2.0, ge=0, description="allowed fall of on-topic answers, in points")
    refusals_points: Annotated[Number, LATER] = Field(
        5.0, ge=0, description="allowed fall of refusals, and rise of needless ones, in points (evaluate.refusals)"
    )


class Config(Section):
    """One run, whole."""

    name: Text = Field(description="first part of the run's name")
    method: Text = Field(description="how it is trained: sft here; dpo, reward, grpo, distill and embed add sections")
    task: Text | TaskSettings = Field(
        description="module of training/data/tasks, or jsonl for rows of your own; a section says how they are scored"
    )
    model: ModelSettings = Field(description="the model")
    lora: LoraSettings | None = Field(description="the adapter; null trains every weight")
    data: DataSettings = Field(description="the rows")
    train: TrainSettings = Field(description="the training")
    probe: ProbeSettings = Field(ProbeSettings(), description="is training needed at all?")
    evaluate: EvaluateSettings = Field(EvaluateSettings(), description="before and after")
    gate: GateSettings = Field(GateSettings(), description="what may not get worse")
    card: Annotated[Text | None, LATER] = Field(
        None, description="graphics card that the run is planned for, such as RTX 4090 or 24 GB; null: this machine"
    )  # fmt: skip
    report_to: Annotated[Literal["none", "trackio", "tensorboard", "wandb"], LATER] = Field(
        "none", description="who else gets each step's figures: none, trackio, tensorboard or wandb"
    )

    @property
    def task_name(self) -> str:
        """The task's name, however it is given."""
        return self.task if isinstance(self.task, str) else self.task.name

    @property
    def task_settings(self) -> TaskSettings:
        """The task as a section, however it is given."""
        return TaskSettings(name=self.task) if isinstance(self.task, str) else self.task

    @model_validator(mode="after")
    def _sections_go_together(self) -> Self:
        lora = self.lora
        if lora and lora.lora_dropout and self.train.shared_prefix:
            raise ValueError("'lora.lora_dropout' above 0 would drop the same units for all rows of a shared prefix;"
                             " set train.shared_prefix=false")  # fmt: skip
        if self.train.num_train_epochs == 0 and self.train.max_steps == 0:
            raise ValueError("'train.num_train_epochs' and 'train.max_steps' are both 0, so nothing would be trained;"
                             " raise one of them")  # fmt: skip
        if self.data.replay_chats and self.method != "sft":
            raise ValueError("'data.replay_chats' is for method sft; set it to 0")
        if self.model.quantization == "nf4" and lora is None:
            raise ValueError("weights held in 4 bits cannot be trained; give a 'lora' section")
        if self.name != Path(self.name).name or self.name.startswith("."):
            raise ValueError(f"'name' is part of a folder's name, not a path: {shown(self.name)}; write it without /"
                             " and without a dot in front")  # fmt: skip
        if lora and is_pissa(lora) and self.model.quantization != "none":
            raise ValueError(f"'lora.init_lora_weights' {lora.init_lora_weights} needs the weights whole, to take"
                             " singular vectors out of them; set model.quantization=none or"
                             " lora.init_lora_weights=default")  # fmt: skip
        if lora and is_pissa(lora) and self.method != "sft":
            raise ValueError(f"'lora.init_lora_weights' {lora.init_lora_weights} changes the frozen weights, which"
                             f" {self.method} takes for its starting model; set it to default")  # fmt: skip
        return self
