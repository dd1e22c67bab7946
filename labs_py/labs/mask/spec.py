"""What the mask inspector shows, as data: parameters, outputs, charts, presets and predictions."""

from __future__ import annotations

from labs_py.labs.mask import tokens
from labs_py.labs.mask.examples import CHAT, LEAKED, ROWS
from labs_py.labs.mask.tasks import CHALLENGES
from labs_py.spec import Chart, LabSpec, Output, Param, Prediction, Preset, Section, Series

ONE, FILE = "One chat", "A whole file"

SECTIONS = (
    Section(
        ONE,
        "The template writes the chat out, the tokenizer cuts it into numbers, and the mask decides which of them are "
        "learnt. The tokenizer is SmolLM2's, whichever template you choose. Nothing leaves this page.",
    ),
    Section(
        FILE,
        "Paste rows or choose a JSONL file. The rules are those of python -m training data check, from the same "
        "function. Length is counted in characters here and in tokens there. Nothing leaves this page.",
    ),
)

TEMPLATES = (("smollm2", "ChatML as in SmolLM2"), ("qwen2_5", "Qwen 2.5"), ("qwen3", "Qwen 3, with thoughts"),
             ("llama3", "Llama 3"), ("mistral", "Mistral 7B v0.2"), ("gemma", "Gemma"), ("gemma3", "Gemma 3"),
             ("phi3", "Phi 3"), ("gptoss", "gpt-oss (harmony)"), ("plain", "home-made, no stop token"))  # fmt: skip
RULES = (("answers", "every answer with its stop token"), ("last", "the last answer only"),
         ("no_stop", "answers without their stop token"), ("all", "everything, the question too"))  # fmt: skip

PARAMS = (
    Param("template", "Chat template", "choice", "smollm2", "Whose way of writing a chat.", choices=TEMPLATES,
          section=ONE),
    Param("rule", "Trained on", "choice", "answers", "Which part counts in the loss.", choices=RULES,
          section=ONE),
    Param("ask", "Add the opening of an answer", "switch", False, "The generation prompt, as at inference.",
          section=ONE),
    Param("limit", "Cut after", "range", 1024, "A trainer's max_length. A longer row loses its end, and with it the "
          "stop token.", "tokens", min=20, max=8192, step=1, scale="log", section=ONE),
    Param("chat", "The chat", "text", CHAT, "A JSON list of turns, a row, or lines such as user: Hello.", section=ONE,
          max_length=60_000),
    Param("rows", "Rows, one JSON object a line", "text", ROWS, "The example has faults planted in it.", section=FILE,
          max_length=1_000_000),
    Param("rows_file", "Or a JSONL file", "file", "", "Used in place of the pasted rows.", section=FILE,
          max_length=8_000_000),
    Param("held_out", "Held-out questions", "text", LEAKED, "Rows or bare questions of your test set, one a line.",
          section=FILE, max_length=1_000_000),
    Param("longest", "Longest row", "range", 8000, "Longer rows are reported.", "characters", min=50, max=200_000,
          step=1, scale="log", section=FILE),
)  # fmt: skip

OUTPUTS = (
    Output("tokens", "Tokens the model reads", format="integer", section=ONE),
    Output("trained_tokens", "Tokens in the loss", format="integer", section=ONE),
    Output("trained_share", "Share of the tokens in the loss", format="percent", section=ONE),
    Output("answers", "Answers", format="integer", section=ONE),
    Output("stops_trained", "Answers whose end is trained", format="integer", section=ONE),
    Output("tokens_per_stop", "Tokens that an end is written in", format="integer", section=ONE),
    Output("lost_tokens", "Tokens cut off", format="integer", section=ONE),
    Output("lost_trained_tokens", "Of these, from the loss", format="integer", section=ONE),
    Output("characters", "Characters written", format="integer", section=ONE),
    Output("trained_characters", "Characters trained on", format="integer", section=ONE),
    Output("injected", "Turns with a control token in their words", format="integer", section=ONE),
    Output("tokenizer_bytes", "The tokenizer's file", format="bytes", section=ONE),
    Output("lines", "Lines read", format="integer", section=FILE),
    Output("bad_lines", "Lines with a fault", format="integer", section=FILE),
    Output("faults", "Faults", format="integer", section=FILE),
    Output("median_bytes", "Median line", format="bytes", section=FILE),
    Output("p95_bytes", "95 of 100 lines are shorter than", format="bytes", section=FILE),
    Output("longest_bytes", "Longest line", format="bytes", section=FILE),
)

