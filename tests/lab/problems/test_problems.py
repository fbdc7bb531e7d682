"""The problems by name."""

from __future__ import annotations

import pytest

from gradlab.lab._inputs.loading import find_problem
from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab.problems import PROBLEMS, Ravine


def test_every_problem_is_found_under_its_own_name() -> None:
    for name in PROBLEMS:
        assert find_problem(name).name == name
    assert find_problem("ravine") == Ravine()


def test_an_unknown_problem_is_met_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="no problem is named 'ravin'; did you mean ravine"):
        find_problem("ravin")
