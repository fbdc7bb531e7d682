"""`hyperparameters` gives the current value of each hyperparameter by its path, with schedules evaluated."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.core.composites import Composite
from gradlab.schedules import Schedule

RATE, DECAY = gl.schedules.cosine(1.0, 100), gl.schedules.linear(0.0, 0.9, 100)
GRADIENT = {"w": jnp.ones((2, 3))}


def after(tx: Any, steps: int) -> Any:
    def step(state: Any, _: Any) -> Any:
        return tx.update(GRADIENT, state, GRADIENT)[1], None

    return jax.jit(lambda: jax.lax.scan(step, tx.init(GRADIENT), length=steps)[0])()


@pytest.mark.filterwarnings("ignore:chain:UserWarning")  # of two optimizers, which are here for their numbers
def test_schedules_are_evaluated_at_the_step_of_the_next_update() -> None:
    tx = gl.chain(
        gl.clip_by_global_norm(RATE),
        gl.adam(RATE * 2, b1=DECAY),
        gl.store(gl.scale_by_rss(eps=RATE)),
        gl.scale_by_rms(gl.chain(gl.scale_by_momentum(DECAY), gl.bias_correction(0.9))),
        gl.each(gl.sgd(gl.schedules.linear(0.0, 2.0, 100))),
    )
    for steps in (0, 30):
        state = after(tx, steps)
        rate, decay = RATE(steps), DECAY(steps)
        expected = {
            "clip_by_global_norm/max_norm": rate,
            "adam/learning_rate": 2 * rate,
            "adam/b1": decay,
            "adam/b2": 0.999,
            "adam/eps": 1e-8,
            "store/scale_by_rss/initial": 0.0,
            "store/scale_by_rss/eps": rate,
            "store/scale_by_rss/eps_root": 0.0,
            "scale_by_rms/eps": 1e-8,
            "scale_by_rms/eps_root": 0.0,
            "scale_by_rms/decay/scale_by_momentum/decay": decay,
            "scale_by_rms/decay/scale_by_momentum/initial": 0.0,
            "scale_by_rms/decay/bias_correction/first_decay": 0.9,
            "each/sgd/learning_rate": steps / 50,
            "each/sgd/dampening": 0.0,
        }
        found = gl.hyperparameters(tx, state)
        assert list(found) == list(expected)
        np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-12)
    traced = jax.jit(gl.hyperparameters)(tx, state)
    np.testing.assert_allclose([traced[name] for name in found], list(found.values()), rtol=1e-12)


def test_each_schedule_has_the_step_of_the_link_that_it_was_handed_to() -> None:
    @gl.transformation
    def every_other(tx):
        """Apply a transformation at even steps only, so that it counts half of them."""

        def update(updates, state):
            count, inner = state
            changed, new = tx.update(updates, inner)
            keep = lambda old, new: jnp.where(count % 2 == 0, new, old)  # noqa: E731
            return jax.tree.map(keep, updates, changed), (count + 1, jax.tree.map(keep, inner, new))

        def init(params):
            return jnp.zeros((), jnp.int32), tx.init(params)

        return Composite(init, update, {"tx": tx}, lambda state: {"tx": state[1]})

    @gl.recipe
    def two_rates(fast: gl.NonNegative = 1.0, slow: gl.NonNegative = 1.0):
        return gl.chain(gl.scale(fast), every_other(gl.scale(slow)))

    tx = two_rates(gl.schedules.linear(0.0, 1.0, 100), gl.schedules.linear(0.0, 1.0, 101))
    found = gl.hyperparameters(tx, after(tx, 40))
    np.testing.assert_allclose([found["fast"], found["slow"]], [40 / 100, 20 / 101])


def test_a_recipe_that_hands_a_transformation_on() -> None:
    @gl.recipe
    def wrapped(tx, learning_rate: gl.NonNegative = 0.1):
        return gl.chain(gl.add(tx, gl.scale(0.5)), gl.scale_by_learning_rate(learning_rate))

    tx = wrapped(gl.adam(RATE, b1=0.5), 2 * RATE)
    found = gl.hyperparameters(tx, after(tx, 20))
    np.testing.assert_allclose([found["adam/learning_rate"], found["learning_rate"]], [RATE(20), 2 * RATE(20)])


def test_a_wrapper_of_optax_is_searched_for_the_step() -> None:
    tx = gl.transformation(optax.masked)(gl.adam(RATE), {"w": True})
    np.testing.assert_allclose(gl.hyperparameters(tx, after(tx, 20))["inner/learning_rate"], RATE(20))


def test_without_a_state_schedules_stay_what_they_are() -> None:
    assert gl.hyperparameters(gl.sgd(RATE)) == {"learning_rate": RATE, "dampening": 0.0}
    assert gl.hyperparameters(gl.flavors.torch.adam())["betas/1"] == 0.999
    assert isinstance(gl.hyperparameters(gl.sgd(RATE))["learning_rate"], Schedule)


def test_a_schedule_that_no_link_uses_is_left_out() -> None:
    tx = gl.sgd(0.1, dampening=DECAY)
    assert gl.hyperparameters(tx, tx.init(GRADIENT)) == {"learning_rate": 0.1}
    used = tx.replace(momentum=0.5)
    assert set(gl.hyperparameters(used, used.init(GRADIENT))) == {"learning_rate", "momentum", "dampening"}


def test_wrong_arguments_say_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"takes a transformation of gradlab, such as adam\(\); got Grad"):
        gl.hyperparameters(optax.adam(0.1))
    with pytest.raises(ValueError, match=r"this state is not one of adam\(.*: pass the state that its init"):
        gl.hyperparameters(gl.adam(RATE), ())
    with pytest.raises(ValueError, match=r"inner/learning_rate is a schedule, and the state counts no steps for it"):
        gl.hyperparameters(gl.transformation(optax.masked)(gl.adam(RATE), True), (jnp.ones(2),))
