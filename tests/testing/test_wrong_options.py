"""Misspelt options of a check, and options by their place: what `tests/test_wrong_inputs.py` does not show."""

from __future__ import annotations

from typing import Any

import pytest

import gradlab as gl
from gradlab.testing import check

OPTIONS: Any = {"laws": ("pure",), "dtypes": ("float32",)}


def test_an_argument_that_the_factory_has_is_its_own() -> None:
    def clipped(learning_rate: float = 0.1, law: float = 1.0) -> Any:
        return gl.sgd(law * learning_rate)

    assert check(clipped, law=0.5, **OPTIONS).subject == "clipped(law=0.5)"

    def takes_any(**settings: float) -> Any:
        return gl.sgd(settings["law"])

    assert check(takes_any, law=0.5, **OPTIONS).ok
    with pytest.raises(TypeError, match="check has no argument 'dtyp'; did you mean dtypes"):
        check(clipped, dtyp="float32")


def test_a_name_that_is_near_no_option_stays_a_finding_about_the_factory() -> None:
    report = check(gl.sgd, scale=0.5, **OPTIONS)
    assert report.broken[0].law == "made"
    assert "scale" in report.broken[0].detail


def test_a_tuple_of_laws_by_its_place_is_named() -> None:
    with pytest.raises(TypeError, match="write laws=\\('pure',\\), say"):
        check(gl.sgd, ("pure",))  # type: ignore[arg-type, call-arg]
