"""Every kind of surroundings is compared, and restored."""

from __future__ import annotations

import logging
import os
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from gradlab.testing.subjects.surroundings import list_changes, restore_surroundings, take_snapshot


def _set_variable() -> None:
    os.environ["GRADLAB_TEST_VARIABLE"] = "1"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda: random.seed(1), "Python's random"),
        (lambda: np.random.seed(1), "NumPy's np.random"),
        (_set_variable, "GRADLAB_TEST_VARIABLE (from 'not set' to '1')"),
        (lambda: os.environ.pop("PATH"), "PATH"),
        (lambda: jax.config.update("jax_debug_nans", True), "jax_debug_nans (from False to True)"),
        (lambda: warnings.simplefilter("ignore"), "warnings.filters"),
        (lambda: sys.setrecursionlimit(4321), "sys.getrecursionlimit() (from"),
        (lambda: logging.disable(logging.INFO), "the level of logging"),
        (lambda: logging.root.addHandler(logging.NullHandler()), "the handlers of logging"),
        (lambda: os.chdir("/"), "os.getcwd()"),
        (lambda: np.seterr(divide="raise"), "np.geterr()"),
        (lambda: np.set_printoptions(precision=3), "np.get_printoptions()"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_a_change_is_named_and_restored(change: Callable[[], Any], name: str) -> None:
    with restore_surroundings() as before:
        change()
        (text,) = list_changes(before, take_snapshot())
        assert name in text
    assert list_changes(before, take_snapshot()) == []


def _draw_and_fail() -> None:
    random.random()
    raise ValueError("wrong")


def test_surroundings_are_restored_after_an_error() -> None:
    before = take_snapshot()
    with pytest.raises(ValueError, match="wrong"), restore_surroundings():
        _draw_and_fail()
    assert list_changes(before, take_snapshot()) == []
