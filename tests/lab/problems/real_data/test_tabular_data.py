"""The tables are split and standardized as they should be, and models learn from them."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import BreastCancer, Diabetes, Wine
from gradlab.lab.problems.real_data.tabular_data import TableProblem, load_table
from tests.lab.training import train

PROBLEMS = [BreastCancer(), Wine(), Diabetes()]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_tables_are_standardized_by_the_training_rows(problem: TableProblem) -> None:
    table = load_table(problem.name)
    rows = {"breast_cancer": 569, "wine": 178, "diabetes": 442}[problem.name]
    train, targets = table.train
    assert sum(len(part.targets) for part in table) == rows
    np.testing.assert_allclose([len(part.targets) for part in table[1:]], [3 * rows / 16, rows / 4], atol=1)
    assert len({row.tobytes() for part in table for row in part.inputs}) == rows
    assert train.shape[1] == problem.columns
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(0), 1, rtol=1e-5)
    assert all(np.abs(part.inputs.mean(0)).max() > 1e-3 for part in table[1:])
    if problem.outputs > 1:
        assert targets.dtype.name == "int32"
        assert all(set(part.targets) == set(range(problem.outputs)) for part in table)
    else:
        np.testing.assert_allclose([targets.mean(), targets.std()], [0, 1], atol=1e-5)


def test_hidden_units_are_optional() -> None:
    assert set(Diabetes(hidden=0).init(jax.random.key(0))) == {"output"}
    assert set(Diabetes().init(jax.random.key(0))) == {"hidden", "output"}


def test_models_learn(final_scores: Callable[..., np.ndarray]) -> None:
    assert final_scores(BreastCancer(), gl.adam, [0.01]).max() < 0.15
    assert final_scores(Diabetes(hidden=0), gl.adam, [0.01]).max() < 0.6  # R^2 of 0.4, as least squares has


def test_long_training_of_a_network_on_diabetes_overfits(final_scores: Callable[..., np.ndarray]) -> None:
    curves = train(Diabetes(), [gl.adam(0.01)], range(4), 600)
    errors = np.asarray(curves.metrics["test_loss"]).mean((0, 1))
    assert errors[-1] > errors.min() + 0.05
