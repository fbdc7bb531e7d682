"""The laws of arguments: what an ignored or remembered argument looks like, and what is no fault."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.testing import check

from .examples import verdict

MATTERS, REMEMBERS = "every argument matters", "factory remembers nothing"


def heavy_ball(learning_rate: float = 0.1, momentum: float | None = None, dampening: float = 0.0) -> Any:
    """Gradient descent with momentum: the dampening is without effect unless momentum is given."""

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        if momentum is None:
            return jax.tree.map(lambda g: -learning_rate * g, updates), state
        state = jax.tree.map(lambda m, g: momentum * m + (1 - dampening) * g, state, updates)
        return jax.tree.map(lambda m: -learning_rate * m, state), state

    return optax.GradientTransformation(lambda params: jax.tree.map(jnp.zeros_like, params), update)


def late(learning_rate: float = 0.1, final_rate: float = 0.01, switch_step: int = 100) -> Any:
    """Gradient descent that switches to another rate after a hundred steps."""

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        rate = jnp.where(state < switch_step, learning_rate, final_rate)
        return jax.tree.map(lambda g: (-rate * g).astype(g.dtype), updates), state + 1

    return optax.GradientTransformation(lambda params: jnp.zeros((), jnp.int32), update)


def clipped(limit: float = 1e6) -> Any:
    """A bound that only huge gradients exceed."""
    return optax.GradientTransformation(
        lambda params: (), lambda u, s, p=None: (jax.tree.map(lambda g: jnp.clip(g, -limit, limit), u), s)
    )


def smoothed(learning_rate: float = 0.1, mode: str = "hard", smoothness: float = 1.0) -> Any:
    """A sign, or a smooth one in another mode."""

    def sign(g: Any) -> Any:
        return -learning_rate * (jnp.sign(g) if mode == "hard" else jnp.tanh(smoothness * g))

    return optax.GradientTransformation(lambda params: (), lambda u, s, p=None: (jax.tree.map(sign, u), s))


@pytest.mark.parametrize(
    "factory", [heavy_ball, late, clipped, gl.sgd, gl.rmsprop, gl.clip_by_value], ids=lambda f: f.__name__
)
def test_arguments_that_matter_only_with_others_later_or_for_huge_gradients_are_no_fault(factory: Any) -> None:
    arguments = {"limit": 0.5} if factory is gl.clip_by_value else {}
    assert verdict(factory, MATTERS, **arguments) == ("holds", "")
    assert verdict(factory, REMEMBERS, **arguments) == ("holds", "")


def test_an_ignored_argument_is_named_with_its_values() -> None:
    def ignores(learning_rate: float = 0.1, dampening: float = 0.5, momentum: float = 0.9) -> Any:
        return heavy_ball(learning_rate, momentum, 0.5)

    law, text = verdict(ignores, MATTERS, dampening=0.5)
    assert law == "broken"
    assert text.startswith("dampening changes nothing: 0.2578")
    assert "instead of 0.5 give exactly the same updates in 300 steps" in text
    assert "momentum" not in text


def test_an_ignored_element_of_a_tuple_and_a_boolean_are_named() -> None:
    def ignores(learning_rate: float = 0.1, betas: Any = (0.9, 0.99), nesterov: bool = False) -> Any:
        return heavy_ball(learning_rate, betas[0])

    law, text = verdict(ignores, MATTERS)
    assert law == "broken"
    assert "betas[1] changes nothing" in text
    assert "nesterov changes nothing: True instead of False" in text
    assert "betas[0] changes" not in text


def test_what_a_mode_may_switch_off_is_not_examined() -> None:
    assert verdict(smoothed, MATTERS) == (
        "holds",
        "not examined: smoothness, because with mode='hard' they may be without effect",
    )
    assert verdict(smoothed, MATTERS, mode="smooth") == ("holds", "")


def test_an_argument_whose_other_values_are_refused_is_not_examined() -> None:
    def strict(learning_rate: float = 0.1, power: int = 1) -> Any:
        if power != 1:
            raise ValueError("power must be 1")
        return heavy_ball(learning_rate)

    law, text = verdict(strict, MATTERS)
    assert (law, text) == ("holds", "not examined: power, because the factory refuses other values")


def test_a_transformation_without_known_arguments_is_not_examined() -> None:
    for tx in (heavy_ball(), gl.chain(gl.scale(2.0)), gl.scale_by_sign()):
        law, text = verdict(tx, MATTERS)
        assert law == "not applicable"
        assert "no numeric argument is known: pass a factory and its arguments" in text


def test_a_function_that_returns_a_value_of_gradlab_is_examined_by_its_own_arguments() -> None:
    def mine(learning_rate: float = 0.1, b1: float = 0.9) -> Any:
        return gl.adam(learning_rate, 0.9)

    law, text = verdict(mine, MATTERS)
    assert (law, text[:19]) == ("broken", "b1 changes nothing:")


def test_the_arguments_of_a_value_of_gradlab_are_examined() -> None:
    @gl.transformation
    def ignores(learning_rate=0.1, b1: gl.Decay = 0.9):
        return gl.adam(learning_rate, 0.9)

    law, text = verdict(ignores(), MATTERS)
    assert (law, text[:19]) == ("broken", "b1 changes nothing:")


def test_what_a_factory_remembers_is_named() -> None:
    last = [0.1]

    def remembers(learning_rate: float = 0.1, momentum: float = 0.9) -> Any:
        before, last[0] = last[0], learning_rate
        return heavy_ball(0.5 * (before + learning_rate), momentum)

    law, text = verdict(remembers, REMEMBERS)
    assert law == "broken"
    assert "after the factory was called with learning_rate=0.06 instead of 0.1" in text


def test_both_laws_are_among_the_contracts_of_a_plain_factory() -> None:
    report = check(heavy_ball, momentum=0.9, dtypes=("float32",), laws=(MATTERS, REMEMBERS), reference="sgd")
    assert [result.verdict for result in report.results[:4]] == ["holds"] * 4, str(report)
    assert report["same trajectory"].detail == ("Compared at learning_rate=0.1, momentum=0.9, dampening=0.0.")


def averaged(learning_rate: float = 0.1, decay: float = 0.99) -> Any:
    """Descent with an average of the parameters in its state, which moves nothing."""

    def update(updates: Any, state: Any, params: Any) -> Any:
        changes = jax.tree.map(lambda g: -learning_rate * g, updates)
        return changes, jax.tree.map(lambda a, p, u: decay * a + (1 - decay) * (p + u), state, params, changes)

    return optax.GradientTransformation(lambda params: jax.tree.map(jnp.copy, params), update)


def test_the_decay_of_an_average_matters_in_the_state() -> None:
    def examine(claims: Any) -> str:
        report = check(averaged, laws=("every argument matters",), claims=claims, dtypes=("float32",))
        return report["every argument matters"].verdict

    assert examine({}) == "broken"
    assert examine({"averages": 0.99}) == "holds"


def decayed(weight_decay: float = 0.1, mask: Any = None, is_heeded: bool = True) -> Any:
    """Weight decay alone, of the leaves that the mask chooses."""

    def update(updates: Any, state: Any, params: Any) -> Any:
        chosen = mask(params) if mask is not None and is_heeded else jax.tree.map(lambda p: True, params)
        return jax.tree.map(lambda g, p, c: g + c * weight_decay * p, updates, params, chosen), state

    return optax.GradientTransformation(lambda params: (), update)


def matrices(params: Any) -> Any:
    return jax.tree.map(lambda p: p.ndim == 2, params)


def test_a_mask_that_is_ignored_is_found() -> None:
    def ignoring(weight_decay: float = 0.1, mask: Any = matrices) -> Any:
        return decayed(weight_decay, mask, is_heeded=False)

    found, detail = verdict(ignoring, MATTERS)
    assert (found, "mask changes nothing: all but matrices instead of matrices" in detail) == ("broken", True)
    assert verdict(decayed, MATTERS, mask=matrices, is_heeded=True)[0] == "holds"
    assert verdict(gl.adamw(mask=matrices), MATTERS)[0] == "holds"
    assert verdict(gl.adamw(weight_decay=0.0, mask=matrices), MATTERS)[0] == "holds"
