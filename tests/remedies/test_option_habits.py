"""The names of options in other programs are understood."""

from __future__ import annotations

import pytest

import gradlab as gl
from gradlab.remedies.option_habits import find_habitual

RACE = ("problem", "optimizer", "rates", "seeds", "steps", "out", "workers")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("--lr", "rates"),
        ("learning_rates", "rates"),
        ("--step-size", "rates"),
        ("epochs", "steps"),
        ("--num-epochs", "steps"),
        ("--MaxIters", None),  # one word
        ("max_iters", "steps"),
        ("runs", "seeds"),
        ("--output", "out"),
        ("n_jobs", "workers"),
        ("datasets", "problem"),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_option_of_a_habit_is_found(name: str, meant: str | None) -> None:
    assert find_habitual(name, RACE) == meant


def test_what_a_command_lacks_is_not_named() -> None:
    assert find_habitual("lr", ("steps", "set")) == "set learning_rate=VALUES"
    assert find_habitual("lr", ("steps",)) is None


def test_the_functions_of_the_laboratory_know_the_habits_too() -> None:
    with pytest.raises(TypeError, match=r"race has no argument 'lr'; did you mean rates\?$"):
        gl.lab.race("ravine", "adam", lr=0.1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"sweep has no argument 'learning_rate'; did you mean hyperparameters\?$"):
        gl.lab.sweep("ravine", "adam", learning_rate=0.1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"search has no argument 'epochs'; did you mean steps\?$"):
        gl.lab.search("ravine", "adam", {}, epochs=3)  # type: ignore[call-arg]
