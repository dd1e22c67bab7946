"""Run every lab the way a page does, and say which modules that took. Runs inside Pyodide under node.

The pruned runtime holds what this trace loads and nothing else, so it must reach whatever a page can reach:
defaults and edges of each parameter, presets, predictions, the run button, each challenge, shown code, edited
code, and the wording of errors. Imports that stand in the labs' sources count whether a run reached them or not.
Each lab runs with nothing of labs_py in reach but what travels for it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import itertools
import sys
import time
import traceback
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

import runtime_labs

LIVE_SECONDS = 0.4
EDGE_FRAMES = 3
DATA_FOLDER = Path("/lab_data")  # the checkout's recorded data files, put there by runtime.mjs
HOSTILE = [None, "x", [], {"rank": -3, "seed": "abc", "size": 1e99, "x": "<script>"}, {"seed": True, "rank": "nan"}]


class LabFails(Exception):
    """A lab raised where a page could make it; the message says which, where and how."""


def exercise_all() -> None:
    """Run all labs as pages do.

    Raises:
        LabFails: naming the lab, what was run, and the error.
    """
    found = importlib.machinery.PathFinder.find_spec("labs_py")
    if found is None or found.origin is None:
        raise LabFails("the package labs_py is not on the path that the trace was given")
    folder = Path(found.origin).parent
    sources = {path.relative_to(folder.parent).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.py")}
    shared = runtime_labs.shared_files(sources)
    for slug in runtime_labs.pack_names(sources):
        travelling = shared | runtime_labs.lab_files(sources, slug)
        for name in sorted({"numpy.linalg", "numpy.random"} | imports_of(sources[path] for path in travelling)):
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # a guarded import of something that numpy or the labs can do without
        with only(travelling):
            if slug == "exercises":
                grade_all(slug)
            elif slug == "real":
                talk_to_a_small_model()
            else:
                exercise(slug)
    word_errors()


def exercise(slug: str) -> None:
    """Run one lab as its page does; LabFails as in ``exercise_all``."""
    at = "on import"
    try:
        from labs_py import api

        for what, step in steps_of(api, slug):
            at = what
            step()
    except Exception as error:
        raise LabFails(f"lab '{slug}', {at}: {_last_line(error)}") from error


def grade_all(pack: str) -> None:
    """Grade our solution to every exercise, and code that fails in each way; LabFails as in ``exercise_all``."""
    from labs_py import wire

    names = importlib.import_module(f"labs_py.{pack}.grading").names()
    for name in names:
        asked = {"slug": pack, "name": name, "seed": 1}
        found = importlib.import_module(f"labs_py.{pack}.grading").load(name)
        returns = [f"def {found.function}(*given):\n    return {value}" for value in ("None", "'x'", "0.0", "given[0]")]
        for text in (found.starter, "def (", "1/0", "", *returns, found.solution):
            answer = wire.json.loads(wire.call("grade", wire.json.dumps({**asked, "text": text})))
            if not answer["ok"]:
                raise LabFails(f"exercise '{name}': {answer['error']['message']}")
        if answer["value"]["result"] != "right":
            raise LabFails(f"exercise '{name}': our solution is not right: {answer['value']['message']}")


def talk_to_a_small_model() -> None:
    """All that the real model's page asks for, of a network of two layers; LabFails as in ``exercise_all``."""
    at = "its parts"
    try:
        from labs_py import data, real_model

        data.provide(real_model.TOKENIZER, (DATA_FOLDER / real_model.TOKENIZER).read_bytes())
        talk = small_talk(real_model.Talk())
        for what, step in small_steps(talk):
            at = what
            step()
    except Exception as error:
        raise LabFails(f"the real model, {at}: {_last_line(error)}") from error


