"""Hypergradients are the derivatives of the final loss, and a search tries points down the line that they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.lab import Integer, Linear, Log, When, search
from gradlab.lab._engine.task import Task, Watcher
from gradlab.lab._inputs.user_errors import UserCodeError
from gradlab.lab._studies.hypergradients.proposals import DISTANCES, propose, varied_names
from gradlab.lab._studies.hypergradients.slopes import Slopes
from gradlab.lab._studies.search_space.structures import Space, as_space
from gradlab.lab.problems import Problem

AXES: Any = {"learning_rate": Log(1e-4, 1.0), "momentum": Linear(0.0, 0.8)}
SPACE = Space(AXES, {}, {}, tuple(AXES))


def test_the_gradient_is_that_of_the_logarithm_of_the_final_loss(slope: Problem) -> None:
    points = {"learning_rate": np.array([0.1, 0.3]), "momentum": np.array([0.0, 0.5])}
    task = Task(slope, "sgd", "swept", gl.sgd, points, (0, 1), 5)
    slopes = Slopes(task, (0,))
    # Each of five steps multiplies the parameter by 1 - rate, and the loss is half its square.
    assert slopes.at(task, 0, ["learning_rate"])[0] == pytest.approx(-2 * 5 / (1 - 0.1), rel=1e-5)

    def loss(rate: float, momentum: float) -> float:
        place, step = 1.0, 0.0
        for _ in range(5):
            step = momentum * step + place
            place -= rate * step
        return np.log(0.5 * place**2)

    numeric = [
        (loss(0.3 + 1e-6, 0.5) - loss(0.3 - 1e-6, 0.5)) / 2e-6,
        (loss(0.3, 0.5 + 1e-6) - loss(0.3, 0.5 - 1e-6)) / 2e-6,
    ]
    np.testing.assert_allclose(slopes.at(task, 1, ["learning_rate", "momentum"]), numeric, rtol=1e-4)


def test_what_has_no_forward_derivative_is_named_with_the_remedy(slope: Problem) -> None:
    @jax.custom_vjp
    def double(x: jax.Array) -> jax.Array:
        return 2 * x

    double.defvjp(lambda x: (double(x), None), lambda _, cotangent: (2 * cotangent,))

    @gl.transformation
    def doubled(learning_rate: float) -> Any:
        return optax.stateless(lambda updates, params: jax.tree.map(lambda u: -double(learning_rate * u), updates))

    task = Task(slope, "doubled", "swept", doubled, {"learning_rate": np.array([0.1])}, (0,), 3)
    with pytest.raises(UserCodeError, match=r"doubled on slope cannot be differentiated .*; search with sampler tpe"):
        Slopes(task, (0,)).at(task, 0, ["learning_rate"])


def test_points_lie_down_the_line_and_in_the_ranges() -> None:
    point = {"learning_rate": 0.01, "momentum": 0.4}
    found = propose(SPACE, point, {"learning_rate": -100.0, "momentum": 0.0})
    shares = [np.log(new["learning_rate"] / 0.01) / np.log(1e4) for new in found]
    np.testing.assert_allclose(shares, DISTANCES, rtol=1e-4)
    assert {new["momentum"] for new in found} == {0.4}
    # The same change of the loss for the same share of either range is a line at 45 degrees.
    found = propose(SPACE, point, {"learning_rate": 1 / (0.01 * np.log(1e4)), "momentum": -1 / 0.8})
    rates = [np.log(new["learning_rate"] / 0.01) / np.log(1e4) for new in found]
    np.testing.assert_allclose(rates, [(0.4 - new["momentum"]) / 0.8 for new in found], atol=1e-5)
    assert propose(SPACE, point, {"momentum": -1.0})[-1]["momentum"] == pytest.approx(0.4 + 0.3 * 0.8)
    assert propose(SPACE, {**point, "momentum": 0.79}, {"momentum": -1.0})[-1]["momentum"] == 0.8
    for slope in (0.0, np.nan, np.inf):
        assert propose(SPACE, point, {"momentum": slope}) == []


def test_numbers_that_are_whole_or_do_not_exist_are_left_alone() -> None:
    axes: Any = {**AXES, "nesterov": [True, False], "dampening": When(Linear(0, 0.5), nesterov=False)}
    space = as_space(axes, {"sgd": gl.sgd})
    point = {"learning_rate": 0.1, "momentum": 0.5, "nesterov": 0.0, "dampening": np.nan}
    assert varied_names(space, point) == ["learning_rate", "momentum"]
    assert propose(space, point, {"momentum": 1.0})[0].keys() == point.keys()
    assert varied_names(Space({"count": Integer(1, 9)}, {}, {}, ("count",)), {"count": 3.0}) == []


class _Stop(Watcher):
    def __init__(self, most: float):
        self.most = most

    def on_progress(self, runs: float) -> None:
        self.most -= runs
        if self.most < 0:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_search_by_hypergradients_goes_on_to_the_same_results(noisy: Problem, tmp_path: Path) -> None:
    def run(**options: Any) -> Any:
        axes: Any = {**AXES, "nesterov": [True, False]}
        return search(noisy, gl.sgd, axes, 24, 12, 2, steps=6, sampler="hypergradient", **options)

    with pytest.raises(KeyboardInterrupt):
        run(out=tmp_path, watcher=_Stop(30))
    found, whole = run(out=tmp_path).gradlab.dataset(), run().gradlab.dataset()
    for name in ("learning_rate", "momentum", "nesterov", "loss"):
        np.testing.assert_array_equal(found[name], whole[name])
    assert found.attrs["sampler"] == "hypergradient"
    rates, momenta = np.log(whole.learning_rate.values[0]) / np.log(1e4), whole.momentum.values[0] / 0.8
    distances = np.hypot(rates[:12] - rates[12], momenta[:12] - momenta[12])
    assert distances.min() <= 1.001 * DISTANCES[0]  # the second round begins beside a point of the first
