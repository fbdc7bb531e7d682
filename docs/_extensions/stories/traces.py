"""The numbers of a story, computed by gradlab: the path of each method, and the curves of the panels."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .five_stories import Story
from .landscapes import RAVINE


def trace(story: Story, settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the points of each method by its label, of shape (update + 1, parameter), from the start on."""
    numbers = {name: jnp.asarray(value) for name, value in settings.items()}
    run = _compile(story)
    return {method.label: np.asarray(run(method.make(settings), numbers)) for method in story.methods}


def measure(story: Story, quantity: str, points: np.ndarray) -> np.ndarray:
    """Return "loss", "first" (the first parameter) or "along" (the place along the ravine) at each point of a path."""
    if quantity == "loss":
        with np.errstate(all="ignore"):
            return np.asarray(jax.jit(jax.vmap(story.slope().height))(points))
    if quantity == "first":
        return points[:, 0]
    return (points - np.asarray(RAVINE.optimum)) @ RAVINE._eigenvectors()[:, 0]


@functools.cache
def _compile(story: Story) -> Any:
    slope = story.slope()

    @jax.jit
    def run(tx, settings):
        def step(carry, t):
            x, state = carry
            updates, state = tx.update(jax.grad(slope.loss)(x, t, settings), state, x)
            return (x + updates, state), x + updates

        x = jnp.asarray(slope.start)
        path = jax.lax.scan(step, (x, tx.init(x)), jnp.arange(story.steps))[1]
        return jnp.concatenate([x[None], path])

    return run
