from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.testing import CONTRACTS

from .examples import trace, verdict


def test_a_division_by_zero_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: g / jnp.abs(g), updates), state

    found, detail = verdict(trace(update=update), "finite at zero")
    assert found == "broken"
    assert "step 0" in detail


def test_an_infinite_derivative_is_found() -> None:
    with jax.numpy_dtype_promotion("standard"):
        found, detail = verdict(optax.adam(1e-3), "finite at zero")
    assert found == "broken"  # optax issue 882
    assert "derivative" in detail
    assert verdict(gl.adam(), "finite at zero")[0] == "holds"


def test_the_root_that_is_advised_keeps_the_steps_of_others_and_has_a_derivative_at_zero() -> None:
    def make(root: Any) -> Any:
        def update(updates: Any, state: Any, params: Any = None) -> Any:
            raised = jax.tree.map(lambda g: g.astype(jnp.float32), updates)
            steps = jax.tree.map(lambda g: g / (root(jnp.abs(g) ** 2) + 1e-8), raised)
            return jax.tree.map(lambda s, g: s.astype(g.dtype), steps, updates), state

        return trace(init=lambda params: (), update=update)

    advised = "jnp.where(v == 0, 0, jnp.sqrt(jnp.where(v == 0, 1, v)))"
    assert advised in CONTRACTS["finite at zero"].meaning
    plain, safe = make(jnp.sqrt), make(eval(f"lambda v: {advised}", {"jnp": jnp}))
    gradient = jnp.array([0.0, 3.0, -1e-6, jnp.nan], jnp.float32)
    for left, right in zip(*(jax.tree.leaves(tx.update(gradient, ())) for tx in (plain, safe)), strict=True):
        assert jnp.array_equal(left, right, equal_nan=True)
    assert verdict(plain, "finite at zero")[0] == "broken"
    assert verdict(safe, "finite at zero")[0] == "holds"


def test_a_leaf_of_zeros_beside_others_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        total = sum(jnp.sum(jnp.abs(g)) for g in jax.tree.leaves(updates))
        norm = lambda g: jnp.sqrt(jnp.sum(g * g))  # noqa: E731
        scale = lambda g: jnp.where(total > 0, g / jnp.where(total > 0, norm(g), 1), 0)  # noqa: E731
        return jax.tree.map(scale, updates), state

    found, detail = verdict(trace(init=lambda params: (), update=update), "finite at zero", dtypes=("float32",))
    assert found == "broken"
    assert "nan" in detail


def test_a_branch_that_is_not_taken_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g, p: g * jnp.where(p > 0, jnp.sqrt(p), 0), updates, params), state

    found, detail = verdict(trace(update=update), "finite derivatives")
    assert found == "broken"
    assert "by the parameters" in detail
    assert verdict(gl.adam(), "finite derivatives")[0] == "holds"


def test_hyperparameters_are_differentiated() -> None:
    def rectified(decay: float) -> optax.GradientTransformation:
        def update(updates: Any, state: Any, params: Any = None) -> Any:
            factor = jnp.where(decay < 0.5, jnp.sqrt(0.5 - decay), 1.0)
            return jax.tree.map(lambda g: g * factor.astype(g.dtype), updates), state

        return trace(update=update)

    found, detail = verdict(rectified, "finite derivatives", decay=0.9)
    assert found == "broken"
    assert "by the hyperparameters" in detail
    assert verdict(rectified, "finite derivatives", decay=0.1)[0] == "holds"


def test_a_loop_without_a_reverse_is_no_breach() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        def halve(carry: Any) -> Any:
            return carry[0] + 1, jax.tree.map(lambda g: 0.5 * g, carry[1])

        return jax.lax.while_loop(lambda carry: carry[0] < 3, halve, (0, updates))[1], state

    found, detail = verdict(trace(update=update), "finite derivatives")
    assert found == "not applicable"
    assert "cannot differentiate" in detail


def test_a_derivative_rule_that_changes_the_value_is_found() -> None:
    @jax.custom_jvp
    def double(g: Any) -> Any:
        return 2 * g

    @double.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return 2 * tangents[0], 2 * primals[0]

    tx = optax.stateless(lambda updates, params: jax.tree.map(double, updates))
    found, detail = verdict(tx, "finite derivatives")
    assert found == "broken"
    assert "where JAX differentiates it, its updates are others" in detail


def test_a_loop_that_jax_cannot_differentiate_is_no_breach() -> None:
    def halve(g: Any) -> Any:
        return jax.lax.while_loop(lambda pair: pair[0] < 3, lambda pair: (pair[0] + 1, pair[1] / 2), (0, g))[1]

    found, detail = verdict(optax.stateless(lambda updates, params: jax.tree.map(halve, updates)), "finite derivatives")
    assert found == "not applicable"
    assert "JAX cannot differentiate it" in detail
