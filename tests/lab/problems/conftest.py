"""Starts, batches and sweeps of a few runs, compiled as little as possible."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.training_loop import Draws, draw
from gradlab.lab.problems import Problem
from tests.lab.training import train

SLOW = (
    "autoencoder",
    "burgers",
    "characters",
    "deep_sigmoid",
    "digits_cnn",
    "exploding_rnn",
    "lora",
    "scaled_layers",
    "sparse_logistic",
    "tables",
    "reddi",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of these problems as slow: their own files, and their cases in the file of all problems."""
    for item in items:
        is_below = Path(__file__).parent in item.path.parents
        if is_below and any(name in item.name or name in item.path.name for name in SLOW):
            item.add_marker(pytest.mark.slow)


@functools.cache
def _first_draws(problem: Any) -> Draws:
    draws = draw(problem, [0], 2)
    return Draws(*(jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), part) for part in draws))


@pytest.fixture
def first() -> Callable[[Problem], tuple[Any, Any]]:
    """`first(problem)`: where the run of seed 0 starts, and its first batch."""

    def first(problem: Any) -> tuple[Any, Any]:
        start, batches = _first_draws(problem)
        return start, jax.tree.map(lambda leaf: leaf[0], batches)

    return first


@pytest.fixture
def final_scores() -> Callable[..., np.ndarray]:
    """`final_scores(problem, make, rates, steps=None, seeds=4)`: (rate, seed); NaN where a run diverged."""

    def final_scores(
        problem: Problem,
        make: Callable[[float], gl.Transformation],
        rates: Sequence[float],
        steps: int | None = None,
        seeds: int = 4,
    ) -> np.ndarray:
        optimizers: Any = [make(rate) for rate in rates]
        curves = train(problem, optimizers, range(seeds), problem.steps if steps is None else steps)
        return np.asarray(curves.metrics[problem.score.metric][:, :, -1])

    return final_scores
