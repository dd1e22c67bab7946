"""Calls of a model that cost something: kept by content, counted, capped, and never made twice."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from training.run import jsonl, machine
from training.run.errors import LackingResource
from training.stack.completion_clients import CompletionClient, Reply
from training.stack.distill.settings import TeacherSettings

SHOWN_EVERY_S = 10.0


# fmt: off
# --8<-- [start:cache]
class Calls:
    """Calls of one model, each kept on disk by its content as soon as it is answered,
    counted and capped."""

    def __init__(
        self, client: CompletionClient, file: Path, settings: TeacherSettings,
        longest: int,
    ) -> None:
        self.client, self.file = client, file
        self.settings, self.longest = settings, longest
        self.kept: dict[str, Reply] = {}
        # What this run stands on: kept calls count as well, they were paid for
        self.counted: dict[str, Reply] = {}
        self.made = 0
        file.parent.mkdir(parents=True, exist_ok=True)
        found = file.read_bytes() if file.exists() else b""
        # Half a line stays on a line of its own
        self.start = b"" if found.endswith(b"\n") or not found else b"\n"
        for one in jsonl.read(file, skip_broken=True) if found else ():
            try:
                key = one.pop("key")
                self.kept[key] = Reply(**one)
            # Not a call: it is made again, as is one of which half a line is left
            except (KeyError, TypeError):
                continue

    def key(self, turns: list[dict], draw: int, temperature: float) -> str:
        """64 hex digits of everything that the answer depends on."""
        said = [self.client.name, turns, draw, temperature, self.longest]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def ask(
        self, prompts: Sequence[list[dict]], draw: int, temperature: float, what: str
    ) -> list[Reply]:
        """An answer to each prompt: a kept one, or a new one within the budget."""
        keys = [self.key(turns, draw, temperature) for turns in prompts]
        new = list(
            {key: at for at, key in enumerate(keys) if key not in self.kept}.values()
        )
        self.counted |= {key: self.kept[key] for key in keys if key in self.kept}
        started = shown = time.monotonic()
        for start in range(0, len(new), self.client.batch):
            part = new[start : start + self.client.batch]
            self.stay_within(
                sum(len(json.dumps(prompts[at])) // 3 + self.longest for at in part)
            )
            seeds = [int(keys[at][:12], 16) for at in part]
            with open(self.file, "ab", buffering=0) as stream:
                for at, reply in self.client.ask(
                    [prompts[at] for at in part], seeds, temperature, self.longest
                ):
                    key = keys[part[at]]
                    stream.write(
                        self.start
                        + json.dumps({"key": key, **asdict(reply)}).encode()
                        + b"\n"
                    )
                    self.start, self.kept[key], self.counted[key] = b"", reply, reply
                    self.made += 1
            now, done = time.monotonic(), start + len(part)
            if now - shown > SHOWN_EVERY_S or done == len(new):
                left, shown = (now - started) / done * (len(new) - done), now
                machine.say(
                    f"  {what}: {done} of {len(new)} calls, {left:.0f} s left; "
                    f"{self.bill()}"
                )
        return [self.kept[key] for key in keys]

    def spent(self) -> tuple[int, float]:
        """Tokens and money of all calls that this run stands on."""
        into, out = (
            sum(getattr(r, n) for r in self.counted.values())
            for n in ("tokens_in", "tokens_out")
        )
        paid = into * self.settings.price_in + out * self.settings.price_out
        return into + out, paid / 1e6

    def bill(self) -> str:
        """Both, as text."""
        return "{:,} tokens, cost {:.4g}".format(*self.spent())

    def stay_within(self, coming: int) -> None:
        """Check, before a batch of calls, that it fits the budget.

        Args:
            coming: tokens that the calls can take at most.

        Raises:
            LackingResource: the calls could exceed the budget of tokens or money.
        """
        (tokens, money), s = self.spent(), self.settings
        most_money = money + coming * max(s.price_in, s.price_out) / 1e6
        for name, most, after in (
            ("tokens", s.budget_tokens, tokens + coming),
            ("money", s.budget_money, most_money),
        ):
            if most and after > most:
                raise LackingResource(
                    f"teacher.budget_{name}: {most:g} would not last for the next "
                    f"calls (so far {self.bill()}); raise it and run the same command, "
                    "nothing is asked twice"
                )


# --8<-- [end:cache]
# fmt: on
