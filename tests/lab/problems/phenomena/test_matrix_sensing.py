"""The measurements determine the matrix, they are as ill-conditioned as they should be, and Muon wins."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import MatrixSensing
from gradlab.lab.problems.phenomena.matrix_sensing import _draw_problem
from tests.lab.training import train


def test_the_matrix_has_its_rank_and_is_the_only_one_with_these_measurements() -> None:
    matrix, sensors, measured = _draw_problem(MatrixSensing())
    strengths = np.linalg.svd(matrix)[1]
    np.testing.assert_allclose(strengths[[0, 3]], [1, 0.1], rtol=1e-10)
    assert strengths[4] < 1e-12
    found = np.linalg.lstsq(sensors, measured)[0]
    np.testing.assert_allclose(found, matrix.ravel(), atol=1e-10)


def test_the_curvature_is_a_product_of_two_of_the_condition() -> None:
    _, sensors, _ = _draw_problem(MatrixSensing(measurements=40_000))
    weighted = sensors.reshape(-1, 16, 16)
    for second_moment in (np.einsum("mij,mkj->ik", weighted, weighted), np.einsum("mij,mik->jk", weighted, weighted)):
        values = np.linalg.eigvalsh(second_moment)
        np.testing.assert_allclose(values[-1] / values[0], 100, rtol=0.1)


def test_the_loss_and_the_score_are_those_of_numpy() -> None:
    problem = MatrixSensing(size=5, rank=2, measurements=30)
    matrix, sensors, measured = _draw_problem(problem)
    guess = np.random.default_rng(0).normal(size=(5, 5))
    loss = np.mean([(np.sum(sensor.reshape(5, 5) * guess) - y) ** 2 for sensor, y in zip(sensors, measured)]) / 2
    np.testing.assert_allclose(problem.loss({"matrix": guess}, None), loss, rtol=1e-10)
    error = np.linalg.norm(guess - matrix) / np.linalg.norm(matrix)
    np.testing.assert_allclose(problem.metrics({"matrix": guess})["relative_error"], error, rtol=1e-10)


def test_muon_recovers_it_where_adam_does_not() -> None:
    ends = {}
    for make, rates in ((gl.muon, [0.032]), (gl.adam, [0.032, 0.056, 0.1])):
        falling = [make(gl.schedules.linear(rate, 0.0, transition_steps=300)) for rate in rates]
        ends[make] = train(MatrixSensing(), falling, [0, 1], 300).metrics["relative_error"][:, :, -1].min(0)
    assert (ends[gl.muon] < 0.03).all()
    assert (ends[gl.adam] > 0.15).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rank": 17}, "rank must be from 1 to size=16, got 17"),
        ({"condition": math.nan}, "condition must be a finite number of at least 1, got nan"),
        ({"measurements": 255}, "measurements must be at least 256, .* got 255"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MatrixSensing(**arguments)


def test_seeds_start_elsewhere() -> None:
    starts = [MatrixSensing().init(jax.random.key(seed))["matrix"] for seed in (0, 1)]
    np.testing.assert_allclose([float((start**2).mean()) for start in starts], 0.1 / 16, rtol=0.3)
    assert (starts[0] != starts[1]).any()
