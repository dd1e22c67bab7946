"""The only door to the labs: list them, run one, draw and check a challenge, read and replace its code.

The worker in the browser, the build, the tests and ``make lab`` all come in here.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from labs_py import labs, numbers
from labs_py.spec import Challenge, LabSpec, Result, Task, Verdict, validate

Frame = dict[str, Any]


def list_labs() -> list[str]:
    """Slugs of all labs, in alphabetical order: the folders of ``labs_py.labs``."""
    return sorted(found.name for found in pkgutil.iter_modules(labs.__path__) if found.ispkg)


def _module(slug: str, part: str) -> ModuleType:
    """``labs_py.labs.<slug>.<part>``; KeyError names the labs there are."""
    name = f"{labs.__name__}.{slug}.{part}"
    if name in sys.modules:
        return sys.modules[name]  # each frame asks twice, and to look through the folder costs more than most frames
    if slug not in list_labs():
        raise KeyError(f"no lab is called '{slug}'; there are: {', '.join(list_labs())}")
    return importlib.import_module(name)


def spec(slug: str) -> LabSpec:
    """The SPEC of a lab.

    Raises:
        KeyError: there is no such lab; the message names those there are.
    """
    return _module(slug, "spec").SPEC


def run(slug: str, params: dict[str, Any] | None = None, dtype: str = "float32") -> Iterator[Frame]:
    """Frames of a lab, each a whole state of it; the last has ``final`` True.

    Args:
        slug: the lab.
        params: any values; illegal ones are repaired and reported in ``errors``, never raised.
        dtype: "float32" (as they travel to the page) or "float64" for the arrays.

    Yields:
        ``{"params", "scalars": {name: {"value", "unit"}}, "arrays": {name: {"shape", "dtype", "data"}},
        "texts", "errors": [{"param", "message"}], "progress": {"done", "total"}, "final"}``; an array's
        ``data`` is flat and row-major.

    Raises:
        KeyError: there is no such lab.
    """
    spec_ = spec(slug)
    legal, errors = validate(spec_, params)
    for result, final in results(slug, legal):
        yield to_frame(spec_, legal, result, errors, dtype, final)


def results(slug: str, legal: dict[str, Any]) -> Iterator[tuple[Result, bool]]:
    """States of a lab at legal parameters, each with whether it is the last.

    A frame copies every array. The worker shows only the latest state, so it takes these and makes one frame of it.
    """
    last: Result | None = None
    for result in _module(slug, "lab").compute(legal):
        if last is not None:
            yield last, False
        last = result
        if getattr(result, "needs", ()) or getattr(result, "early", False):  # shown before the next one is worked out
            yield result, False
            last = None
    if last is not None:
        yield last, True


def last_frame(slug: str, params: dict[str, Any] | None = None, dtype: str = "float32") -> Frame:
    """The final frame of ``run``.

    Raises:
        KeyError: there is no such lab.
        RuntimeError: the lab gave no result at all.
    """
    spec_ = spec(slug)
    legal, errors = validate(spec_, params)
    for result, final in results(slug, legal):
        if final:
            return to_frame(spec_, legal, result, errors, dtype)
    raise RuntimeError(f"lab '{slug}' gave no result")


def to_frame(
    spec_: LabSpec,
    params: dict[str, Any],
    result: Result,
    errors: list[dict[str, str]],
    dtype: str = "float32",
    final: bool = True,
) -> Frame:
    """One state as the frame that ``run`` describes."""
    units = {o.name: o.unit for o in spec_.outputs}
    own_errors = [
        {"param": name.removeprefix("error:"), "message": text}
        for name, text in result.texts.items()
        if name.startswith("error:")
    ]
    return {
        "params": params,
        "scalars": {k: {"value": float(v), "unit": units.get(k, "")} for k, v in result.scalars.items()},
        "arrays": {
            name: {
                "shape": list(np.shape(array)),
                "dtype": dtype,
                "data": np.ascontiguousarray(array, dtype=dtype).ravel(),
            }
            for name, array in result.arrays.items()
        },
        "texts": {k: v for k, v in result.texts.items() if not k.startswith("error:")},
        "errors": errors + own_errors,
        "progress": {"done": result.done, "total": result.total},
        "final": final,
    }


def to_json(frame: Frame, digits: int | None = None) -> str:
    """A frame as JSON text: arrays as lists (``digits`` significant ones), numbers that are not finite as null."""

    def number(x: float) -> float | None:
        if not np.isfinite(x):
            return None
        return float(f"{x:.{digits}g}") if digits else float(x)

    data = dict(frame)
    data["scalars"] = {
        k: {**v, "value": float(v["value"]) if np.isfinite(v["value"]) else None} for k, v in frame["scalars"].items()
    }
    data["arrays"] = {k: {**v, "data": [number(x) for x in v["data"].tolist()]} for k, v in frame["arrays"].items()}
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def draw(slug: str, challenge: str, seed: int) -> Task:
    """The task of a challenge at a seed, its ``params`` laid over the defaults and made legal.

    Raises:
        KeyError: there is no such lab, or it has no such challenge.
    """
    task = _challenge(slug, challenge).draw(int(seed))
    legal, _ = validate(spec(slug), task.params)
    return Task(task.prompt, legal)


TASKS_LOOKED_AT = 5  # a challenge sets the same parameters in each of its tasks, or nearly


def main_params(slug: str) -> tuple[str, ...]:
    """Names of the parameters that a preset, a prediction or a challenge uses, in the SPEC's order.

    A challenge whose answer is the lab's settings uses those that its tasks set away from the defaults; the pinned
    parameters count too. Their controls stand beside the charts, the others in a drawer.

    Raises:
        KeyError: there is no such lab.
    """
    spec_ = spec(slug)
    used = {name for told in (*spec_.presets, *spec_.predictions) for name in told.params}
    for challenge in spec_.challenges:
        for seed in range(1, TASKS_LOOKED_AT + 1):
            used |= set(challenge.draw(seed).params)
    return tuple(p.name for p in spec_.params if p.name in used | set(spec_.pinned))


def recorded_run(slug: str) -> Frame | None:
    """The frame of the run that ``SPEC.recorded`` describes; None for a lab that shows everything without one.

    Raises:
        KeyError: there is no such lab.
    """
    settings = spec(slug).recorded
    return last_frame(slug, settings) if settings else None


def check(slug: str, challenge: str, seed: int, params: dict[str, Any], answer: Any = None) -> Verdict:
    """A verdict on an answer. An unreadable answer is "wrong" with a sentence, never an exception.

    Raises:
        KeyError: there is no such lab, or it has no such challenge.
    """
    found = _challenge(slug, challenge)
    legal, _ = validate(spec(slug), params)
    if found.answer == "number":
        verdicts = [found.check(int(seed), legal, value) for value in _meanings(answer, found.unit)]
        if not verdicts:
            return Verdict("wrong", "Type a number.")
        return next((verdict for verdict in verdicts if verdict.result == "right"), verdicts[0])
    if found.answer == "choice":
        legal_answers = [value for value, _ in found.choices if str(value) == str(answer)]
        if not legal_answers:
            return Verdict("wrong", "Choose one of the answers.")
        answer = legal_answers[0]
    return found.check(int(seed), legal, answer)


def _meanings(answer: Any, unit: str) -> list[float]:
    """Every number that an answer can mean. Per cent is a share, except where the challenge asks for per cent."""
    if isinstance(answer, bool):
        return []
    if not isinstance(answer, str):
        try:
            number = float(answer)
        except (TypeError, ValueError, OverflowError):
            return []
        return [number] if np.isfinite(number) else []
    values, percent = numbers.readings(answer)
    return [value / 100 if percent and unit not in ("%", "percent") else value for value in values]


def _challenge(slug: str, name: str) -> Challenge:
    for challenge in spec(slug).challenges:
        if challenge.name == name:
            return challenge
    raise KeyError(f"lab '{slug}' has no challenge called '{name}'")


def source(name: str) -> str:
    """Source text of a "module:function" that a lab shows behind itself.

    Raises:
        KeyError: it is no function of labs_py.
    """
    module, function = _locate(name)
    return inspect.getsource(getattr(module, function))


def replace(name: str, text: str) -> None:
    """Put a reader's version of a "module:function" in place of the shipped one, until ``restore``.

    The text runs in the function's own module, so its neighbours use the new version too.

    Raises:
        SyntaxError: the text does not compile.
        ValueError: it does not define that function.
    """
    module, function = _locate(name)
    code = compile(text, f"<your {function}>", "exec")
    shipped = getattr(module, function)
    namespace = dict(vars(module))
    namespace.pop(function)
    exec(code, namespace)
    if not callable(namespace.get(function)):
        raise ValueError(f"The code must define a function called {function}.")
    exec(code, vars(module))
    _shipped.setdefault(name, shipped)
    _hand_on(shipped, getattr(module, function))
    _forget()


def restore(name: str | None = None) -> None:
    """Put the shipped version back (of all functions when no name is given)."""
    for key in [name] if name else list(_shipped):
        if key in _shipped:
            module, function = _locate(key)
            edited_version, shipped = getattr(module, function), _shipped.pop(key)
            setattr(module, function, shipped)
            _hand_on(edited_version, shipped)
    _forget()


def _hand_on(former: Any, now: Any) -> None:
    """Modules that took a function by name use the new one as well."""
    for name, module in list(sys.modules.items()):
        if name.startswith("labs_py."):
            for key in [key for key, value in vars(module).items() if value is former]:
                setattr(module, key, now)


def edited() -> list[str]:
    """Names of the functions of which a reader's version is in use."""
    return list(_shipped)


_shipped: dict[str, Any] = {}


def _locate(name: str) -> tuple[ModuleType, str]:
    module_name, _, function = name.partition(":")
    if not module_name.startswith("labs_py."):
        raise KeyError(f"'{name}' is not part of labs_py")
    module = importlib.import_module(module_name)
    if not hasattr(module, function):
        raise KeyError(f"{module_name} has no function called '{function}'")
    return module, function


def _forget() -> None:
    """Drop what the labs that have run remember between frames, so that edited code takes effect."""
    for slug in list_labs():
        forget = getattr(sys.modules.get(f"{labs.__name__}.{slug}.lab"), "forget", None)
        if forget:
            forget()
