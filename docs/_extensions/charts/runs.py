"""The runs that charts show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import gradlab as gl

from .drawing import count_from


def follow(
    tx: gl.Transformation, start: Any, gradient: Callable[[Any], Any], see: Callable[[Any], jax.Array], count: int
) -> jax.Array:
    """Return what `see` returns of the parameters before each of `count` updates."""

    def step(carry: Any, _: None) -> Any:
        params, state = carry
        updates, state = tx.update(gradient(params), state, params)
        return (gl.apply_updates(params, updates), state), see(params)

    return jax.jit(lambda: jax.lax.scan(step, (start, tx.init(start)), length=count)[1])()


def take_best_curves(results: Any, problem: str) -> dict[str, np.ndarray]:
    """Return the learning curves of a race on a problem, at each optimizer's best rate: the loss before each update."""
    curves = {}
    for row in results.gradlab.leaderboard(problem).itertuples():
        runs = results[problem].sel(optimizer=row.optimizer)
        best = int(np.abs(runs.learning_rate.values - row.best_rate).argmin())
        curves[f"{row.optimizer}, rate {row.best_rate:.2g}"] = count_from(1, runs.loss.values[best].mean(0))
    return curves
