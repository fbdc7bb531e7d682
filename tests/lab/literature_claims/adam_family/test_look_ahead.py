"""The rules of claim 9: steps by the equation, and where the look-ahead helps."""

from __future__ import annotations

from typing import Any

from gradlab.lab._literature_claims.adam_family.look_ahead import judge, nadam_steps


def race_of(adam: float, nadam: float) -> dict[str, Any]:
    optimizers = {"adam": {"scores": [adam] * 3}, "nadam": {"scores": [nadam] * 3}}
    about = {"logarithmic": True, "higher_is_better": False, "floor": 0.0, "label": "test loss"}
    return {**about, "optimizers": optimizers}


def test_it_helps_on_some_problems() -> None:
    numbers = {"brief": False, "steps": nadam_steps(), "equation": nadam_steps()}
    both = {"one": race_of(1.0, 0.5), "two": race_of(0.5, 1.0)}
    assert [str(verdict) for verdict in judge(numbers | {"problems": both})] == ["holds", "holds on some problems"]
    found = judge(numbers | {"problems": both})[1].evidence
    assert "Adam's on one (test loss: 50 %), and worse on two (test loss: 50 %)" in found
    assert str(judge(numbers | {"problems": {"two": both["two"]}})[1]) == "not reproduced"


def test_steps_that_are_not_those_of_the_equation_do_not_hold() -> None:
    numbers = {"brief": False, "steps": nadam_steps(b1=0.8), "equation": nadam_steps()}
    assert judge(numbers | {"problems": {"one": race_of(1.0, 0.5)}})[0].word == "not reproduced"