CHARTS = (
    Chart("turns", "Read and trained on, by turn (0: the template's own words)", "line",
          (Series("turn_read", "only read", "turn_numbers", "steps"),
           Series("turn_trained", "trained on", "turn_numbers", "dots")),
          "turn", "tokens", y_zero=True, section=ONE),
    Chart("faults", "Faults by code", "tokens", (Series("fault_counts", "faults"),), "code", "faults", tokens="codes",
          y_zero=True, section=FILE),
)  # fmt: skip

PRESETS = (
    Preset("right", "Answers and their stop", {"rule": "answers", "template": "smollm2"},
           "What supervised fine-tuning wants: the answers, each with the token that ends it."),
    Preset("endless", "The stop left out", {"rule": "no_stop"},
           "The loss looks fine and the fine-tuned model does not know when to stop.", good=False),
    Preset("question", "The question in the loss", {"rule": "all"},
           "The model also learns to write the user's part, and the template's own words.", good=False),
    Preset("cut", "Cut before the end", {"limit": 53},
           "Truncated on the right: the last answer loses its stop token, and nothing in the loss says so.",
           good=False),
    Preset("nothing", "Cut before the answers", {"limit": 20},
           "The opening alone fills the row: no label is left, and the step is spent on nothing.", good=False),
    Preset("stranger", "Another model's template", {"template": "llama3"},
           "SmolLM2's tokenizer does not know Llama 3's marks and spells them out: what ends an answer is no token.",
           good=False),
    Preset("home", "A home-made template", {"template": "plain"},
           "No control token ends an answer, so none can be learnt; the linter reports every sound row.", good=False),
)  # fmt: skip

PREDICTIONS = (
    Prediction("share", "Two short answers with their stop tokens, in a chat of five turns: what share of the "
               "tokens is in the loss?", {"chat": CHAT}, "trained_share",
               "Role names and control tokens are read at every turn and never trained on.", tolerance=0.25),
    Prediction("stops", "The same chat without the stop token in the mask: how many of its answers have their end in "
               "the loss?", {"chat": CHAT, "rule": "no_stop"}, "stops_trained",
               "None. The loss does not show it; the output does."),
    Prediction("stranger", "Llama 3 ends an answer with <|eot_id|>, one token for its own tokenizer. Into how many "
               "does SmolLM2's cut it?", {"chat": CHAT, "template": "llama3"}, "tokens_per_stop",
               "It was never told that this is one sign, so it spells it like any other text.", tolerance=0.25),
)  # fmt: skip

SPEC = LabSpec(
    slug="mask",
    title="Mask inspector",
    summary="A chat as the model reads it, the part of it that is trained on, and a linter for the whole file.",
    version="1",
    params=PARAMS,
    outputs=OUTPUTS,
    charts=CHARTS,
    sections=SECTIONS,
    presets=PRESETS,
    predictions=PREDICTIONS,
    challenges=CHALLENGES,
    view="mask",
    pinned=("template", "rule"),
    code=(
        "labs_py.core.chat_template:trained",
        "labs_py.core.byte_pairs:words",
        "labs_py.core.byte_pairs:merge",
        "labs_py.core.chat_data:check_turns",
        "labs_py.core.chat_data:signature",
        "labs_py.core.chat_data:leak",
    ),
    training_command="python -m training data check FILE",
    data_files=(tokens.FILE,),
)
