"""Settings are pydantic models: frozen, strict at every place, and a copy with other values is checked as a file is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from training.methods.configuration import KINDS, load_config
from training.run.errors import BadInput
from training.run.section import Section
from training.stack.assistant.settings import Settings
from training.stack.distill.settings import StackConfig

TINY = load_config("configs/sft/tiny.yaml")


def places() -> Iterator[tuple[type[Section], str, type]]:
    """Every plain setting of every section, with its type."""
    inner = {value for kind in (*KINDS.values(), StackConfig) for one in kind.model_fields.values()
             for value in (type(one.default), one.annotation)}  # fmt: skip
    known = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, Section)]
    for kind in (*KINDS.values(), StackConfig, Settings, type(TINY.lora), *known):
        for name, field in kind.model_fields.items():
            if field.annotation in (str, int, float):
                yield kind, name, field.annotation


@pytest.mark.parametrize(("kind", "value"), [(str, "a\0b"), (str, "\ud800"), (int, 10**20), (int, True), (int, 2.0),
                                             (float, "1e400"), (float, True), (float, float("nan"))])  # fmt: skip
def test_no_setting_takes_what_no_file_or_tensor_could_hold(kind, value):
    asked = [(section, name) for section, name, found in places() if found is kind]
    assert len(asked) > 10
    for section, name in asked:
        with pytest.raises(ValidationError) as caught:
            section.model_validate({name: value})
        assert any(one["loc"] == (name,) for one in caught.value.errors()), f"{section.__name__}.{name}"


def test_settings_stay_as_they_are():
    with pytest.raises(ValidationError, match="frozen"):
        TINY.train.learning_rate = 1.0


def test_a_copy_is_checked_and_leaves_the_first_as_it_was():
    other = TINY.replace(train=TINY.train.replace(max_steps=7, num_train_epochs=1))
    assert (other.train.max_steps, other.train.num_train_epochs) == (7, 1.0)
    assert isinstance(other.train.num_train_epochs, float) and TINY.train.max_steps == 0
    with pytest.raises(BadInput, match=r"settings: unknown key 'max_step'; did you mean 'max_steps'"):
        TINY.train.replace(max_step=7)
    with pytest.raises(BadInput, match="nothing would be trained"):
        TINY.replace(train=TINY.train.replace(num_train_epochs=0))


def test_a_list_or_a_text_is_said_to_be_either():
    with pytest.raises(BadInput, match=r"'lora.target_modules' must be text or a list, not 3 \(which linear layers"):
        TINY.replace(lora={**dict(TINY.lora), "target_modules": 3})
    with pytest.raises(BadInput, match=r"'lora.target_modules\[1\]' must be text, not 3"):
        TINY.replace(lora={**dict(TINY.lora), "target_modules": ["q_proj", 3]})
