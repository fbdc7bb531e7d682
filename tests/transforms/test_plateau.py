"""`reduce_on_plateau` lowers the rate when the loss has stopped to improve."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

# A loss that falls, rests, falls once more, jumps to NaN, and rests for long.
LOSSES = np.concatenate(
    [np.linspace(3, 1, 8), np.ones(9), [0.5, np.nan, 0.4], np.full(20, 0.4), np.linspace(0.4, 0.39999, 20)]
)


@jax.jit
def scales(tx: Any, losses: Any) -> Any:
    """Return the scale of each update."""

    def step(state: Any, loss: Any) -> Any:
        updates, state = tx.update(jnp.ones(()), state, value=loss)
        return state, updates

    return jax.lax.scan(step, tx.init(jnp.ones(())), losses)[1]


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 3},
        {"patience": 2, "cooldown": 4, "factor": 0.5},
        {"patience": 2, "accumulation_size": 3, "factor": 0.5, "min_scale": 0.2},
        {"patience": 4, "rtol": 0.0, "atol": 0.3},
    ],
    ids=str,
)
def test_the_scale_is_that_of_optax(options: dict[str, Any]) -> None:
    theirs = optax.contrib.reduce_on_plateau(**options)

    def step(state: Any, loss: Any) -> Any:
        updates, state = theirs.update(jnp.ones(()), state, value=loss)
        return state, updates

    with jax.numpy_dtype_promotion("standard"):
        expected = jax.lax.scan(step, theirs.init(jnp.ones(())), jnp.asarray(LOSSES))[1]
    found = scales(gl.reduce_on_plateau(**options), jnp.asarray(LOSSES))
    assert len(set(np.asarray(found).tolist())) > 1
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_the_patience_by_hand() -> None:
    losses = jnp.array([2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    found = scales(gl.reduce_on_plateau(0.5, patience=2, cooldown=1), losses)
    #   best 2, one fails, two fail: lower; at rest; better; one fails, two fail: lower; at rest
    np.testing.assert_array_equal(found, [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25])
    # optax lowers at each improvement with a patience of 0; here it is refused, and 1 lowers at each failure.
    np.testing.assert_array_equal(scales(gl.reduce_on_plateau(0.5, patience=1), losses[:3]), [1, 0.5, 0.25])
    with pytest.raises(ValueError, match=r"patience must be in \(0, inf\), got 0"):
        gl.reduce_on_plateau(patience=0)


def test_it_reads_the_loss_in_a_training_step_through_wrappers_and_groups() -> None:
    step = gl.make_step(lambda params, batch: jnp.sum(params["w"] ** 2) * 0 + 1.0 + jnp.sum(params["b"]) * 0)
    plateau = gl.reduce_on_plateau(0.5, patience=1)
    tx = gl.accumulate(gl.partition((gl.path("w"), gl.chain(gl.sgd(0.1), plateau)), default=gl.sgd(0.1)), 2)
    params = {"w": jnp.ones(3), "b": jnp.ones(2)}
    state = tx.init(params)
    for _ in range(6):
        params, state, _ = step(tx, params, state, None)
    found = gl.metrics(state)
    assert (float(found["reduce_on_plateau/scale"]), float(found["reduce_on_plateau/best"])) == (0.25, 1.0)


def test_a_loop_without_a_loss_says_what_to_do() -> None:
    tx = gl.chain(gl.sgd(0.1), gl.reduce_on_plateau())
    with pytest.raises(ValueError, match=r"reads the loss: gl\.make_step passes it, or call .*value=loss\)"):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)))
