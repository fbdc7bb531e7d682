"""Runs on a curved loss, for the tests of optimizers with an evaluation point or a gradient point."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.compilation.fast_compilation import jit_fast

STEPS = 25
START = np.array([1.0, -2.0, 0.7])
CURVATURES = np.array([1.0, 3.0, 0.5])


class Visited(NamedTuple):
    """The points that a run visits after each step, [steps, size]; `gradient` is that of the gradient of the step."""

    params: Any
    evaluated: Any
    gradient: Any


def slope(x: Any) -> Any:
    """The gradient of a loss that is not quadratic, for NumPy and JAX."""
    return CURVATURES * x + (np if isinstance(x, np.ndarray) else jnp).cos(x)


@jit_fast
def _run(tx: Any, start: Any) -> Any:
    def step(carry: Any, _: Any) -> Any:
        x, state = carry
        at = gl.gradient_params(tx, state, x)
        updates, state = tx.update(slope(at), state, x, gradient_fn=slope, value=1.0)
        x = x + updates
        return (x, state), Visited(x, gl.eval_params(tx, state, x), at)

    return jax.lax.scan(step, (start, tx.init(start)), length=STEPS)[1]


def visit(tx: Any, start: Any = START) -> Visited:
    return jax.tree.map(np.asarray, _run(tx, jnp.asarray(start)))
