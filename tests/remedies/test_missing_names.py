"""A public name that gradlab lacks is answered with what to write, if another library or a subpackage has it."""

from __future__ import annotations

import re
from typing import Any

import optax
import pytest

import gradlab as gl
from gradlab.remedies.missing_names import describe_public_name
from gradlab.remedies.optax_names import OF_SCHEDULES, OF_TORCH, REPLACEMENTS

OF_OPTAX = [name for name in vars(optax) if not name.startswith("_") and name not in dir(gl)]


def find(text: str) -> Any:
    """Return what a dotted name such as `gl.schedules.join` stands for."""
    thing: Any = {"gl": gl, "optax": optax}[text.partition(".")[0]]
    for part in text.split(".")[1:]:
        thing = getattr(thing, part)
    return thing


@pytest.mark.parametrize("name", OF_OPTAX)
def test_each_name_of_optax_has_a_remedy(name: str) -> None:
    hint = describe_public_name(name, dir(gl))
    assert hint.startswith(("; use gl.", "; in place of optax.", "; keep optax's own, optax."))


@pytest.mark.parametrize("name", [*OF_OPTAX, *REPLACEMENTS, *OF_TORCH, *OF_SCHEDULES, "equations", "race", "problems"])
def test_a_remedy_names_what_exists(name: str) -> None:
    hint = describe_public_name(name, dir(gl))
    remedy = re.sub("in place of .*?, use ", "", hint)
    named = re.findall(r"\b(?:gl|optax)(?:\.[A-Za-z_]\w*)+", remedy)
    assert named or name == "inject_hyperparams"
    for text in named:
        find(text)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("warmup_cosine_decay_schedule", "warmup_cosine"),
        ("cosine_decay_schedule", "cosine"),
        ("linear_schedule", "linear"),
        ("join_schedules", "join"),
        ("exponential_decay", "exponential"),
        ("polynomial_schedule", "polynomial"),
        ("piecewise_constant_schedule", "piecewise"),
        ("warmup_cosine", "warmup_cosine"),
        ("cosine", "cosine"),
    ],
)
def test_a_schedule_is_found_by_its_name_here_or_in_optax(name: str, meant: str) -> None:
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'; use gl\.schedules\.{meant}$"):
        getattr(gl, name)


@pytest.mark.parametrize("name", ["zzz", "_private", "Any", "refuse_unknown_names", "bounds"])
def test_no_remedy_is_made_up(name: str) -> None:
    assert describe_public_name(name, dir(gl)) == ""
