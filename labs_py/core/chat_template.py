"""Chat templates written out in Python: a conversation as labelled pieces of text, and which of them are trained on.

Each function writes what the model's own Jinja template writes; ``tests/parity/test_chat_templates.py`` holds them
against transformers. Pieces, not tokens: a tokenizer cuts them further, never across a control token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from labs_py.core import harmony
from labs_py.core.chat_pieces import Piece, Refused, Turn, reasoning_of, write_turn

QWEN_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
SMOLLM_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
_TOOLS_BEFORE = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
)
_TOOLS_AFTER = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n'
    "</tool_call>"
)


def _smollm2(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    if turns[0]["role"] != "system":
        yield Piece(f"<|im_start|>system\n{SMOLLM_SYSTEM}<|im_end|>\n", "frame", "system")
    for i, turn in enumerate(turns):
        yield from write_turn(i, turn["role"], f"<|im_start|>{turn['role']}\n", turn["content"], "<|im_end|>", "\n")
    if ask:
        yield Piece("<|im_start|>assistant\n", "ask", "assistant")


def _called(turn: Turn) -> str:
    """An assistant's turn of tool calls, as Qwen 2.5 writes it after the role."""
    calls = [call.get("function", call) for call in turn["tool_calls"]]
    said = f"\n{turn['content']}" if turn["content"] else ""
    return said + "".join(
        f'\n<tool_call>\n{{"name": "{call["name"]}", "arguments": '
        f"{json.dumps(call['arguments'], ensure_ascii=False)}}}\n</tool_call>"
        for call in calls
    )


def _qwen(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    first = 0 if turns[0]["role"] == "system" else -1
    system = turns[0]["content"] if first == 0 else QWEN_SYSTEM
    yield Piece("<|im_start|>system\n", "frame", "system", first)
    yield Piece(system, "content", "system", first)
    if tools:
        listed = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in tools)
        yield Piece(_TOOLS_BEFORE + listed + _TOOLS_AFTER, "frame", "system", first)
    yield Piece("<|im_end|>\n", "frame", "system", first)
    for i, turn in enumerate(turns):
        role = turn["role"]
        if role == "tool":
            yield from _results(turns, i)
        elif role == "assistant" and turn.get("tool_calls"):
            yield from write_turn(i, role, "<|im_start|>assistant", _called(turn), "<|im_end|>", "\n")
        elif role in ("user", "assistant") or (role == "system" and i):
            yield from write_turn(i, role, f"<|im_start|>{role}\n", turn["content"], "<|im_end|>", "\n")
    if ask:
        yield Piece("<|im_start|>assistant\n", "ask", "assistant")


def _results(turns: list[Turn], i: int) -> Iterator[Piece]:
    """A tool's result as Qwen writes it: results in a row stand in one turn of the user."""
    opens = i == 0 or turns[i - 1]["role"] != "tool"
    closes = i == len(turns) - 1 or turns[i + 1]["role"] != "tool"
    yield Piece("<|im_start|>user" * opens + "\n<tool_response>\n", "frame", "tool", i)
    yield Piece(turns[i]["content"] or "", "content", "tool", i)
    yield Piece("\n</tool_response>" + "<|im_end|>\n" * closes, "frame", "tool", i)


def _thought(turn: Turn) -> tuple[str, str]:
    """Thoughts and answer of an assistant's turn: apart already, or in one text around ``</think>``."""
    content = turn["content"] or ""
    if isinstance(given := reasoning_of(turn), str):
        return given, content
    if "</think>" not in content:
        return "", content
    thoughts = content.split("</think>")[0].rstrip("\n").split("<think>")[-1].lstrip("\n")
    return thoughts, content.split("</think>")[-1].lstrip("\n")


def _qwen3_answer(turn: Turn, after_question: bool, is_last: bool) -> str:
    """An answer as Qwen 3 writes it: thoughts are kept after the last question only, empty ones too at the end."""
    thoughts, content = _thought(turn)
    thinks = after_question and (is_last or thoughts)
    stripped = thoughts.strip("\n")
    said = f"<think>\n{stripped}\n</think>\n\n" + content.lstrip("\n") if thinks else content
    for place, call in enumerate(turn.get("tool_calls") or ()):
        call = call.get("function") or call
        arguments = call["arguments"]
        written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        said += "\n" if content or place else ""
        said += f'<tool_call>\n{{"name": "{call["name"]}", "arguments": {written}}}\n</tool_call>'
    return said


def _qwen3(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    system = turns[0]["role"] == "system"
    if system or tools:
        place = 0 if system else -1
        yield Piece("<|im_start|>system\n", "frame", "system", place)
        yield Piece((turns[0]["content"] or "") if system else "", "content", "system", place)
        if tools:
            listed = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in tools)
            before = ("\n\n" if system else "") + _TOOLS_BEFORE.removeprefix("\n\n")
            yield Piece(before + listed + _TOOLS_AFTER, "frame", "system", place)
        yield Piece("<|im_end|>\n", "frame", "system", place)
    asked = [i for i, turn in enumerate(turns) if turn["role"] == "user" and not _is_result(turn["content"] or "")]
    question = asked[-1] if asked else len(turns) - 1
    for i, turn in enumerate(turns):
        role, head = turn["role"], f"<|im_start|>{turn['role']}\n"
        if role == "tool":
            yield from _results(turns, i)
        elif role == "assistant":
            answer = _qwen3_answer(turn, i > question, i == len(turns) - 1)
            yield from write_turn(i, role, head, answer, "<|im_end|>", "\n")
        elif role == "user" or (role == "system" and i):
            yield from write_turn(i, role, head, turn["content"] or "", "<|im_end|>", "\n")
    if ask:
        yield Piece("<|im_start|>assistant\n", "ask", "assistant")


