"""The rules of claim 11: where there is a gap, whether it is closed, and steps that begin as those of Adam."""

from __future__ import annotations

from typing import Any

import pytest

import gradlab as gl
from gradlab.lab._literature_claims.adam_family.generalization import NAMES, judge, step_ratios


def numbers_of(**losses: float) -> dict[str, Any]:
    optimizers = {name: {"scores": [losses.get(name, 1.0)] * 3} for name in NAMES}
    problem: dict[str, Any] = {"logarithmic": True, "higher_is_better": False, "floor": 0.0, "optimizers": optimizers}
    problem["label"] = "test loss"
    ratios = {"adabound": [1.0, 80.0, 440.0, 980.0], "amsbound": [1.0, 80.0, 440.0, 980.0]}
    return {"brief": False, "problems": {"one": problem}, "ratios": ratios}


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ({"sgd": 0.5, "adabound": 0.7, "amsbound": 0.7}, ("holds", "holds")),
        ({"sgd": 0.5, "adabound": 0.7}, ("holds", "not reproduced")),  # AMSBound is no better than Adam
        ({"sgd": 0.5, "rmsprop": 0.4}, ("not reproduced", "not reproduced")),  # no gap to RMSProp
        ({"adabound": 0.5, "amsbound": 0.5}, ("not reproduced", "not reproduced")),  # no gap to close
    ],
)
def test_a_gap_is_closed_where_both_bounded_methods_beat_adam(losses: dict[str, float], words: tuple[str, ...]) -> None:
    gap, _, closed = judge(numbers_of(**losses))
    assert (gap.word, closed.word) == words
    assert "on one (test loss)" in gap.evidence


def test_steps_begin_as_adam_and_end_as_sgd() -> None:
    assert step_ratios(gl.adabound())[0] == pytest.approx(1, rel=1e-3)
    assert step_ratios(gl.sgd(1e-3)) == pytest.approx([1000.0] * 4, rel=1e-3)
    assert judge(numbers_of())[1].word == "holds"
    as_adam = numbers_of()
    as_adam["ratios"]["amsbound"] = [1.0, 1.0, 1.0, 1.0]
    assert judge(as_adam)[1].word == "not reproduced"
