"""The formulas of schedules in equations, where updates count from one."""

from __future__ import annotations

import re
from typing import Any

import pytest

import gradlab as gl
from gradlab.equations import equations_of


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        (gl.schedules.power_law(2.0, 0.5), r"2 \, (t - 1)^{0.5}"),
        (gl.schedules.shift(gl.schedules.power_law(), 1), "t^{1}"),
        (1 - 1 / gl.schedules.shift(gl.schedules.power_law(exponent=0.5), 1), "1 - 1 / t^{0.5}"),
        (0.5 * (1 - gl.schedules.power_law()), r"0.5 \cdot (1 - (t - 1)^{1})"),
        (gl.schedules.lower_bound(0.1, 0.5), "0.1 (1 - 1 / (0.5 t + 1))"),
        (gl.schedules.upper_bound(0.1, 0.5), "0.1 (1 + 1 / (0.5 t))"),
        (gl.schedules.cosine(0.1, 10), ""),
        (1 - gl.schedules.cosine(0.1, 10), ""),
        (gl.schedules.shift(gl.schedules.lower_bound(0.1, 0.5), -1), ""),
        (gl.schedules.shift(gl.schedules.power_law(), 2), ""),
        (gl.schedules.power_law() ** 2, ""),
    ],
)
def test_schedules_with_a_short_formula_have_one_in_which_updates_count_from_one(schedule: Any, formula: str) -> None:
    (symbol,) = (symbol for symbol in equations_of(gl.sgd(schedule)).symbols if symbol.latex == r"\alpha_t")
    assert symbol.formula == formula
    if formula:
        for t in (1.0, 2.0, 5.0):
            read = re.sub(r"\\,|\\cdot|(?<=\d) (?=t|\()", "*", formula).replace("^{", "**(").replace("}", ")")
            assert eval(read, {"t": t}) == pytest.approx(float(schedule(int(t) - 1)))
