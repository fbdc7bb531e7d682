"""A profile over two problems, counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.comparison import performance_profiles

INF = float("inf")


@pytest.fixture
def problems(make_curves: Callable[..., xr.Dataset]) -> dict[str, xr.Dataset]:
    """Updates to 0.1: on the first problem 10, 20, never; on the second 30, 10, never."""
    fast, slow, slower = [1, 0.1, 0.1, 0.1], [1, 1, 0.1, 0.1], [1, 1, 1, 0.1]
    never = [1, 1, 1, 1]
    return {"one": make_curves([[fast], [slow], [never]]), "two": make_curves([[slower], [fast], [never]])}


def test_two_problems_by_hand(problems: dict[str, xr.Dataset]) -> None:
    found = performance_profiles(problems, {"one": 0.1, "two": 0.1})
    assert found.ratio.values.tolist() == [[1, 3], [2, 1], [INF, INF]]
    assert found.factor.values.tolist() == [1, 2, 3]
    assert found.profile.values.tolist() == [[0.5, 0.5, 1], [0.5, 1, 1], [0, 0, 0]]
    assert found.problem.values.tolist() == ["one", "two"]


def test_problems_count_alike_whatever_their_seeds(make_curves: Callable[..., xr.Dataset]) -> None:
    fast, slow = [1, 0.1, 0.1], [1, 1, 0.1]
    many = make_curves([[fast] * 4, [slow] * 4])
    single = make_curves([[slow], [fast]])
    found = performance_profiles({"many": many, "single": single}, {"many": 0.1, "single": 0.1})
    assert found.sizes["case"] == 5
    assert found.profile.values.tolist() == [[0.5, 1], [0.5, 1]]


def test_a_case_that_nobody_solves_counts_against_everybody(problems: dict[str, xr.Dataset]) -> None:
    found = performance_profiles(problems, {"one": 0.1, "two": 1e-9})
    assert found.profile.values.tolist() == [[0.5, 0.5], [0, 0.5], [0, 0]]
    assert np.isinf(found.ratio.values[:, 1]).all()


def test_a_target_that_the_start_fulfils_is_a_tie(problems: dict[str, xr.Dataset]) -> None:
    found = performance_profiles(problems, {"one": 1.0, "two": 1.0})
    assert found.profile.values.tolist() == [[1], [1], [1]]


def test_only_optimizers_that_ran_everywhere_are_compared(problems: dict[str, xr.Dataset]) -> None:
    problems["two"] = problems["two"].isel(optimizer=[0, 2])
    assert performance_profiles(problems).optimizer.values.tolist() == ["optimizer_0", "optimizer_2"]
    problems["two"] = problems["two"].assign_coords(optimizer=["a", "b"])
    with pytest.raises(ValueError, match="no optimizer ran on all of one, two"):
        performance_profiles(problems)
