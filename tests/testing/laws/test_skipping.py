"""The law about steps that are not finite, on right and on wrong ones."""

from __future__ import annotations

import re
from typing import Any

import jax
import optax
import pytest

import gradlab as gl
from gradlab.testing import check


def examine(tx: Any, limit: Any) -> Any:
    return check(tx, laws=(), claims={"skips nonfinite": limit})["skips nonfinite"]


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (lambda: gl.skip_nonfinite(gl.sgd(0.1, momentum=0.9), 3), 3),
        (lambda: gl.skip_nonfinite(gl.sgd(0.1), float("inf")), float("inf")),
        (lambda: gl.skip_nonfinite(gl.sgd(0.1), 0), 0),
        (lambda: optax.apply_if_finite(optax.sgd(0.1), 2), 2),
        (lambda: gl.dynamic_loss_scale(gl.sgd(0.1)), None),
    ],
)
def test_what_skips_passes(make: Any, limit: Any) -> None:
    with jax.numpy_dtype_promotion("standard"):
        assert examine(make(), limit).verdict == "holds"


@pytest.mark.parametrize(
    ("make", "limit", "words"),
    [
        (lambda: gl.sgd(0.1), None, "a gradient with a NaN in its first leaf moves the parameters"),
        (lambda: gl.skip_nonfinite(gl.sgd(0.1), 2), 3, "a NaN, number 3 in a row of 3 that are moves the parameters"),
        (lambda: gl.skip_nonfinite(gl.sgd(0.1), 4), 3, "number 4 in a row .* is skipped, beyond the limit of 3"),
        (lambda: gl.skip_nonfinite(gl.sgd(0.1), 9), float("inf"), "number 10 in a row of inf"),
    ],
)
def test_what_does_not_is_named(make: Any, limit: Any, words: str) -> None:
    result = examine(make(), limit)
    assert result.verdict == "broken"
    assert re.search(words, result.detail), result.detail


def test_without_a_limit_the_report_says_what_is_open() -> None:
    report = check(gl.skip_nonfinite(gl.sgd(0.1)), laws=(), claims=("skips nonfinite",))
    assert "how many it skips in a row. Pass the limit" in str(report)


@pytest.mark.parametrize("limit", [-1, 2.5, "3"])
def test_another_limit_is_refused(limit: Any) -> None:
    with pytest.raises(ValueError, match="needs how many are skipped in a row at most, an integer that is not negativ"):
        examine(gl.sgd(0.1), limit)
