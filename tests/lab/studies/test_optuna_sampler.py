"""Suggestions follow the scores, are the same for the same scores, and leave Optuna's settings alone."""

from __future__ import annotations

import logging
import sys
from typing import Any

import numpy as np
import optuna
import pytest

import gradlab as gl
from gradlab.lab._studies.optuna_sampler import MissingOptunaError, Suggestions
from gradlab.lab._studies.search_space import Integer, Linear, Log, SearchSpaceError, When
from gradlab.lab._studies.search_space.axes import sample_points
from gradlab.lab._studies.search_space.structures import Space, as_space

AXES: Any = {"rate": Log(1e-4, 1), "decay": Linear(0.5, 1), "power": [1.0, 2.0]}
NUMBERS = Space(AXES, {}, {}, tuple(AXES))
MIXED = as_space(
    {
        "nesterov": When([True, False], momentum="0.9"),
        "learning_rate": Log(1e-4, 1),
        "momentum": {"none": None, "0.9": 0.9},
        "dampening": When(Linear(0, 0.5), nesterov=False, momentum="0.9"),
    },
    {"sgd": gl.sgd},
)


def walk(higher_is_better: bool = False, seed: int = 0, batches: int = 4) -> list[dict[str, np.ndarray]]:
    """The points of some batches of 12, of which those at a rate of 0.01 score lowest; NaN above 0.5."""
    suggestions, found = Suggestions(NUMBERS, higher_is_better, 12, seed), []
    for _ in range(batches):
        found.append(suggestions.ask(12))
        rates = found[-1]["rate"]
        suggestions.tell(np.where(rates > 0.5, np.nan, np.abs(np.log10(rates) + 2)))
    return found


@pytest.mark.parametrize(("higher_is_better", "direction"), [(False, -1), (True, 1)])
def test_points_move_to_where_the_scores_are_good(higher_is_better: bool, direction: int) -> None:
    first, *_, last = walk(higher_is_better)
    score = [np.abs(np.log10(batch["rate"]) + 2).mean() for batch in (first, last)]
    assert direction * (score[1] - score[0]) > 0.3
    assert (last["rate"] > 0.5).sum() <= 2  # where all diverged


def test_the_first_points_are_spread_evenly_and_all_lie_in_the_ranges() -> None:
    first, *later = walk()
    spread = sample_points(AXES, 12)
    for name, axis in AXES.items():
        np.testing.assert_array_equal(first[name], spread[name])
        values = np.concatenate([batch[name] for batch in later])
        if isinstance(axis, Linear):
            assert ((values >= axis.low) & (values <= axis.high)).all()
        else:
            assert set(values.tolist()) <= set(axis)
        assert all(value == float(f"{value:.6g}") for value in values)  # can be typed


def test_a_batch_is_of_different_points() -> None:
    *_, last = walk()
    assert len(set(last["rate"].tolist())) == 12


def test_the_seed_and_the_scores_determine_the_points() -> None:
    here, there, other = walk(), walk(), walk(seed=1)
    np.testing.assert_equal(here, there)
    assert here[0]["rate"].tolist() != other[0]["rate"].tolist()


def test_where_all_diverge_there_are_points_still() -> None:
    suggestions = Suggestions(NUMBERS, False, 4)
    for _ in range(3):
        assert suggestions.ask(4)["rate"].shape == (4,)
        suggestions.tell(np.full(4, np.nan))


def test_optuna_says_nothing_and_keeps_its_settings(capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    assert before == logging.INFO  # at which it would speak
    walk(batches=2)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_choices_and_conditions_are_followed() -> None:
    suggestions, found = Suggestions(MIXED, False, 12), []
    for _ in range(4):
        points = suggestions.ask(12)
        assert (np.isnan(points["nesterov"]) == (points["momentum"] == 0)).all()
        assert (np.isnan(points["dampening"]) == (points["nesterov"] != 1)).all()  # "no" is the second
        found.append(points)
        best = (points["nesterov"] == 1) & (points["dampening"] < 0.3)
        suggestions.tell(np.where(best, 0.0, 1.0) + np.abs(np.log10(points["learning_rate"]) + 2))
    first, *_, last = found
    assert [set(first[name][~np.isnan(first[name])].tolist()) for name in ("momentum", "nesterov")] == [{0, 1}] * 2
    assert (last["nesterov"] == 1).sum() > 2 * (first["nesterov"] == 1).sum()
    assert np.abs(np.log10(last["learning_rate"]) + 2).mean() < 0.6  # 1.2 at first


def test_whole_numbers_are_suggested_as_such() -> None:
    axes: Any = {"rate": Log(1e-4, 1), "count": Integer(1, 500, log=True)}
    suggestions = Suggestions(Space(axes, {}, {}, tuple(axes)), False, 4)
    for _ in range(3):
        count = suggestions.ask(4)["count"]
        suggestions.tell(count)
        assert (count % 1 == 0).all()
        assert 1 <= count.min() <= count.max() <= 500


def test_a_count_is_refused() -> None:
    with pytest.raises(SearchSpaceError, match=r"rate=log:0.01:1:3: .* leave out the count: log:0.01:1$"):
        Suggestions(Space({"rate": Log(0.01, 1, 3)}, {}, {}, ("rate",)), False)


def test_without_optuna_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingOptunaError, match=r'pip install "optuna>='):
        Suggestions(NUMBERS, False)
