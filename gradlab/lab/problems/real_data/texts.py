"""Real texts, from scikit-learn's descriptions of data sets, split into training, validation and test positions."""

from __future__ import annotations

import functools
import re
from importlib.resources import files
from typing import NamedTuple

import numpy as np

BLOCK = 200  # characters; of every ten blocks, one is for validation and one for the test


class Text(NamedTuple):
    """A text, and the positions of the characters on which a model is trained, validated and tested."""

    alphabet: str
    codes: np.ndarray  # (length,) int32: indices into the alphabet
    train: np.ndarray  # (positions,) int32
    validation: np.ndarray
    test: np.ndarray


@functools.cache
def load_text() -> Text:
    """Load scikit-learn's descriptions of its bundled data sets: about 13,000 characters, in lower case.

    Each sequence of characters other than letters, digits and some punctuation becomes one space.
    """
    from sklearn import datasets  # the import takes a second, and few commands need it

    names = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
    return _split(" ".join(getattr(datasets, f"load_{name}")().DESCR for name in names))


@functools.cache
def load_long_text() -> Text:
    """Load all descriptions of data sets in scikit-learn's package, also of those that it would download.

    These are about 37,000 characters, treated as in `load_text`.
    """
    pages = [page for page in files("sklearn.datasets.descr").iterdir() if page.name.endswith(".rst")]
    return _split(" ".join(page.read_text("utf-8") for page in sorted(pages, key=lambda page: page.name)))


def _split(descriptions: str) -> Text:
    text = re.sub(r"[^a-z0-9.,:()'-]+", " ", re.sub(r"[-=:*]{2,}", " ", descriptions.lower()))
    alphabet = "".join(sorted(set(text)))
    codes = np.array([alphabet.index(character) for character in text], np.int32)
    positions = np.arange(len(codes), dtype=np.int32)
    block = positions // BLOCK % 10
    is_validation, is_test = block == 4, block == 9
    return Text(alphabet, codes, positions[~(is_validation | is_test)], positions[is_validation], positions[is_test])


class Windows(NamedTuple):
    """Where windows of the long text begin, each an array (windows,) of int32. A window has one character more than the
    model predicts: the first is read only. All others of a window belong to the same sample."""

    train: np.ndarray  # all windows, which overlap
    validation: np.ndarray  # windows whose predicted characters do not overlap
    test: np.ndarray


@functools.cache
def find_windows(context: int, most: int = 32) -> Windows:
    """Find the windows of the long text in which `context` characters, from 1 to `BLOCK`, are predicted.

    At most `most` windows of the validation and of the test sample are returned, at even distances.
    """
    text = load_long_text()

    def find(positions: np.ndarray) -> np.ndarray:
        is_member = np.zeros(len(text.codes), int)
        is_member[positions] = 1
        before = np.concatenate([[0], is_member.cumsum()])  # before[i]: members among the first i characters
        starts = np.arange(len(text.codes) - context, dtype=np.int32)
        return starts[before[starts + 1 + context] - before[starts + 1] == context]

    def thin_out(starts: np.ndarray) -> np.ndarray:
        apart = starts[(starts + 1) % BLOCK % context == 0]
        return apart[np.linspace(0, len(apart) - 1, min(most, len(apart))).round().astype(int)]

    return Windows(find(text.train), thin_out(find(text.validation)), thin_out(find(text.test)))
