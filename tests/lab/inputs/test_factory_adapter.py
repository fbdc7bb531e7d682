"""Any function or class that makes optimizers becomes a factory, and stays what it was."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.lab._inputs.factory_adapter import as_factory, find_missing_arguments
from gradlab.lab._inputs.importing import LoadError
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.problems import Ravine


def counting(learning_rate: float = 0.1, power=2, layers=(1, 2), betas=(0.9, 1)):
    """Its whole numbers are the length of a loop, and shapes; one of `betas` is not."""

    def update(updates, state, params=None):
        for _ in range(power):
            updates = jax.tree.map(lambda g: g * learning_rate * betas[0], updates)
        return updates, state

    return optax.GradientTransformation(lambda params: jax.numpy.zeros(layers), update)


def test_whole_numbers_of_factories_of_ones_own_stay_whole() -> None:
    factory = as_factory("counting", counting)
    made: Any = factory(0.5)
    assert (made.power, made.layers, made.betas) == (2, (1, 2), (0.9, 1.0))
    assert [type(leaf) for leaf in jax.tree.leaves(made)] == [float] * 3
    assert float(jax.jit(lambda tx: tx.update(1.0, tx.init(1.0))[0])(made)) == pytest.approx((0.5 * 0.9) ** 2)
    assert factory(1).learning_rate == 1.0
    assert factory(0.5, power=2.5).power == 2.5  # which it refuses itself, by failing


def test_whole_numbers_are_swept_as_one_program() -> None:
    def repeated(learning_rate: float = 0.1, times=1):
        def update(updates, state, params=None):
            def body(_, tree):
                return jax.tree.map(lambda g: g * learning_rate, tree)

            return jax.lax.fori_loop(0, times, body, jax.tree.map(lambda g: -g, updates)), state

        return optax.GradientTransformation(lambda params: (), update)

    swept = sweep(Ravine(), repeated, {"learning_rate": [0.5], "times": [9, 10]}, seeds=1, steps=2).gradlab.dataset()
    first, second = swept.path.sel(optimizer="repeated").values[:, 0, :, :]
    np.testing.assert_allclose((first[1] - first[0]) / (second[1] - second[0]), 2.0, rtol=1e-4)


class Sign:
    """An optimizer as a class, with a momentum."""

    def __init__(self, rate: float, decay: float = 0.5):
        self.rate, self.decay = rate, decay

    def init(self, params):
        return jax.tree.map(jnp.zeros_like, params)

    def update(self, updates, state, params=None):
        state = jax.tree.map(lambda m, g: self.decay * m + g, state, updates)
        return jax.tree.map(lambda m: -self.rate * jnp.sign(m), state), state


@gl.transformation
def halved(learning_rate: float = 0.2):
    return gl.sgd(learning_rate / 2)


class Callable:
    """A callable value with slots, so that nothing can be written on it."""

    __slots__ = ("factor",)

    def __init__(self, factor: float):
        self.factor = factor

    def __call__(self, rate: float = 0.1):
        return optax.sgd(self.factor * rate)


def test_a_class_makes_an_optimizer_of_its_arguments() -> None:
    made = as_factory("Sign", Sign)(0.1)
    assert (made.rate, made.decay) == (0.1, 0.5)
    params = jnp.array([1.0, -2.0])
    np.testing.assert_allclose(made.update(params, made.init(params))[0], [-0.1, 0.1])


@pytest.mark.parametrize("origin", [None, "mine"])
@pytest.mark.parametrize("found", [Sign, halved, counting, Callable(2.0), optax.sgd, gl.adam])
def test_what_is_adapted_stays_as_it_was(found: Any, origin: str | None) -> None:
    before = dict(getattr(found, "__dict__", {})), type(found), dict(vars(type(found)))
    factory = as_factory("it", found, origin)
    factory(0.1)
    assert (dict(getattr(found, "__dict__", {})), type(found), dict(vars(type(found)))) == before


def test_a_factory_is_used_as_it_is() -> None:
    assert as_factory("halved", halved) is halved
    assert as_factory("adam", gl.adam, "mine") is gl.adam  # of gradlab, under a name in the user's module
    from_mine: Any = as_factory("halved", halved, "mine")
    assert from_mine is not halved
    assert (from_mine.factory, from_mine(0.4)) == (halved.factory, halved(0.4))  # type: ignore[attr-defined]


async def later(rate=0.1):
    return optax.sgd(rate)


def generated(rate=0.1):
    yield optax.sgd(rate)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (3, "it has the type int, expected a function or a class that is called with hyperparameters"),
        (gl.sgd(0.1), "it has the type Transformation: an optimizer that is made already, .* such as gl.sgd, or a "),
        (gl.chain(gl.sgd(0.1)), "made already, .* pass what makes it, such as the function that made it, or"),
        (optax.sgd(0.1), "runs need one for each rate; pass what makes it, such as the function that made it"),
        (Ravine(), "it is a problem, expected an optimizer; pass it as --problem it"),
        (later, "it is an async function, which returns no optimizer"),
        (generated, "it is a generator, which returns no optimizer"),
        (lambda **options: optax.sgd(0.1), r"it cannot make optimizers: .* not \*\*options; list them"),
    ],
)
def test_anything_else_is_refused(found: Any, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        as_factory("it", found)


def test_a_factory_has_to_return_an_optimizer() -> None:
    factory = as_factory("it", lambda rate: print)
    with pytest.raises(
        TypeError, match=r"must return an optimizer, which has init\(params\) and .* the function print"
    ):
        factory(0.1)


def test_arguments_without_a_default_are_needed() -> None:
    factory = as_factory("it", lambda rate, decay, eps=0.1: optax.rmsprop(rate, decay, eps))
    assert find_missing_arguments(factory, ["rate"]) == ["decay"]
    assert find_missing_arguments(factory, ["rate", "decay"]) == []