def small_talk(talk):
    """A real model's door with random weights behind it: one of each kind of matrix, all else as in the page."""
    shape = {"vocabulary": 49152, "width": 32, "layers": 30, "heads": 2, "key_heads": 1, "inner": 64}
    maps = {"self_attn.q_proj": (32, 32), "self_attn.k_proj": (16, 32), "self_attn.v_proj": (16, 32),
            "self_attn.o_proj": (32, 32), "mlp.gate_proj": (64, 32), "mlp.up_proj": (64, 32),
            "mlp.down_proj": (32, 64)}  # fmt: skip
    kinds = {"F32": 4 * 32, "Q4_1": 20, "Q8_0": 34}  # bytes of 32 weights
    listed, end = {}, 0
    for name, kind, size in (
        ("embed_tokens", "Q8_0", (shape["vocabulary"], 32)),
        ("norm", "F32", (1, 32)),
        *((f"layers.{i}.{gain}", "F32", (1, 32)) for i in range(30) for gain in GAINS),
        *((f"layers.{i}.{name}", "Q4_1", size) for i in range(30) for name, size in maps.items()),
    ):
        listed[name] = {"kind": kind, "shape": size, "part": 0, "start": end}
        end += size[0] * size[1] // 32 * kinds[kind]
    talk.reserve(0, end)
    talk.parts[0][:] = 0
    talk.assemble(wire_json({"shape": shape, "tensors": listed}))
    return talk


GAINS = ("input_layernorm", "post_attention_layernorm")


def wire_json(value) -> str:
    """JSON by the module that the labs load."""
    from labs_py import wire

    return wire.json.dumps(value)


def small_steps(talk):
    """What the page's worker asks of the door, as (what it is, function)."""
    chat = [{"role": "user", "content": "Two fruits?"}, {"role": "assistant", "content": "Kiwi, fig."}]
    asked = {"passage": "A short text.", "questions": [["Two fruits?", "fig"]], "held": [chat]}

    def all_pieces():
        while not talk.piece():
            pass

    def answer():
        talk.begin("tuned", wire_json(chat[:1]), 3)
        while talk.go_on("tuned") != "null":
            pass

    def train():
        talk.learn(wire_json([{"messages": chat}, {"text": "A text."}]), '{"rank": 2, "steps": 1, "rate": 0.001}')
        talk.begin_step()
        all_pieces()
        talk.learnt("yours")

    def measure():
        talk.begin_measure("base", wire_json(asked))
        all_pieces()

    yield "an answer", answer
    yield "a step of training", train
    yield "its files, read again", lambda: talk.add_peft("again", *talk.files("yours"))
    yield "its adapter laid over", lambda: talk.lay("again", 0.5, 1, 0, 29)
    yield "an answer with it", answer
    yield "what it forgot", measure
    yield "a row that is right", lambda: [talk.exact(task, "{}", '{"a": 1}') for task in ("orders", "library_desk")]


class Absent(importlib.abc.MetaPathFinder):
    """Finds no module of labs_py but those in ``files``."""

    def __init__(self, files: set[str]):
        self.files = files

    def find_spec(self, fullname, path=None, target=None):
        """None where others may look; ModuleNotFoundError where the page would have no such file."""
        start = fullname.replace(".", "/")
        if fullname.split(".")[0] == "labs_py" and not {f"{start}.py", f"{start}/__init__.py"} & self.files:
            raise ModuleNotFoundError(f"{fullname} does not travel with this lab", name=fullname)


@contextmanager
def only(files: set[str]):
    """labs_py freshly imported, from ``files`` alone."""
    finder = Absent(files)
    sys.meta_path.insert(0, finder)
    forget_package()
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        forget_package()


def forget_package() -> None:
    """Let labs_py be imported anew."""
    for name in [name for name in sys.modules if name.split(".")[0] == "labs_py"]:
        del sys.modules[name]


def steps_of(api, slug: str):
    """Everything to run of a lab, as (what it is, function)."""
    spec = api.spec(slug)
    yield "its SPEC as JSON", spec.to_json
    if spec.data_files:
        yield "without its recorded data", lambda: drain(api.run(slug, {}), EDGE_FRAMES)
        yield "given its recorded data", lambda: provide_data(spec)
    yield "as the worker runs it", lambda: run_by_wire(slug)
    yield "at its defaults", lambda: api.to_json(drain(api.run(slug, {}), None), digits=7)
    yield "at its defaults in float64", lambda: drain(api.run(slug, {}, dtype="float64"), EDGE_FRAMES)
    if any(p.name == "train" for p in spec.params):
        yield "with its run button pressed", lambda: drain(api.run(slug, {"train": True}), None, LIVE_SECONDS)
    for params in edges(spec):
        yield f"at {params}", lambda params=params: drain(api.run(slug, params), EDGE_FRAMES)
    for item in (*spec.presets, *spec.predictions):
        yield f"at '{item.name}'", lambda item=item: drain(api.run(slug, item.params), EDGE_FRAMES)
    for challenge, seed in itertools.product(spec.challenges, (1,)):
        yield f"challenge '{challenge.name}'", lambda c=challenge, s=seed: try_challenge(api, slug, c, s)
    if spec.code:
        yield f"with {', '.join(spec.code)} replaced by themselves", lambda: edit_and_restore(api, slug, spec.code)


