"""Scores have the scale of their values, and no finer resolution than rounding allows."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.lab._results.score_scale import compute_rounding_floor, describe_scale, read_scale
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.analysis.leaderboard import final_scores
from gradlab.lab.problems import Digits, Problem, Quadratic, Ravine, Reddi
from gradlab.lab.problems.base import Score


class Below(Problem):
    """A bowl that reaches below zero."""

    name, summary = "below", "Reaches minus five."

    def init(self, key: jax.Array) -> jax.Array:
        return jnp.ones(3, jnp.float32)

    def loss(self, params: jax.Array, batch: Any) -> jax.Array:
        return jnp.sum(params**2) - 5


class Reward(Below):
    """The same from above."""

    score = Score("reward", "reward", higher_is_better=True)

    def metrics(self, params: jax.Array) -> dict[str, jax.Array]:
        return {"reward": -self.loss(params, None)}


class Accuracy(Below):
    """A share, without a tolerance."""

    score = Score("accuracy", "accuracy", higher_is_better=True, logarithmic=False)


def test_a_tolerance_that_is_not_given_is_derived() -> None:
    """A tenth of the decades from the start to the best, as a cross-entropy from 2.3 to 0.3 has 0.88 of them."""
    entropy = np.array([[2.3, 1.0, 0.3], [2.3, 1.0, 0.5]])
    assert describe_scale(Below(), entropy)["tolerance"] == pytest.approx((2.3 / 0.3) ** 0.1, rel=5e-3)
    assert describe_scale(Below(), entropy**40)["tolerance"] == 10.0  # at most a decade
    assert describe_scale(Below(), np.full((2, 3), 2.0))["tolerance"] == 1.0
    assert describe_scale(Accuracy(), np.array([[0.1, 0.5, 0.9]]))["tolerance"] == pytest.approx(0.008)
    assert describe_scale(Ravine(), entropy)["tolerance"] == 10.0  # a decade in gradlab's own
    chosen = describe_scale(Below(), entropy, np.array([[4.0, 2.0, 0.004]]))
    assert chosen["tolerance"] == pytest.approx(1000**0.1, rel=5e-3)  # of the metric that chooses


@pytest.mark.parametrize(
    ("attributes", "scale"),
    [
        ({"logarithmic": 1, "higher_is_better": 0}, "decades"),
        ({"logarithmic": 1, "higher_is_better": 1}, "decades"),
        ({"logarithmic": 0, "higher_is_better": 1}, "share"),
        ({"logarithmic": 0, "higher_is_better": 0}, "number"),
        ({"logarithmic": 0, "higher_is_better": 1, "reference": 7.0}, "number"),
    ],
)
def test_the_three_scales(attributes: dict[str, Any], scale: str) -> None:
    assert read_scale(attributes) == scale


def test_scores_below_zero_are_numbers() -> None:
    scores = np.array([[3.0, 1.0, -5.0], [3.0, np.nan, -4.0]])
    assert describe_scale(Below(), scores) == {"logarithmic": 0, "tolerance": 0.08, "reference": -5.0}
    assert describe_scale(Reward(), -scores)["reference"] == 5.0
    assert describe_scale(Below(), np.abs(scores)) == {"logarithmic": 1, "tolerance": 1.12, "floor": 0.0}
    assert describe_scale(Below(), np.full((2, 3), np.nan)) == {"logarithmic": 1, "tolerance": 10.0}


def test_the_metric_that_chooses_is_read_on_the_scale_of_the_score() -> None:
    scores, choosing = np.array([[3.0, 1.0, 0.5]]), np.array([[4.0, 1.0, -6.0]])
    found = describe_scale(Below(), scores, choosing)
    assert found == {"logarithmic": 0, "tolerance": pytest.approx(0.1), "reference": 0.5, "chosen_reference": -6.0}
    assert describe_scale(Below(), scores, scores) == {"logarithmic": 1, "tolerance": 1.2, "floor": 0.0}
    assert describe_scale(Below(), -scores, choosing * np.nan)["chosen_reference"] == 0.0  # it has no value at all


def test_a_share_beyond_one_is_a_number() -> None:
    assert "reference" not in describe_scale(Digits(), np.array([0.1, 0.9]))
    assert describe_scale(Digits(), np.array([0.1, 97.0]))["reference"] == 97.0


@pytest.mark.parametrize("problem", [Below(), Reward()])
def test_points_below_zero_are_ranked(problem: Problem) -> None:
    from gradlab.lab.analysis.configurations import rank_configurations

    found = rank_configurations(
        sweep(problem, "sgd", {"learning_rate": [0.001, 0.1, 0.01]}, seeds=2, steps=50).gradlab.dataset()
    )
    assert [point.hyperparameters["learning_rate"] for point in found] == [0.1, 0.01, 0.001]
    assert abs(found[0].score) == pytest.approx(5.0, abs=1e-3)


def test_the_floor_is_one_rounding_from_the_optimum() -> None:
    nearby = np.nextafter(np.array([1.0, 0.5], np.float32), np.float32(2.0))
    assert compute_rounding_floor(Ravine()) >= float(Ravine().loss(jnp.asarray(nearby), None)) > 0
    assert 1e-15 < compute_rounding_floor(Ravine()) < 1e-12
    assert 0 < compute_rounding_floor(Quadratic()) < 1e-12
    assert compute_rounding_floor(Reddi()) == float(np.spacing(np.float32(0.5)))  # at -1, of its distance to -1
    assert compute_rounding_floor(Digits()) == 0.0  # whose optimum nobody knows


def test_scores_below_the_floor_rank_equally() -> None:
    data = sweep("ravine", "adam", {"learning_rate": [1.0]}, seeds=2, steps=3).gradlab.dataset()
    floor = data.attrs["floor"]
    lucky = data.assign(final_loss=data.final_loss * 0)
    np.testing.assert_allclose(final_scores(lucky), floor)
    assert np.isnan(final_scores(lucky.where(False))).all()
