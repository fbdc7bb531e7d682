"""The texts are real and split without overlap, and no window mixes samples."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.lab.problems.real_data.texts import Text, find_windows, load_long_text, load_text

TEXTS = pytest.mark.parametrize(
    ("text", "length"), [(load_text(), 10_000), (load_long_text(), 30_000)], ids=["short", "long"]
)


@TEXTS
def test_the_text_is_english_of_few_characters(text: Text, length: int) -> None:
    read = "".join(text.alphabet[code] for code in text.codes)
    assert "breast cancer wisconsin" in read
    assert 30 <= len(text.alphabet) <= 50
    assert len(text.codes) > length
    assert "  " not in read


@TEXTS
def test_every_position_is_in_one_part(text: Text, length: int) -> None:
    assert sorted([*text.train, *text.validation, *text.test]) == list(range(len(text.codes)))
    for part in (text.validation, text.test):
        np.testing.assert_allclose(len(part) / len(text.codes), 0.1, atol=0.02)


@pytest.mark.parametrize("context", [1, 32, 200])
def test_the_characters_that_a_window_predicts_are_of_one_sample(context: int) -> None:
    text, windows = load_long_text(), find_windows(context)
    for part in ("train", "validation", "test"):
        starts = getattr(windows, part)
        predicted = starts[:, None] + np.arange(1, context + 1)
        assert starts.dtype == np.int32
        assert np.isin(predicted, getattr(text, part)).all()
        if part != "train":
            assert len(np.unique(predicted)) == predicted.size  # no character counts twice
            assert len(starts) == min(32, 18 * (200 // context))  # of 18 blocks
    # Every window of the training sample is there: of 800 or more characters between two blocks that are held out.
    members = np.isin(np.arange(len(text.codes)), text.train)
    expected = [at for at in range(len(text.codes) - context) if members[at + 1 : at + 1 + context].all()]
    assert windows.train.tolist() == expected
