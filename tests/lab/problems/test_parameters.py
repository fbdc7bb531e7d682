"""The parameters of problems: values for which a problem would not be what it says are refused by name."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from gradlab.lab._inputs.loading import find_problem
from gradlab.lab.problems import PROBLEMS

_MAKERS: Any = PROBLEMS  # all are dataclasses
NUMBERS = [
    (name, field.name, type(field.default))
    for name, make in _MAKERS.items()
    for field in dataclasses.fields(make)
    if type(field.default) in (int, float)
]


@pytest.mark.parametrize(("problem", "parameter", "kind"), NUMBERS)
def test_no_parameter_takes_what_is_no_finite_number_or_size(problem: str, parameter: str, kind: type) -> None:
    make: Any = PROBLEMS[problem]
    for value in (float("nan"), float("inf"), "3", True, *((0.5, -1) if kind is int else ())):
        with pytest.raises(ValueError, match=f"^{parameter} must be .*, got {re.escape(repr(value))}$"):
            make(**{parameter: value})


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("reddi:large=3,period=7", "reddi: large must be above period - 1, which is 6, .* got large=3.0 and period=7"),
        ("reddi:period=0", "reddi: period must be a whole number of at least 2, got 0"),
        ("reddi:large=2.0", "reddi: large must be above period - 1, which is 2"),  # the mean loss is flat
        ("ravine:steepness=0", "ravine: steepness must be a finite number above 0, got 0.0"),
        ("ravine:steepness=-4", "ravine: steepness must be a finite number above 0, got -4.0"),
        ("rosenbrock:steepness=-1", "steepness must be a finite number above 0"),
        ("rastrigin:amplitude=-1", "amplitude must be a finite number of at least 0"),
        ("saddle:descent=0", "descent must be a finite number above 0"),
        ("beale:jitter=-1", "jitter must be a finite number of at least 0"),
        ("double_well:barrier=1.5", "barrier must be below 1, .* got 1.5"),
        ("quadratic:condition_number=0.5", "condition_number must be a finite number of at least 1"),
        ("quadratic:dimension=0", "dimension must be a whole number of at least 1"),
        ("noisy_quadratic:noise=-1", "noise must be a finite number of at least 0"),
        ("quadratic:degrees_of_freedom=0", "degrees_of_freedom must be a finite number above 0"),
        ("scaled_layers:ratio=0", "ratio must be a finite number above 0"),
        ("matrix_factorization:rank=16", "rank must be at most 15, the smaller of rows=20 and columns=15; got 16"),
        ("sparse_logistic:rows=0", "rows must be a whole number of at least 1"),
        ("digits:batch_size=0", "batch_size must be a whole number of at least 1"),
        ("wine:hidden=-1", "hidden must be a whole number of at least 0"),
    ],
)
def test_a_value_for_which_the_problem_is_another_is_refused(typed: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_problem(typed)


@pytest.mark.parametrize(
    ("typed", "summary"),
    [
        ("ravine", "A valley 50 times steeper across than along:"),
        ("ravine:steepness=200", "A valley 200 times steeper across than along:"),
        ("scaled_layers", "Three layers whose gradients have the ratio 1 : 30 : 1000:"),
        ("scaled_layers:ratio=4", "Three layers whose gradients have the ratio 1 : 2 : 4:"),
        ("quadratic:condition_number=1e3", "A quadratic bowl with condition number 1000:"),
        ("deep_sigmoid", "Four layers of sigmoid units on the digits:"),
        ("deep_sigmoid:depth=1", "One layer of sigmoid units on the digits:"),
        ("deep_sigmoid:depth=12", "12 layers of sigmoid units on the digits:"),
    ],
)
def test_a_summary_names_the_values_of_the_parameters(typed: str, summary: str) -> None:
    problem: Any = find_problem(typed)
    assert problem.summary.startswith(summary)
    assert type(problem)().summary == type(problem).summary  # a class has the summary of its defaults
