"""Ollama's Modelfile: the GGUF, the template in Ollama's own language, the system turn, the stops, greedy decoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.run.errors import BadInput
from training.serving.shipment import Shipment

BASE = "./base.gguf"  # beside an adapter alone
MARKS = {"system": "STAGE-S", "user": "STAGE-U", "assistant": "STAGE-A"}


@dataclass(frozen=True)
class Turns:
    """A chat template that renders each turn by itself.

    Attributes:
        start: what stands before all turns.
        around: (before, after) of each role's text.
        opening: what stands before an answer that is asked for.
        joined: whether a system turn opens the first user turn and that one goes on in it, as in Gemma's template.
    """

    around: dict[str, tuple[str, str]]
    opening: str
    joined: bool = False
    start: str = ""

    def rendered(self, messages: list[dict[str, str]]) -> str:
        """A conversation with the opening of the next answer."""
        text = self.start
        for at, turn in enumerate(messages):
            before, after = self.around[turn["role"]]
            goes_on = self.joined and at == 1 and messages[0]["role"] == "system"
            text += ("" if goes_on else before) + turn["content"] + after
        return text + self.opening


def write(shipment: Shipment, out: Path, adapter_only: bool) -> None:
    """Write ``Modelfile`` beside the GGUF.

    Raises:
        BadInput: the template's turns cannot be written in Ollama's language.
    """
    turns = turns_of(shipment.tokenizer)
    source = [f"FROM {BASE}", "ADAPTER ./adapter.gguf"] if adapter_only else ["FROM ./model.gguf"]
    texts = [str(shipment.tokenizer.convert_ids_to_tokens(at)) for at in shipment.stops]
    lines = [*source, f'TEMPLATE """{template(turns)}"""']
    if shipment.system:
        lines.append(f'SYSTEM """{shipment.system}"""')
    lines += ["PARAMETER temperature 0", *(f'PARAMETER stop "{text}"' for text in texts)]
    (out / "Modelfile").write_text("\n".join(lines) + "\n", encoding="utf-8")


def template(turns: Turns) -> str:
    """The turns in Go's template language, which Ollama reads; without trimming, since line breaks are part of it."""
    keyword, parts = "if", []
    for role, (before, after) in turns.around.items():
        if turns.joined and role == "user":
            before = f'{{{{ if or (ne $i 1) (ne (index $.Messages 0).Role "system") }}}}{before}{{{{ end }}}}'
        parts.append(f'{{{{ {keyword} eq $turn.Role "{role}" }}}}{before}{{{{ $turn.Content }}}}{after}')
        keyword = "else if"
    return turns.start + "{{ range $i, $turn := .Messages }}" + "".join(parts) + "{{ end }}{{ end }}" + turns.opening


def turns_of(tokenizer: Any) -> Turns:
    """A chat template's turns, found by rendering marked conversations, and checked on another one.

    The beginning token is left out where the tokenizer's file has it added, or it would stand there twice.

    Raises:
        BadInput: its turns depend on one another.
    """
    bos = str(tokenizer.bos_token or "")

    chat = [{"role": role, "content": MARKS[role]} for role in ("user", "assistant", "user")]
    whole = str(tokenizer.apply_chat_template(chat, tokenize=False))
    once = bool(bos) and whole.startswith(bos) and whole.count(bos) == 1  # and not what opens every turn
    start = bos if once and not adds_bos(tokenizer) else ""

    def rendered(messages: list[dict[str, str]], ask: bool) -> str:
        text = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask))
        return text.removeprefix(bos) if once else text

    first = ["system"] if knows_system(tokenizer) else []
    found = _parted(first, rendered)
    found = found and replace(found, start=start)
    again = [*first, "user", "assistant", "user", "assistant", "user"]
    trial = [{"role": role, "content": f"text {at}"} for at, role in enumerate(again)]
    if found is None or start + rendered(trial, True) != found.rendered(trial):
        raise BadInput("export: Ollama's template language cannot say this model's chat template, whose turns depend on"
                       " one another; export with --to gguf, which carries the template as it is, for llama-server"
                       " --jinja")  # fmt: skip
    return found


def _parted(first: list[str], rendered: Callable[[list[dict[str, str]], bool], str]) -> Turns | None:
    """The text around each role's turns; None where the turns cannot be told apart.

    Args:
        first: ["system"], or [] for a template that knows none.
        rendered: the template, with a conversation and whether an answer is asked for.
    """
    chat = [{"role": role, "content": MARKS[role]} for role in [*first, "user", "assistant", "user"]]
    asked, answered, whole = (rendered(chat[:end], False) for end in (len(first) + 1, len(first) + 2, len(chat)))
    if not whole.startswith(answered) or not answered.startswith(asked):
        return None
    user, assistant = whole[len(answered) :].split(MARKS["user"]), answered[len(asked) :].split(MARKS["assistant"])
    if len(user) != 2 or len(assistant) != 2:
        return None
    around = {"user": (user[0], user[1]), "assistant": (assistant[0], assistant[1])}
    opening = rendered(chat, True)[len(whole) :]
    if not first:
        return Turns(around, opening)
    start = asked.removesuffix(MARKS["user"] + user[1])
    joined = not start.endswith(user[0])
    system = (start if joined else start.removesuffix(user[0])).split(MARKS["system"])
    return Turns({"system": (system[0], system[1]), **around}, opening, joined) if len(system) == 2 else None


def knows_system(tokenizer: Any) -> bool:
    """Whether the template renders a system turn of its own."""
    chat = [{"role": "system", "content": MARKS["system"]}, {"role": "user", "content": MARKS["user"]}]
    try:
        return MARKS["system"] in str(tokenizer.apply_chat_template(chat, tokenize=False))
    except Exception:  # a template raises what its author wrote, by jinja's own class
        return False


def adds_bos(tokenizer: Any) -> bool:
    """Whether the tokenizer puts its beginning token in front of a text, as its GGUF then does."""
    ids = tokenizer("a")["input_ids"]
    return bool(ids) and ids[0] == tokenizer.bos_token_id
