"""The tiny GPT's corpus, vocabulary and file: the same everywhere, nothing held out is trained on, no text lost."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load

from labs_py.core import tensor_file, tiny_story, tiny_text


def test_held_out_stories_are_in_no_training_set() -> None:
    unseen = {story.text for story in tiny_story.stories(300, 7, held_out=True)}
    assert len(unseen) == 300
    for seed in range(3):
        assert not unseen & {story.text for story in tiny_story.stories(600, seed, held_out=False)}


def test_a_seed_gives_the_same_lines_and_another_gives_others() -> None:
    assert tiny_story.corpus(20, 3) == tiny_story.corpus(20, 3)
    assert tiny_story.corpus(20, 3) != tiny_story.corpus(20, 4)


def test_the_corpus_never_asks_for_the_moral() -> None:
    lines = tiny_story.corpus(200, 0)
    assert not any(tiny_story.QUESTION in line for line in lines)
    assert 0.3 < np.mean(["so they learned" in line for line in lines]) < 0.7
    assert all(line.endswith(tiny_story.END) and line.count(tiny_story.END) == 1 for line in lines)


def test_every_moral_is_reached_and_each_event_belongs_to_one() -> None:
    assert {story.moral for story in tiny_story.stories(300, 0, held_out=False)} == set(tiny_story.MORALS)
    events = [event for events in tiny_story.MORALS.values() for event in events]
    assert len(set(events)) == len(events) == 3 * len(tiny_story.MORALS)


def test_text_survives_the_vocabulary_and_the_stop_token_stands_alone() -> None:
    lines = tiny_story.corpus(100, 0)
    vocabulary = tiny_text.Vocabulary(tiny_text.learn(lines, 60))
    assert len(vocabulary.tokens) == len(tiny_text.ALPHABET) + 60
    for line in lines:
        numbers = vocabulary.encode(line)
        assert vocabulary.decode(numbers) == line
        assert numbers.count(tiny_text.STOP) == 1 and numbers[-1] == tiny_text.STOP
    assert vocabulary.decode(vocabulary.encode("é fox 3")) == " fox "


def test_the_first_merge_is_the_most_frequent_pair() -> None:
    assert tiny_text.learn(["ab ab abc"], 2) == [("a", "b"), (" ", "ab")]


def test_question_and_answer_are_cut_where_the_whole_line_would_be() -> None:
    vocabulary = tiny_text.Vocabulary(tiny_text.learn(tiny_story.corpus(500, 0), 220))
    for prompt, answer in tiny_story.examples(50, 0):
        assert vocabulary.encode(prompt) + vocabulary.encode(answer) == vocabulary.encode(prompt + answer)


def test_a_tensor_file_is_read_by_its_own_library_and_by_us() -> None:
    tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([0.5], np.float32)}
    content = tensor_file.write(tensors, {"rank": "4"})
    theirs, (ours, metadata) = load(content), tensor_file.read(content)
    assert metadata == {"rank": "4"}
    for name, tensor in tensors.items():
        assert np.array_equal(theirs[name], tensor) and np.array_equal(ours[name], tensor)
    assert tensor_file.read(tensor_file.write(tensors, dtype="F16"))[0]["b"] == np.float32(0.5)


BROKEN = (b"", b"abc", b"\xff" * 40, b"\x02" + b"\0" * 7 + b"[]", b"\x02" + b"\0" * 7 + b"{")


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_tensor_file_is_one_sentence(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a readable safetensors file"):
        tensor_file.read(content)


def test_a_cut_tensor_file_is_refused() -> None:
    whole = tensor_file.write({"a": np.ones(8, np.float32)})
    with pytest.raises(ValueError, match="not a readable"):
        tensor_file.read(whole[:-4])
