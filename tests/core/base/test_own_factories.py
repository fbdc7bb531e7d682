"""Factories of your own: their arguments, their results, and the errors about both."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.core.base.links import apply, shrink


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (None, "nothing$"),
        (3.0, "a float: 3.0$"),
        ((), r"a tuple: \(\)$"),
        ((1, 2), r"a tuple: \(1, 2\)$"),
        ((lambda params: (),), "a tuple$"),
        ([lambda: 0, lambda: 0], "a list$"),
        (len, "the function len alone$"),
        (int, "the class int alone$"),
        ([gl.scale_by_sign()], r"a list of links, of which gl.chain makes one: gl.chain\(\*links\)$"),
    ],
)
def test_a_factory_must_return_a_pair(made: Any, shown: str) -> None:
    @gl.transformation
    def broken():
        return made

    with pytest.raises(
        TypeError, match=rf"broken must return an \(init, update\) pair of functions, but it returned {shown}"
    ):
        broken()


@pytest.mark.parametrize(
    ("init", "update", "message"),
    [
        (
            lambda: (),
            lambda updates, state: (updates, state),
            r"init of odd takes \(\), but is called as init\(params\)",
        ),
        (
            lambda params: (),
            lambda updates, state, parameters: (updates, state),
            r"update of odd takes \(updates, state, parameters\), but is called as update\(updates, state\), with "
            "params and grads if it has arguments of these names: ",
        ),
        (lambda params: (), lambda updates: updates, r"update of odd takes \(updates\), but"),
        (lambda params: (), lambda updates, state: (updates > 0, state), r"update of odd\(\) returned booleans"),
    ],
)
def test_functions_of_a_pair_that_do_not_fit_are_refused_by_name(init: Any, update: Any, message: str) -> None:
    @gl.transformation
    def odd():
        return init, update

    with pytest.raises(TypeError, match=message):
        odd().update(jnp.ones(2), odd().init(jnp.ones(2)))


def test_errors_of_a_factory_are_its_own() -> None:
    @gl.transformation
    def failing(rate=1.0):
        raise RuntimeError("no such thing")

    with pytest.raises(RuntimeError, match="no such thing"):
        failing()
    with pytest.raises(RuntimeError, match="no such thing"):
        failing(lambda step: 1.0)


def test_another_librarys_factory_is_wrapped_as_it_is(rollout: Callable[..., Any]) -> None:
    lion = gl.transformation(optax.scale_by_lion)
    gradients = np.array([[1.0, -2.0], [-3.0, 0.5], [0.1, 0.1]])
    state, expected = optax.scale_by_lion(0.8, 0.7).init(jnp.zeros(2)), []
    with jax.numpy_dtype_promotion("standard"):
        for gradient in gradients:
            updates, state = optax.scale_by_lion(0.8, 0.7).update(jnp.asarray(gradient), state)
            expected.append(updates)
        got = rollout(lion(0.8, b2=0.7), gradients)
    np.testing.assert_array_equal(got, expected)
    assert lion(0.8).b2 == 0.99
    assert lion(0.8).mode == "hard"


def test_a_wrapped_factory_takes_schedules(rollout: Callable[..., Any]) -> None:
    sgd = gl.transformation(name="descent")(optax.sgd)
    with jax.numpy_dtype_promotion("standard"):
        got = rollout(sgd(gl.schedules.linear(1.0, 0.0, 4)), np.ones((3, 1)))
    np.testing.assert_allclose(got[:, 0], [-1.0, -0.75, -0.5])
    assert repr(sgd(0.1)).startswith("descent(learning_rate=0.1")


def test_arguments_by_place_only() -> None:
    @gl.transformation
    def by_place(rate: gl.Positive, factor=2.0, /, shift=0.0):
        return lambda params: (), lambda updates, state: (
            jax.tree.map(lambda d: rate * factor * d + shift, updates),
            state,
        )

    tx = by_place(3.0, shift=1)
    np.testing.assert_array_equal(apply(tx, jnp.ones(2)), 7.0)
    assert repr(tx) == "by_place(3.0, 2.0, shift=1.0)"
    assert tx.replace(rate=1.0) == by_place(1.0, 2.0, shift=1.0)
    assert tx.replace(shift=2.0).shift == 2.0
    assert pickle.loads(pickle.dumps(jax.tree.leaves(tx))) == [3.0, 2.0, 1.0]
    with pytest.raises(TypeError, match=r"by_place: .*; the call is by_place\(rate, factor=2.0, /, shift=0.0\)"):
        by_place(rate=3.0)  # type: ignore[call-arg]

    @gl.schedules.schedule
    def by_place_too(rate, /, power=2.0):
        return lambda step: rate * step**power

    assert by_place_too(3.0)(2) == 12.0


def test_arguments_before_the_variadic_ones() -> None:
    @gl.transformation
    def repeated(count_of: int, *parts: optax.GradientTransformation, factor=1.0):
        return gl.chain(*parts * count_of, gl.scale(factor))

    tx = repeated(2, gl.scale(2.0), gl.scale(3.0), factor=0.5)
    np.testing.assert_array_equal(apply(tx, jnp.ones(2)), 18.0)
    assert repr(tx) == "repeated(2, scale(factor=2.0), scale(factor=3.0), factor=0.5)"
    np.testing.assert_array_equal(apply(tx.replace(count_of=1), jnp.ones(2)), 3.0)


@pytest.mark.parametrize("factory", [gl.adam, gl.scale, gl.chain, gl.isolate, shrink, gl.transformation(optax.lion)])
def test_a_factory_is_no_transformation_and_says_so(factory: Any) -> None:
    name = factory.__name__
    for method in ("init", "update"):
        with pytest.raises(TypeError, match=rf"{name} makes transf.*; call it first: {name}\(\.\.\.\)\.{method}\("):
            getattr(factory, method)(jnp.ones(2))
    assert not isinstance(factory, optax.GradientTransformation)


def test_a_callable_object_may_be_the_update() -> None:
    class Doubler:
        def __call__(self, updates, state, params=None, *, grads=None):
            return 2 * grads, state

    @gl.transformation
    def doubler():
        return lambda params: (), Doubler()

    np.testing.assert_array_equal(apply(gl.chain(gl.scale(3.0), doubler()), jnp.ones(2)), [6.0, 6.0])


@pytest.mark.parametrize(
    ("result", "found"), [(None, "nothing"), (jnp.ones(2), "an array alone"), ((1, 2, 3), "a tuple")]
)
def test_an_update_without_a_state_is_told_what_to_return(result: Any, found: str) -> None:
    @gl.transformation
    def forgetful():
        return lambda params: (), lambda updates, state: result

    with pytest.raises(
        TypeError, match=rf"update of forgetful must return \(updates, state\), but it returned {found}"
    ):
        forgetful().update(jnp.ones(2), ())
