"""`gradlab explain` says what something is made of."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.cli.explain import state_memory
from gradlab.lab.entrants import entrants
from gradlab.lab.problems import PROBLEMS


def test_adam_is_explained(gradlab: Callable[..., Any]) -> None:
    with jax.enable_x64(False):
        code, out, err = gradlab("explain", "adam")
    assert (code, err) == (0, "")
    assert "xₜ = xₜ₋₁ - α m̂ₜ / (√(v̂ₜ) + ε)" in out
    assert "Kingma & Ba (2015)" in out
    assert str(gl.adam(1e-3)) in out
    rows = [line.split() for line in out.splitlines()]
    assert ["b1", "0.9", "[0,", "1),", "or", "a", "schedule"] in rows
    assert ["learning_rate", "0.001", "[0,", "inf),", "or", "a", "schedule"] in rows
    assert "8 bytes for each parameter (2 arrays like it), and 8 bytes besides" in out


@pytest.mark.parametrize("name", [*registry.entries(), *PROBLEMS, *sorted(set(entrants()) - set(registry.entries()))])
def test_everything_can_be_explained(gradlab: Callable[..., Any], name: str) -> None:
    code, out, err = gradlab("explain", name)
    assert (code, err) == (0, "")
    assert out.startswith(name)
    assert len(out.splitlines()) > 1
    assert "$" not in out
    assert "\\" not in out


def test_an_unknown_name_is_met_with_near_ones(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("explain", "amsgrd")
    assert (code, out) == (2, "")
    assert err.startswith("gradlab: no optimizer, link, schedule or problem is named 'amsgrd'; did you mean amsgrad")


@pytest.mark.parametrize(
    ("tx", "memory"),
    [
        (gl.sgd(0.1), "none"),
        (gl.sgd(0.1, momentum=0.9), "4 bytes for each parameter (1 array like it)"),
        (optax.adam(0.1), "8 bytes for each parameter (2 arrays like it), and 4 bytes besides"),
        (gl.amsgrad(0.1), "12 bytes for each parameter (3 arrays like it), and 8 bytes besides"),
    ],
)
def test_state_memory(tx: Any, memory: str) -> None:
    with jax.enable_x64(False):
        assert state_memory(tx) == memory