def drain(frames, most: int | None, seconds: float | None = None) -> dict:
    """The last frame that was reached within ``most`` frames and ``seconds``."""
    last: dict = {}
    end = None if seconds is None else time.monotonic() + seconds
    for frame in itertools.islice(frames, most):
        last = frame
        if end is not None and time.monotonic() > end:
            break
    frames.close()
    return last


def provide_data(spec) -> None:
    """Hand a lab its recorded data, as the worker does before its first run."""
    from labs_py import api, wire

    for item in spec.data_files:
        if (DATA_FOLDER / item.name).exists():
            wire.provide(item.name, (DATA_FOLDER / item.name).read_bytes())
    api.restore()  # also makes the labs forget what they worked out without the data


def run_by_wire(slug: str) -> None:
    """A few steps through the worker's door, packed as they travel to the page."""
    from labs_py import wire

    run = wire.Run(slug, "{}")
    for _ in range(EDGE_FRAMES):
        state = run.advance()
        if state == "failed" or not run.pack(state == "done"):
            raise RuntimeError(run.failure)
        if state == "done":
            break
    wire.call("source", '{"name": "labs_py.nowhere:nothing"}')


def edges(spec):
    """What a hostile link may hold, and each parameter at the ends of its range, at each choice, with odd texts: the
    first of all parameters in one run, the second in the next, so that a lab runs as often as its longest list has
    values."""
    lists = {p.name: found for p in spec.params if (found := edges_of(p))}
    for nth in range(max(map(len, lists.values()), default=0)):
        yield {name: values[nth % len(values)] for name, values in lists.items()}
    yield from HOSTILE


def edges_of(p) -> list:
    """The values that a parameter is tried at."""
    if p.kind == "range":
        return [value for value in (p.min, p.max) if value is not None]
    if p.kind == "choice":
        return [value for value, _ in p.choices]
    if p.kind in ("text", "file"):
        return ["", "two words", "[1, 2", "é" * 50]
    return [[], "[]", [0, 1], {"a": 1}] if p.kind == "picks" else []


def try_challenge(api, slug: str, challenge, seed: int) -> None:
    """Draw a challenge and check a few answers to it."""
    task = api.draw(slug, challenge.name, seed)
    answers = [value for value, _ in challenge.choices] or [None, "1", "8", "1e9", "words"]
    for answer in answers:
        api.check(slug, challenge.name, seed, task.params, answer)


def edit_and_restore(api, slug: str, names: Iterable[str]) -> None:
    """Replace each shown function by itself, run the lab, put them back."""
    for name in names:
        api.replace(name, api.source(name))
    drain(api.run(slug, {}), EDGE_FRAMES)
    for name in names:
        api.restore(name)


def word_errors() -> None:
    """Have Python word the errors that edited code meets, suggestions included."""
    for text in ("def f(:\n  pass", "whille True: pass", "import jsn", "prnt(1)", "[].appendd", "1/0", "{}['a']"):
        try:
            exec(compile(text, "<your code>", "exec"), {})
        except Exception:
            traceback.format_exc()


def imports_of(texts: Iterable[str]) -> set[str]:
    """Absolute names of the other packages' modules that sources import, at their top or inside a function."""
    found: set[str] = set()
    for node in itertools.chain.from_iterable(ast.walk(ast.parse(text)) for text in texts):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return {name for name in found if name.split(".")[0] != "labs_py"}


def module_files() -> dict[str, str]:
    """Modules loaded so far and the files they came from; those built into the interpreter came from none."""
    loaded = [(name, module) for name, module in sys.modules.items() if getattr(module, "__file__", None)]
    return {name: str(module.__file__) for name, module in loaded if not is_frozen(module)}


def is_frozen(module) -> bool:
    """True for a module that the interpreter carries in itself, whatever file it claims to come from."""
    return getattr(getattr(module, "__spec__", None), "origin", None) == "frozen"


def _last_line(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({where.filename.split('site-packages/')[-1]}, line {where.lineno})"