def _is_result(content: str) -> bool:
    return content.startswith("<tool_response>") and content.endswith("</tool_response>")


def _mistral(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    yield Piece("<s>", "frame")
    for i, turn in enumerate(turns):
        if (turn["role"] == "user") != (i % 2 == 0):
            raise Refused("Conversation roles must alternate user/assistant/user/assistant/...")
        if turn["role"] == "user":
            yield from write_turn(i, "user", "[INST] ", turn["content"], "", " [/INST]")
        elif turn["role"] == "assistant":
            yield from write_turn(i, "assistant", "", turn["content"], "</s>")
        else:
            raise Refused("Only user and assistant roles are supported!")


def _llama3(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    yield Piece("<|begin_of_text|>", "frame")
    for i, turn in enumerate(turns):
        head = f"<|start_header_id|>{turn['role']}<|end_header_id|>\n\n"
        yield from write_turn(i, turn["role"], head, turn["content"].strip(), "<|eot_id|>")
    if ask:
        yield Piece("<|start_header_id|>assistant<|end_header_id|>\n\n", "ask", "assistant")


def _gemma_turns(turns: list[Turn], first: int, prefix: str, ask: bool) -> Iterator[Piece]:
    yield Piece("<bos>", "frame")
    for i, turn in enumerate(turns):
        if (turn["role"] == "user") != (i % 2 == 0):
            raise Refused("Conversation roles must alternate user/assistant/user/assistant/...")
        role = "model" if turn["role"] == "assistant" else turn["role"]
        head = f"<start_of_turn>{role}\n" + ("" if i else prefix)
        yield from write_turn(first + i, turn["role"], head, turn["content"].strip(), "<end_of_turn>", "\n")
    if ask:
        yield Piece("<start_of_turn>model\n", "ask", "assistant")


def _gemma(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    if turns[0]["role"] == "system":
        raise Refused("System role not supported")
    yield from _gemma_turns(turns, 0, "", ask)


def _gemma3(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    system = turns[0]["role"] == "system"
    prefix = turns[0]["content"] + "\n\n" if system else ""
    yield from _gemma_turns(turns[1:] if system else turns, int(system), prefix, ask)


def _phi3(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    for i, turn in enumerate(turns):
        if turn["role"] in ("system", "user", "assistant"):
            yield from write_turn(i, turn["role"], f"<|{turn['role']}|>\n", turn["content"], "<|end|>", "\n")
    yield Piece("<|assistant|>\n", "ask", "assistant") if ask else Piece("<|endoftext|>", "frame")


def _plain(turns: list[Turn], tools: Any, ask: bool) -> Iterator[Piece]:
    for i, turn in enumerate(turns):
        yield from write_turn(i, turn["role"], f"{turn['role'].capitalize()}: ", turn["content"], "", "\n")
    if ask:
        yield Piece("Assistant: ", "ask", "assistant")


def _nothing(template: str) -> str:
    """What a template that knows no tool calls makes of their null text: Jinja's trim makes a word of it."""
    if template in ("llama3", "gemma"):
        return "None"
    raise Refused("a turn of tool calls without text cannot be written")


_WRITERS = {"smollm2": _smollm2, "qwen2_5": _qwen, "qwen3": _qwen3, "llama3": _llama3, "mistral": _mistral,
            "gemma": _gemma, "gemma3": _gemma3, "phi3": _phi3, "gptoss": harmony.write, "plain": _plain}  # fmt: skip
TEMPLATES = tuple(_WRITERS)
WITH_TOOLS = ("qwen2_5", "qwen3", "gptoss")
RULES = ("answers", "last", "no_stop", "all")
CONTROL = ("<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|begin_of_text|>",
           "<start_of_turn>", "<end_of_turn>", "<bos>", "<|end|>", "<|endoftext|>", "<|user|>", "<|assistant|>",
           "<|system|>", "<s>", "</s>", "[INST]", "[/INST]", "<|start|>", "<|message|>", "<|channel|>", "<|return|>",
           "<|call|>")  # fmt: skip


def pieces(template: str, turns: list[Turn], ask: bool = False, tools: list[Any] | None = None) -> list[Piece]:
    """A conversation as the template writes it; the pieces' texts joined are the model's input.

    Args:
        template: one of ``TEMPLATES``.
        turns: at least one; each with role and text (None only beside tool calls).
        ask: add the opening of an answer (``add_generation_prompt``).
        tools: function descriptions; only Qwen's and gpt-oss's templates of these write them.

    Raises:
        Refused: the template refuses the conversation.
    """
    if not turns:
        raise Refused("There are no turns.")
    if template not in WITH_TOOLS and any(turn["content"] is None for turn in turns):
        turns = [turn if turn["content"] is not None else {**turn, "content": _nothing(template)} for turn in turns]
    return [piece for piece in _WRITERS[template](turns, tools, ask) if piece.text]


def trained(written: list[Piece], rule: str = "answers") -> list[bool]:
    """Which pieces count in the loss.

    Args:
        written: from ``pieces``.
        rule: "answers" (every answer and its stop), "last" (the last answer only), "no_stop" (answers without their
            stop token) or "all" (every piece).
    """
    if rule == "all":
        return [True] * len(written)
    spoken = ("channel", "content") if rule == "no_stop" else ("channel", "content", "stop")
    last = max((piece.turn for piece in written if piece.role == "assistant"), default=-1)
    return [
        piece.role == "assistant" and piece.part in spoken and (rule != "last" or piece.turn == last)
        for piece in written
    ]
