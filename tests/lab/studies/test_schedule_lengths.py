"""A race says where the length of an optimizer's schedule is not that of its runs."""

from __future__ import annotations

from typing import Any

import pytest

import gradlab as gl
from gradlab.lab._studies.race import make_race, race


def fading(learning_rate: Any = 0.1, steps: int = 300) -> Any:
    return gl.adam(gl.schedules.linear(learning_rate, 0.0, steps))


def iterating(learning_rate: Any = 0.1, steps: int = 5) -> Any:
    return gl.adam(learning_rate)


def list_warnings(optimizers: Any, steps: int) -> list[str]:
    return make_race(["ravine", "rosenbrock"], optimizers, 2, 2, steps).warnings


def test_a_schedule_of_another_length_is_named_once_for_all_problems() -> None:
    assert list_warnings({"mine": fading}, 1000) == [
        "mine has steps=300, but a run on ravine, rosenbrock has 1000 updates. If steps is the length of a schedule, "
        "write steps=1000 behind its name, as in --optimizer my_module:my_optimizer:steps=1000, or race over "
        "--steps 300 (steps=)"
    ]
    with pytest.warns(UserWarning, match="mine has steps=300, but a run on ravine has 12 updates"):
        race("ravine", {"mine": fading}, rates=1, seeds=1, steps=12)


@pytest.mark.parametrize(
    ("optimizer", "steps"),
    [
        pytest.param(fading, 300, id="the same length"),
        pytest.param(iterating, 300, id="iterations within an update"),
        pytest.param("adam", 300, id="one of gradlab"),
    ],
)
def test_nothing_is_said_otherwise(optimizer: Any, steps: int) -> None:
    assert list_warnings(optimizer, steps) == []


def test_nothing_is_said_where_the_length_was_given(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_of_lengths.py").write_text(
        "import gradlab as gl\n\ndef fading(learning_rate=0.1, steps=300):\n"
        "    return gl.adam(gl.schedules.linear(learning_rate, 0.0, steps))\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert len(list_warnings("mine_of_lengths:fading", 1000)) == 1
    assert list_warnings("mine_of_lengths:fading:steps=1000", 1000) == []
