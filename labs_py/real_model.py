"""The real model's door: what the page's worker calls. Weights, adapters and texts come in; tokens and steps go out.

Everything behind it is ``labs_py.core.llama``, which tests hold against transformers, torch and PEFT. The worker puts
the weights straight into arrays that are made here, so nothing is copied, and hands over its kernels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from labs_py import data
from labs_py.core import byte_pairs
from labs_py.core.llama import adapter as lora
from labs_py.core.llama import answer, blocks, chat, general, learning
from labs_py.core.llama.adapter import Adapter
from labs_py.core.llama.model import Linear, Matrix, Model, Shape
from labs_py.core.llama.pieces import Pieces

TOKENIZER = "smollm2-tokenizer.safetensors"
ROOM = 1024  # tokens of a prompt and its answer
LONGEST_ROW = 256  # tokens of a row that is learnt
GENERAL_ROW = 80  # tokens of a passage of general text that is mixed in
LAYERS = range(10, 30)  # those that an adapter of ours is on


@dataclass
class Held:
    """The functions of the page's kernel, held so that a call is no look-up."""

    multiply: Callable[..., None]
    expand: Callable[..., None]
    step: Callable[..., None]


class Talk:
    """The model, its two writers (``base`` and ``tuned``), the adapters, and a training."""

    def __init__(self) -> None:
        self.parts: dict[str, np.ndarray] = {}
        self.adapters: dict[str, Adapter] = {}
        self.writers: dict[str, answer.Writer] = {}
        self.writing: dict[str, Iterator[answer.Token | None]] = {}
        self.training: learning.Course | None = None
        self._work: Pieces[dict[str, Any]]
        self.texts = byte_pairs.load(data.load(TOKENIZER))
        self.spelt = byte_pairs.spellings(self.texts)
        self.stop = self.texts.special[chat.STOP]
        self._end = answer.Token(-1, 0.0, 0.0)
        self._scratch = np.zeros(16_384, np.uint8)

    def reserve(self, name: str, size: int) -> int:
        """Address of so many bytes, which the worker fills with a part of the weights."""
        self.parts[name] = np.empty(size, np.uint8)
        return self.parts[name].__array_interface__["data"][0]

    def scratch(self) -> int:
        """Address of 16 kB that the kernels may use."""
        return self._scratch.__array_interface__["data"][0]

    def bring(self, kernel: blocks.Kernel, quick: bool) -> None:
        """Multiply packed weights by the page's kernel; ``quick``: with rounded activations where one token passes."""
        blocks.use(Held(kernel.multiply, kernel.expand, kernel.step), quick)

    def assemble(self, listing: str) -> None:
        """The model out of the parts that have come, by the build's list of them."""
        described = json.loads(listing)
        weights = {name: self._tensor(entry) for name, entry in described["tensors"].items()}
        self.model = Model(Shape(**described["shape"]), weights)
        self.writers = {name: answer.Writer(self.model, room=ROOM) for name in ("base", "tuned")}

    def _tensor(self, entry: dict[str, Any]) -> Matrix:
        rows, columns = entry["shape"]
        if entry["kind"] == "F32":
            content = self.parts[entry["part"]][entry["start"] : entry["start"] + 4 * rows * columns]
            return content.view("<f4").reshape(entry["shape"])[0]
        width = columns // blocks.WEIGHTS * blocks.SIZES[entry["kind"]]
        content = self.parts[entry["part"]][entry["start"] : entry["start"] + rows * width]
        return blocks.Blocks(entry["kind"], content.reshape(rows, width))

    # adapters

    def add_adapter(self, name: str, content: bytes) -> str:
        """Keep one of the site's adapters; its rank comes back as JSON."""
        self.adapters[name], about = lora.unpack(bytes(content))
        return json.dumps({"rank": self.adapters[name].rank, **about})

    def add_peft(self, name: str, content: bytes, config: str) -> str:
        """Keep a reader's adapter from PEFT's two files; ValueError in a sentence when it does not fit."""
        self.adapters[name] = lora.from_peft(bytes(content), config, self.model)
        return json.dumps({"rank": self.adapters[name].rank})

    def lay(self, name: str, strength: float, rank: int, lowest: int = 0, highest: int = 99) -> None:
        """Lay an adapter over the tuned writer's model: "" for none, ``rank`` 0 for its own, in some layers only."""
        self.writers["tuned"].use(self._linear(name, strength, rank, lowest, highest))

    def _linear(self, name: str, strength: float, rank: int, lowest: int, highest: int) -> Linear | None:
        if not name:
            return None
        chosen = lora.in_layers(self.adapters[name], range(lowest, highest + 1))
        return lora.over(self.model, lora.at_rank(chosen, rank) if 0 < rank < chosen.rank else chosen, strength)

    # texts

    def begin(self, writer: str, turns: str, longest: int) -> None:
        """Start an answer to a chat, given as JSON.

        Of an earlier chat only the prompt's keys and values are kept. Those of an answer written on the quick path are
        rounded, so two writers of the same model would differ if one kept them and the other did not.
        """
        self.writers[writer].keep_prompt()
        asked = chat.ids(self.texts, chat.prompt_text(json.loads(turns)))
        self.writing[writer] = self.writers[writer].in_pieces(asked, [self.stop], longest)

    def go_on(self, writer: str) -> str:
        """The next token as JSON: id, text (bytes as Latin-1, for a token may be part of a sign), probability, lead.

        The text "" of a stop token ends the answer; ``null`` says that nothing follows, "" that a piece of the prompt
        was read and the token is still to come.
        """
        token = next(self.writing[writer], self._end)
        if token is None:
            return ""
        if token is self._end:
            return "null"
        text = "" if token.id == self.stop else self.spelt[token.id].decode("latin-1")
        return json.dumps([token.id, text, token.probability, token.lead])

    def next_tokens(self, ids: str) -> str:
        """For the check on loading: the likeliest token after each place of a text, by the base model, as JSON."""
        writer, text = self.writers["base"], json.loads(ids)
        found = [int(writer.logits(text[: place + 1]).argmax()) for place in range(len(text))]
        return json.dumps(found)

    def exact(self, task: str, text: str, target: str) -> bool:
        """Whether an answer to a held-out row is right."""
        return chat.exact(task, text, target)

    # training

    def learn(self, rows: str, settings: str) -> str:
        """Prepare a training on rows, JSON [{messages} or {text}]; the count of tokens, or a ValueError's sentence.

        Settings: rank, steps, rate; seed; "from", the name of an adapter that is trained further.
        """
        wanted, found = json.loads(settings), [self._row(row) for row in json.loads(rows)]
        rank, seed = int(wanted["rank"]), int(wanted.get("seed", 0))
        if wanted.get("from"):
            adapter = self._copied(self.adapters[wanted["from"]])
        else:
            adapter = lora.start(self.model, LAYERS, rank, 2.0 * rank, seed)
        self.training = learning.Course(
            self.model, adapter, found, int(wanted["steps"]), float(wanted["rate"]), 2, seed
        )
        return json.dumps({"rows": len(found), "tokens": sum(len(row.ids) for row in found)})

    def _row(self, row: dict[str, Any]) -> learning.Row:
        if "text" in row:
            return chat.text_row(self.texts, row["text"], GENERAL_ROW)
        return chat.row(self.texts, row["messages"], LONGEST_ROW)

    # work in pieces: begun, then taken piece by piece, or left

    def begin_step(self) -> None:
        """Begin a step of the training; its loss and number are what the last piece says."""
        if self.training is None:
            raise ValueError("No training was prepared.")
        self._work = self._step(self.training)

    @staticmethod
    def _step(training: learning.Course) -> Pieces[dict[str, Any]]:
        loss = yield from training.in_pieces()
        return {"step": training.done, "loss": loss}

    def begin_measure(self, writer: str, asked: str) -> None:
        """Begin to measure what a model does on text and questions (JSON, as ``general.measured`` takes them)."""
        self._work = general.measured(self.writers[writer], self.texts, json.loads(asked))

    def piece(self) -> str:
        """Take one piece of what was begun: "" while more are to come, then what it found, as JSON."""
        try:
            next(self._work)
        except StopIteration as end:
            return json.dumps(end.value)
        return ""

    # training, further

    def learnt(self, name: str) -> None:
        """Keep the adapter of the training as it now is under a name."""
        if self.training is None:
            raise ValueError("No training was prepared.")
        self.adapters[name] = self._copied(self.training.adapter)

    @staticmethod
    def _copied(made: Adapter) -> Adapter:
        return Adapter({key: (a.copy(), b.copy()) for key, (a, b) in made.factors.items()}, made.scale)

    def files(self, name: str) -> tuple[bytes, str]:
        """PEFT's two files of an adapter."""
        return lora.peft_files(self.adapters[name])
