from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.testing import references
from gradlab.testing.inputs.trees import NETWORK
from gradlab.testing.trajectories.smallest_input import find_smallest_input


def make(change: Callable[[Any, Any], Any]) -> optax.GradientTransformation:
    """A transformation whose state counts the steps; `change(gradients, step)` gives its updates."""
    return optax.GradientTransformation(
        lambda params: jnp.zeros((), jnp.int32), lambda updates, step, params=None: (change(updates, step), step + 1)
    )


def find(tx: Any, **options: Any) -> str | None:
    found = find_smallest_input(tx, references.sgd, {"learning_rate": 0.1}, **{"shapes": NETWORK} | options)
    return None if found is None else str(found)


def test_one_number_and_one_step_are_enough_for_a_wrong_factor() -> None:
    assert find(gl.scale(-0.2)) == (
        "The smallest input that shows it is the parameter 0.5 with the gradient 1: at step 0 (counted from 0), the "
        "update is -0.2; the reference gives -0.1."
    )


def test_the_size_of_the_gradient_is_found() -> None:
    def change(updates: Any, step: Any) -> Any:
        return jax.tree.map(lambda g: -0.1 * jnp.where(abs(g) > 100, 0.0, g), updates)

    assert "with the gradient 10000: at step 0 (counted from 0), the update is 0; " in str(find(make(change)))


def test_a_mistake_of_a_later_step_needs_several() -> None:
    def change(updates: Any, step: Any) -> Any:
        return jax.tree.map(lambda g: -0.1 * g * jnp.where(step > 0, 2.0, 1.0).astype(g.dtype), updates)

    text = str(find(make(change)))
    assert "the parameter 0.5 with the gradients 1, 1: at step 1 (counted from 0), the update is -0.2; " in text


def test_a_late_mistake_is_shown_by_a_constant_gradient() -> None:
    def change(updates: Any, step: Any) -> Any:
        return jax.tree.map(lambda g: -0.1 * g * jnp.where(step > 8, 2.0, 1.0).astype(g.dtype), updates)

    assert find(make(change)) is None
    assert "the gradients 1 at each of 10 steps: at step 9" in str(find(make(change), late=12))


def test_leaves_that_are_mixed_need_two() -> None:
    def change(updates: Any, step: Any) -> Any:
        leaves = jax.tree.leaves(updates)
        total = sum(leaf.sum() for leaf in leaves) * (len(leaves) - 1)
        return jax.tree.map(lambda g: -0.1 * (g + total), updates)

    text = str(find(make(change)))
    assert "the parameters {a: 0.5; b: -1.5} with the gradients {a: 1; b: -3}: at step 0" in text
    assert "the update in a is 0.1; the reference gives -0.1." in text


@pytest.mark.parametrize("shapes", [NETWORK, {"only matrices": (3, 2)}])
def test_a_wrong_axis_needs_a_matrix(shapes: Any) -> None:
    def change(updates: Any, step: Any) -> Any:
        return jax.tree.map(lambda g: -0.1 * (g - g.mean(0) if g.ndim == 2 else g), updates)

    text = str(find(make(change), shapes=shapes))
    assert "the parameter [[0.5, -1], [1.5, -2]] with the gradient [[1, -2], [3, -4]]: " in text
    assert "the update in element [0, 1] is -0.1; the reference gives 0.2." in text


def test_nothing_is_shown_where_both_agree() -> None:
    assert find(gl.sgd(0.1)) is None


def test_a_number_that_is_not_finite_is_a_gap() -> None:
    assert "the update is nan; the reference gives -0.1." in str(find(optax.scale(jnp.nan)))
