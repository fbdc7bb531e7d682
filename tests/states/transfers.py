"""States after some steps, and a comparison of how two states go on, for the tests of named arrays."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

PARAMS = {
    "dense": {"bias": jnp.array([0.1, -0.2, 0.3]), "kernel": jnp.arange(6.0).reshape(2, 3)},
    "scale": jnp.ones(()),
}


def gradients(steps: int) -> Any:
    """Return gradients of steps, [steps, ...] for each leaf."""
    return jax.tree.map(lambda p: jnp.cos(jnp.arange(1.0, steps * p.size + 1)).reshape(steps, *p.shape), PARAMS)


@jax.jit
def train(tx: Any, state: Any, grads: Any) -> Any:
    """Return the state after some steps at fixed parameters, and the updates of all steps."""

    def step(state: Any, gradient: Any) -> Any:
        updates, state = tx.update(gradient, state, PARAMS)
        return state, updates

    return jax.lax.scan(step, state, grads)


def assert_go_on_alike(tx: Any, state: Any, other: Any, other_state: Any) -> None:
    """Raise unless two optimizers make the same updates from two states on."""
    grads = gradients(3)
    one, two = train(tx, state, grads)[1], train(other, other_state, grads)[1]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15), one, two)
