"""The formulas of schedules at values worked out by hand, and the steps at which they are compared."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradlab as gl
from gradlab.testing.references import schedules
from gradlab.testing.schedules.schedule_formulas import find_formula, list_formulas, tabulate
from gradlab.testing.schedules.schedule_subject import LATE, list_steps


@pytest.mark.parametrize(
    ("name", "arguments", "values"),
    [
        ("linear", {"init_value": 1.0, "end_value": 3.0, "transition_steps": 4}, {0: 1, 1: 1.5, 4: 3, 9: 3}),
        ("linear", {"init_value": 1.0, "end_value": 3.0, "transition_steps": 0}, {0: 3, 5: 3}),
        (
            "polynomial",
            {"init_value": 1.0, "end_value": 0.0, "power": 2, "transition_steps": 4, "transition_begin": 2},
            {0: 1, 2: 1, 4: 0.25, 6: 0, 7: 0},
        ),
        ("cosine", {"init_value": 2.0, "decay_steps": 4, "alpha": 0.5}, {0: 2, 2: 1.5, 4: 1, 5: 1}),
        (
            "exponential",
            {"init_value": 1.0, "transition_steps": 2, "decay_rate": 0.25, "end_value": 0.1},
            {0: 1, 1: 0.5, 2: 0.25, 4: 0.1},
        ),
        (
            "exponential",
            {"init_value": 1.0, "transition_steps": 2, "decay_rate": 0.25, "staircase": True},
            {1: 1, 2: 0.25, 3: 0.25},
        ),
        ("inverse_time", {"init_value": 1.0, "transition_steps": 2.0, "decay_rate": 3.0}, {0: 1, 2: 0.25}),
        ("inverse_square_root", {"init_value": 1.0, "timescale": 2.0}, {0: 1, 6: 0.5}),
        ("piecewise", {"init_value": 1.0, "boundaries": (2, 4), "factors": (0.5, 0.1)}, {1: 1, 2: 0.5, 4: 0.05}),
        (
            "warmup_cosine",
            {"init_value": 0.0, "peak_value": 1.0, "warmup_steps": 2, "decay_steps": 6, "end_value": 0.5},
            {0: 0, 1: 0.5, 2: 1, 4: 0.75, 6: 0.5, 7: 0.5},
        ),
        (
            "one_cycle",
            {"peak_value": 1.0, "total_steps": 10, "rising_share": 0.4, "start_factor": 2, "end_factor": 5},
            {0: 0.5, 2: 0.75, 4: 1, 7: 0.55, 10: 0.1, 11: 0.1},
        ),
        (
            "warmup_stable_decay",
            {"peak_value": 1.0, "warmup_steps": 2, "stable_steps": 3, "decay_steps": 4},
            {0: 0, 1: 0.5, 2: 1, 5: 1, 7: 0.5, 9: 0, 10: 0},
        ),
        ("nadam_momentum", {"b1": 0.9, "decay": 1.0, "start": 1.0}, {0: 0.9 * 0.52, 1: 0.9 * (1 - 0.4608)}),
        (
            "half_life",
            {"init_value": 0.25, "end_value": 0.0625, "transition_steps": 2},
            {0: 0.25, 1: 2 ** (-8 / 3), 2: 0.0625},
        ),
        ("half_life", {"init_value": 0.0, "end_value": 0.5, "transition_steps": 2}, {0: 0, 1: 0.25, 9: 0.5}),
        ("power_law", {"factor": 3.0, "exponent": 0.5}, {0: 0, 1: 3, 4: 6}),
        ("lower_bound", {"final_value": 1.0, "gamma": 1.0}, {0: 0.5, 2: 0.75}),
        ("upper_bound", {"final_value": 1.0, "gamma": 0.5}, {0: 3, 1: 2}),
        ("combined", {"operation": "**", "left": lambda t: float(t), "right": 2}, {3: 9}),
    ],
)
def test_a_formula_by_hand(name: str, arguments: dict, values: dict) -> None:
    for step, value in values.items():
        assert getattr(schedules, name)(step, **arguments) == pytest.approx(value, rel=1e-14)


def test_schedules_of_schedules_are_bound_to_their_formulas() -> None:
    warm = gl.schedules.linear(0.0, 1.0, 2)
    joined = gl.schedules.join((warm, gl.schedules.shift(gl.schedules.cosine(1.0, 4), 2), lambda step: step), (2, 4))
    name, formula = find_formula(joined, None) or ("", None)
    assert name == "join"
    assert formula is not None
    # The last one counts from its own boundary, at step 4.
    assert tabulate(formula(joined.arguments), np.arange(7)).tolist() == pytest.approx(
        [0, 0.5, 0.5, (1 - math.sqrt(0.5)) / 2, 0, 1, 2], abs=1e-14
    )
    ratio = gl.schedules.relative(warm + 1.0) * 2
    _, formula = find_formula(ratio, None) or ("", None)
    assert formula is not None
    assert tabulate(formula(ratio.arguments), np.arange(3)).tolist() == [2, 3, 4]


def test_every_schedule_of_gradlab_has_a_formula() -> None:
    assert set(list_formulas()) == {name for name in vars(gl.schedules) if name in gl.registry.of_kind("schedule")} | {
        "combined"
    }


def test_the_steps_to_compare_are_the_ends_of_phases_too() -> None:
    steps = set(list_steps({"peak": 0.1, "warmup": 5000, "total": 20000}).tolist())
    assert {*range(3001), 4999, 5000, 5001, 19999, 20000, 20001, 25000, *LATE} <= steps
