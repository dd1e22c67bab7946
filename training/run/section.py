"""What every section of settings is: a pydantic model that knows all its keys, converts nothing and stays as it is.

``build`` makes one of what a file says, and turns pydantic's faults into the one line that a reader gets.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from training.run.errors import BadInput
from training.run.strict_yaml import shown

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

LARGEST = 2**63 - 1  # whole number that torch and numpy hold
LATER = "later"  # marks a setting that came when runs were recorded already; see ``training.run.config.sha``


@dataclass(frozen=True)
class HashedAs:
    """Marks a setting whose default is other than when runs were recorded; the hash takes the value of that time."""

    value: Any


WANTED = {"int_type": "a whole number", "float_type": "a number", "bool_type": "true or false", "string_type": "text",
          "dict_type": "a mapping", "list_type": "a list", "finite_number": "a finite number"}  # fmt: skip


def _plain(text: str) -> str:
    """Refuse a text that cannot name a file, or be written to one."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise PydanticCustomError("not_plain", "text without NUL characters and lone surrogates")
    return text


def _not_too_large(value: int) -> int:
    if abs(value) > LARGEST:
        raise PydanticCustomError("too_large", "a whole number up to {limit}", {"limit": LARGEST})
    return value


def _as_float(value: Any) -> Any:
    """A whole number, or 1e-4 (text in YAML 1.1), as a float; all else as it is, for pydantic to judge."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return value
    try:
        return float(value)
    except ValueError:
        return value
    except OverflowError:
        return math.inf


Text = Annotated[str, AfterValidator(_plain)]
Whole = Annotated[int, AfterValidator(_not_too_large)]
Number = Annotated[float, BeforeValidator(_as_float)]


class Section(BaseModel):
    """Base of all settings: a field says its type, its bounds (both inclusive) and, as description, what it means.

    A field without a default must stand in the file. Texts and numbers are ``Text``, ``Whole`` and ``Number``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def replace(self, **values: Any) -> Self:
        """A copy with other values, checked like those of a file.

        Raises:
            BadInput: a value that its field does not take, or values that do not go together.
        """
        return build(type(self), {**dict(self), **values}, "settings")


Kind = TypeVar("Kind", bound=Section)


def build(kind: type[Kind], tree: dict, path: str) -> Kind:
    """The section ``kind`` from what a file says.

    Args:
        kind: the section, or a whole configuration.
        tree: its keys and values.
        path: of the file, the beginning of a message.

    Raises:
        BadInput: one line that names file, key, value and remedy.
    """
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        raise BadInput(f"{path}: {_line(kind, tree, error.errors(include_url=False))}") from None


def _line(kind: type[Section], tree: dict, faults: list[ErrorDetails]) -> str:
    """What the reader is told first: an unknown key, which may be a misspelt one that is missing, before all else."""
    placed = [(*_place(tree, fault), fault) for fault in faults]
    unknown = [one for one in placed if one[2]["type"] in ("extra_forbidden", "invalid_key")]
    first = (unknown or placed)[0]
    inside = [one for one in placed if one[0][: len(first[0])] == first[0]]  # of a union, what came furthest
    place, value, fault = first if unknown else max(inside, key=lambda one: len(one[0]))
    section, field = _field(kind, place)
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)[1:]
    name = shown(f"{dotted} (its key)" if fault["loc"][-1:] == ("[key]",) else dotted)
    if unknown:
        near = difflib.get_close_matches(str(place[-1]), section.model_fields, 1, 0.5)
        return f"unknown key {name}; " + (
            f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(section.model_fields)}"
        )
    if fault["type"] == "value_error":  # of a validator of ours, which knows what to say
        return str(fault["ctx"]["error"])
    if fault["type"] == "missing":
        return f"key {name} is missing; add it ({field.description})"
    wanted = " or ".join(dict.fromkeys(_wanted(one, field) for there, _, one in inside if there == place))
    return f"{name} must be {wanted}, not {shown(value)} ({field.description})"


def _place(tree: Any, fault: ErrorDetails) -> tuple[list[str | int], Any]:
    """Keys that lead to a fault, and the value there as it was written.

    Pydantic's own path also says which member of a union it tried; that is no key of the file, and goes.
    """
    place: list[str | int] = []
    for part in fault["loc"]:
        known = part in tree if isinstance(tree, dict) else isinstance(tree, list) and isinstance(part, int)
        if known and tree is not fault["input"]:
            place.append(part if isinstance(tree, list) else str(part))
            tree = tree[part]
    if fault["type"] == "missing":
        place.append(fault["loc"][-1])
    return (place[:-1], fault["input"]) if fault["loc"][-1:] == ("[key]",) else (place, tree)


def _field(kind: type[Section], place: list[str | int]) -> tuple[type[Section], FieldInfo]:
    """The innermost section of a place, and the innermost field; one that is not known has no description."""
    field = Field()
    for part in place:
        if part not in kind.model_fields:
            break
        field = kind.model_fields[str(part)]
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if isinstance(one, type)]
        kind = next((one for one in inner if issubclass(one, Section)), kind)
    return kind, field


def _wanted(fault: ErrorDetails, field: FieldInfo) -> str:
    """What a value must be, after "must be"."""
    if fault["type"] == "model_type":
        return "a section with keys"
    if fault["type"] == "literal_error":
        return f"one of {', '.join(get_args(field.annotation))}"
    if fault["type"] not in ("greater_than_equal", "less_than_equal"):
        return WANTED.get(fault["type"], fault["msg"])
    low, high = ([getattr(one, side) for one in field.metadata if hasattr(one, side)] for side in ("ge", "le"))
    if low and high:
        return f"between {low[0]} and {high[0]}"
    limit = (low or high or [*fault["ctx"].values()])[0]  # as it is written, 0 rather than 0.0
    return f"at least {limit}" if fault["type"] == "greater_than_equal" else f"at most {limit}"
