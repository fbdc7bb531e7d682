"""Updates, parameters and hyperparameters that do not fit each other are refused by path."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from tests.core.base.links import TREE, apply, refusal


def test_one_number_in_place_of_updates_is_no_batch_of_gradients() -> None:
    @gl.transformation
    def summed():
        return (lambda params: ()), (lambda updates, state: (jnp.sum(updates), state))

    with pytest.raises(
        ValueError, match=r"same structure and shapes, but differ at the root: float64\[\] in the trans"
    ):
        summed().update(jnp.ones(2), ())


@pytest.mark.parametrize("tx", [gl.sgd(0.1), gl.adamw(0.1), gl.scale(1.0)])
def test_updates_and_params_must_match(tx: Any) -> None:
    message = refusal(lambda: tx.update(TREE, tx.init(TREE), {"w": jnp.ones((2, 3))}))
    assert "updates and params must be trees of the same structure" in message
    assert "['b']: float64[3] in updates, nothing in params" in message
    message = refusal(lambda: tx.update(TREE, tx.init(TREE), TREE | {"b": jnp.ones(4)}))
    assert "['b']: float64[3] in updates, float64[4] in params" in message


def test_updates_and_grads_must_match() -> None:
    tx = gl.scale_by_rms()
    message = refusal(lambda: tx.update(TREE, tx.init(TREE), grads={"w": jnp.ones((2, 3))}))
    assert "updates and grads must be trees of the same structure" in message


@pytest.mark.parametrize("leaf", [np.arange(3), jnp.arange(3), 3, True, jnp.ones(3, bool)])
def test_integer_leaves_are_refused_by_path(leaf: Any) -> None:
    tx = gl.adam()
    tree = {"layers": [{"w": jnp.ones(3), "count": leaf}]}
    message = refusal(lambda: tx.init(tree), TypeError)
    for piece in (
        "the parameter at ['layers'][0]['count']",
        "dtype",
        "None",
        "the whole optimizer in optax.masked",
        "trainable=",
        "astype",
    ):
        assert piece in message
    assert "the update at ['layers'][0]['count']" in refusal(lambda: tx.update(tree, ()), TypeError)


def test_none_in_the_place_of_integers_is_the_remedy() -> None:
    tree = {"w": jnp.ones(2), "count": None}
    updates, _ = gl.adam().update(tree, gl.adam().init(tree), tree)
    assert updates["count"] is None
    np.testing.assert_allclose(updates["w"], -1e-3, rtol=1e-7)


@pytest.mark.parametrize(
    "tx", [gl.adamw(), gl.add_decayed_weights(), gl.chain(gl.scale(1.0), gl.add_decayed_weights())]
)
def test_missing_params_are_asked_for(tx: Any) -> None:
    message = refusal(lambda: tx.update(TREE, tx.init(TREE)))
    assert message == "add_decayed_weights needs the parameters: call update(updates, state, params)"


def test_an_unmapped_stack_is_refused_with_the_remedy() -> None:
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[gl.adam(rate) for rate in (0.1, 0.2)])
    message = refusal(lambda: apply(stack, TREE))
    for piece in ("adam(", "arrays for b1, b2, eps, learning_rate", "jax.vmap(train)(stack)"):
        assert piece in message
    message = refusal(lambda: apply(jax.tree.map(lambda leaf: jnp.stack([leaf] * 2), gl.sgd(0.1)), jnp.ones(())))
    assert "jax.vmap(train)(stack)" in message


def test_an_unmapped_stack_that_happens_to_fit_the_parameters_is_refused_too() -> None:
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[gl.adam(rate) for rate in (0.1, 0.2, 0.3)])
    assert "jax.vmap(train)(stack)" in refusal(lambda: apply(stack, jnp.ones(3)))
