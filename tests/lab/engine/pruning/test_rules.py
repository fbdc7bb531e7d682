"""The rules of pruning decide as published, whatever the order of the points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.pruning.pruning import Pruning, check_length, count_choosing
from gradlab.lab._engine.pruning.rules import Hyperband, MedianStopping, SuccessiveHalving, expect_counts


def halve(scores: list[float], factor: int) -> set[int]:
    """Successive halving, written once more: sort the points, and keep the first ones."""
    ranked = sorted((score, point) for point, score in enumerate(scores))
    return {point for score, point in ranked[: max(1, len(scores) // factor)] if score < float("inf")}


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("points", [1, 2, 5, 13, 40])
def test_halving_keeps_the_best(points: int, factor: int) -> None:
    random = np.random.RandomState(points)
    badness = random.permutation(points) / 7.0
    badness[random.random_sample(points) < 0.2] = np.inf
    kept = SuccessiveHalving(factor, 1).select(0, badness, np.ones(points, bool))
    assert set(np.flatnonzero(kept).tolist()) == halve(badness.tolist(), factor)


def test_only_running_points_are_compared() -> None:
    badness, running = np.array([1.0, 0.0, 3.0, 2.0, 4.0]), np.array([True, False, True, True, True])
    assert np.flatnonzero(SuccessiveHalving(2, 1).select(0, badness, running)).tolist() == [0, 3]
    assert np.flatnonzero(MedianStopping(1).select(0, badness, running)).tolist() == [0, 3]


def test_decisions_do_not_depend_on_the_order_of_the_points() -> None:
    badness, order = np.arange(13.0)[::-1], np.random.RandomState(0).permutation(13)
    for rule in (SuccessiveHalving(3, 2), MedianStopping()):
        for rung in range(2):
            kept = rule.select(rung, badness, np.ones(13, bool))
            assert (rule.select(rung, badness[order], np.ones(13, bool)) == kept[order]).all()


def test_points_that_are_no_worse_than_the_median_go_on() -> None:
    badness = np.array([5.0, 1.0, 4.0, 2.0, 3.0])
    kept = MedianStopping().select(0, badness, np.ones(5, bool))
    assert (kept == (badness <= np.median(badness))).all()


def test_diverged_points_never_go_on() -> None:
    for rule in (SuccessiveHalving(), Hyperband(), MedianStopping()):
        assert not rule.select(0, np.full(6, np.inf), np.ones(6, bool)).any()


def test_each_bracket_of_hyperband_halves_its_own_points() -> None:
    rule, badness = Hyperband(3, 2), np.random.RandomState(3).random_sample(34)
    brackets = rule.assign_brackets(34)
    assert np.bincount(brackets).tolist() == [18, 10, 6]  # as 9 : 5 : 3, the points with which the brackets begin
    first = rule.select(0, badness, np.ones(34, bool))
    assert first[brackets > 0].all()
    assert set(np.flatnonzero(first[brackets == 0])) == halve(badness[brackets == 0].tolist(), 3)
    second = rule.select(1, badness, first)
    assert second[brackets == 2].all()
    assert set(np.flatnonzero(second[brackets == 1])) == halve(badness[brackets == 1].tolist(), 3)


@pytest.fixture
def quiet_optuna() -> Iterator[Any]:
    optuna = pytest.importorskip("optuna")
    verbosity = optuna.logging.get_verbosity()  # which is that of the process
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield optuna
    optuna.logging.set_verbosity(verbosity)


def test_what_optuna_decides_about_the_last_of_all_points(quiet_optuna: Any) -> None:
    """Optuna's pruner is asked about points one by one, and decides about the last one as halving does about all."""
    optuna = quiet_optuna
    badness = np.random.RandomState(1).permutation(9) / 9.0
    kept = SuccessiveHalving(3, 2).select(0, badness, np.ones(9, bool))
    for last in range(9):
        study = optuna.create_study(pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3))
        trials = [study.ask() for _ in range(9)]
        for point in [*(point for point in range(9) if point != last), last]:
            trials[point].report(badness[point], step=1)
            is_pruned = trials[point].should_prune()
        assert is_pruned != kept[last]


def test_the_outline_says_how_long_runs_are_expected_to_be() -> None:
    assert expect_counts(SuccessiveHalving(3, 2), 13) == [13, 4, 1]
    assert expect_counts(MedianStopping(), 13) == [13, 7, 4, 2]
    outline = Pruning(SuccessiveHalving(3, 2), lambda *_: np.zeros(0)).outline(13, 10)
    assert outline == (9, (1, 3), ((13, 5, 1), (4, 5, 2), (1, 5, 6), (1, 5, 9)))
    assert [count_choosing(seeds) for seeds in (1, 2, 3, 10)] == [1, 1, 1, 5]


WRONG: list[tuple[Any, str]] = [
    (lambda: gl.lab.SuccessiveHalving(1), "factor must be at least 2, got 1"),
    (lambda: gl.lab.Hyperband(rungs=0), "rungs must be at least 1, got 0"),
    (lambda: gl.lab.MedianStopping(20), "make 1,048,576 parts of a run, and 1,000 are the most"),
    (
        lambda: check_length(SuccessiveHalving(), 7, "adam on digits"),
        "7 updates of adam on digits are too few.*least 8",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[message[:20] for _, message in WRONG])
def test_what_is_wrong_is_said(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
