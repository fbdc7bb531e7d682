"""Gates around every recipe: two micro-batches are one batch, and bad ones are left out, in every order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.compilation.fast_compilation import jit_fast
from gradlab.core.transformation_calls import signals_of

PARAMS = {"w": jnp.array([[1.0, -2.0], [0.5, 3.0]]), "b": jnp.array([0.25, -0.5])}
RECIPES = {name: entry.example for name, entry in registry.of_kind("recipe").items()}
TAKEN = {name: tx for name, tx in RECIPES.items() if "gradient_fn" not in signals_of(tx)}  # accumulate refuses others

ORDERS: dict[str, Callable[[Any], Any]] = {
    "accumulate outside": lambda tx: gl.accumulate(gl.dynamic_loss_scale(gl.skip_nonfinite(tx), initial=4.0), 2),
    "accumulate inside": lambda tx: gl.dynamic_loss_scale(gl.skip_nonfinite(gl.accumulate(tx, 2)), initial=4.0),
}


def draw(count: int) -> Any:
    random = np.random.default_rng(0)
    return jax.tree.map(lambda p: jnp.asarray(random.normal(size=(count, *p.shape))), PARAMS)


def run(tx: Any, gradients: Any) -> Any:
    """Return the parameters after the last step."""

    def step(carry: Any, gradient: Any) -> Any:
        params, state = carry
        scale = gl.loss_scale(tx, state)
        scaled = jax.tree.map(lambda g: g * jnp.asarray(scale).astype(g.dtype), gradient)
        updates, state = tx.update(scaled, state, params, loss_scale=scale, value=1.0)
        return (optax.apply_updates(params, updates), state), None

    return jax.lax.scan(step, (PARAMS, tx.init(PARAMS)), gradients)[0][0]


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS)
def test_two_micro_batches_are_one_batch_around_every_recipe(order: str) -> None:
    parts = draw(8)
    # Outside, the second batch is dropped whole for its NaN. Inside, the micro-batch is dropped, and one is left over.
    bad = jax.tree.map(lambda leaf: leaf.at[2].set(jnp.nan), parts)
    rows = jnp.array([0, 1, 4, 5, 6, 7] if order == "accumulate outside" else [0, 1, 3, 4, 5, 6])
    whole = jax.tree.map(lambda leaf: leaf[rows].reshape(3, 2, *leaf.shape[1:]).mean(1), parts)

    @jit_fast
    def run_all(bad: Any, whole: Any) -> Any:
        return {name: (run(ORDERS[order](tx), bad), run(tx, whole)) for name, tx in TAKEN.items()}

    for name, (got, expected) in run_all(bad, whole).items():
        for leaf, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(leaf, other, rtol=1e-11, atol=1e-13, err_msg=name)
            assert bool(jnp.isfinite(leaf).all()), name


@pytest.mark.parametrize("wrap", [gl.sam, gl.asam])
def test_a_gradient_elsewhere_is_refused(wrap: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"accumulate: {wrap.__name__} reads gradient_fn, which would come from the la"
    ):
        gl.accumulate(wrap(gl.sgd(0.1)), 2)


def test_within_one_step_a_gradient_elsewhere_is_that_of_the_whole_batch() -> None:
    def loss(params: Any, batch: Any) -> Any:
        return jnp.mean((batch @ params["w"] + params["b"]) ** 4)

    batch, tx = jnp.asarray(np.random.default_rng(1).normal(size=(6, 2))), gl.dynamic_loss_scale(gl.sam(gl.sgd(0.1)))
    results = []
    for count in (1, 3):
        step = gl.make_step(loss, micro_batches=count, donate=False)
        results.append(step(tx, PARAMS, tx.init(PARAMS), batch)[0])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), *results)
    alone = gl.make_step(loss, donate=False)(gl.sam(gl.sgd(0.1)), PARAMS, gl.sam(gl.sgd(0.1)).init(PARAMS), batch)[0]
    np.testing.assert_allclose(results[0]["w"], alone["w"], rtol=1e-12)
