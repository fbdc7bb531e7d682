"""A chain with two learning rates warns where the loss climbs, and nowhere else."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.combinators.checks.descent_twice import count_turns
from gradlab.selectors.leaves import read_leaves

PARAMS = {"kernel": jnp.array([[1.0, -2.0], [3.0, 4.0]]), "bias": jnp.array([1.0, 2.0])}
HEAD, BODY = gl.path("kernel"), gl.path("bias")
SUFFIX = r" after it turns the sign back, so that the loss climbs"


@gl.transformation
def backwards():
    def init(params):
        return ()

    def update(updates, state):
        return jax.tree.map(jnp.negative, updates), state

    return init, update


@gl.recipe
def mine(rate: float = 0.1):
    return gl.chain(gl.scale_by_momentum(), gl.scale_by_learning_rate(rate))


@gl.recipe
def tx():  # named as what a wrapper holds
    return gl.sgd(0.1)


@pytest.mark.parametrize(
    "tx",
    [
        gl.chain(gl.adam(1e-3), gl.adam(1e-2)),
        gl.chain(gl.adamw(1e-3), gl.clip_by_value(1.0), gl.sgd(1.0)),
        gl.chain(gl.adam(1e-3), gl.chain(gl.clip_by_value(1.0), gl.sgd(gl.schedules.linear(1.0, 0.1, 10)))),
        gl.chain(gl.accumulate(gl.sgd(0.1)), gl.scale_by_learning_rate(1.0)),
        gl.chain(gl.skip_nonfinite(gl.adam(0.1)), gl.store(gl.sgd(1.0))),
        gl.chain(gl.partition((HEAD, gl.sgd(0.1)), default=gl.freeze()), gl.scale_by_learning_rate(1.0)),
        gl.chain(gl.only(HEAD, gl.sgd(0.1)), gl.only(HEAD, gl.sgd(0.1))),
        gl.chain(gl.each(gl.sgd(0.1)), gl.sgd(1.0)),
        gl.chain(gl.graft(gl.sgd(0.1), gl.chain()), gl.sgd(1.0)),
        gl.chain(gl.add(gl.sgd(0.1), gl.adam(0.1)), gl.sgd(1.0)),
        gl.chain(gl.sam(gl.sgd(0.1)), gl.sgd(1.0)),
        gl.chain(mine(), gl.scale_by_learning_rate(1.0)),
        gl.chain(gl.accumulate(mine()), gl.scale_by_learning_rate(1.0)),
        gl.lookahead(gl.chain(gl.sgd(0.1), gl.sgd(0.1))),
        gl.chain(gl.adabound(0.1), gl.sgd(1.0)),
        gl.chain(gl.clip_by_value(1.0), gl.amsbound(0.1), gl.scale_by_learning_rate(1.0)),
        gl.chain(gl.accumulate(gl.adan(0.1)), gl.sgd(1.0)),
        gl.chain(gl.chain(gl.mars(0.1)), gl.clip_by_value(1.0), gl.sgd(1.0)),
    ],
    ids=repr,
)
def test_two_learning_rates_climb(tx: Any) -> None:
    with pytest.warns(UserWarning, match=SUFFIX) as caught:
        state = tx.init(PARAMS)
    assert len([one for one in caught if "climbs" in str(one.message)]) == 1
    with pytest.warns(UserWarning, match=SUFFIX):
        jax.jit(lambda tx: tx.init(PARAMS))(tx)  # with traced learning rates
    for _ in range(8):  # so that accumulate makes a step
        signals = {"gradient_fn": lambda params: params} if "gradient_fn" in tx.core.reads() else {}
        step, state = tx.update(PARAMS, state, PARAMS, **signals)
        if jnp.any(step["kernel"] != 0):
            break
    assert jnp.vdot(step["kernel"], PARAMS["kernel"]) > 0  # uphill for |x|^2 / 2


@pytest.mark.parametrize(
    "tx",
    [
        gl.chain(gl.adam(1e-3), gl.scale(-1.0)),
        gl.adan(1e-3),
        gl.chain(gl.adabound(1e-3), gl.scale(-1.0), gl.sgd(1.0)),
        gl.chain(gl.scale(-1.0), gl.mars(1e-3), gl.sgd(1.0)),
        gl.chain(gl.adam(1e-3), gl.scale(-1.0), gl.sgd(1.0)),
        gl.chain(gl.scale(-1.0), gl.adam(1e-3), gl.sgd(1.0)),
        gl.chain(gl.adam(1e-3), gl.scale(lambda step: -1.0), gl.sgd(1.0)),
        gl.chain(gl.adam(1e-3), gl.sgd(1.0), gl.sgd(1.0)),
        gl.chain(gl.only(HEAD, gl.sgd(0.1)), gl.only(BODY, gl.adam(0.1))),
        gl.chain(gl.partition((HEAD, gl.sgd(0.1)), default=gl.chain()), gl.only(BODY, gl.sgd(1.0))),
        gl.chain(gl.sgd(0.1), gl.gradient(), gl.sgd(0.1)),
        gl.chain(gl.sgd(0.1), gl.nesterov(), gl.sgd(0.1)),
        gl.chain(gl.add(gl.chain(), gl.sgd(0.1)), gl.sgd(1.0)),
        gl.chain(gl.add(tx(), gl.chain()), gl.sgd(1.0)),
        gl.chain(gl.sgd(0.1), backwards(), gl.sgd(1.0)),
        gl.chain(gl.sgd(0.1), optax.scale(-1.0), gl.sgd(1.0)),
        gl.chain(optax.sgd(0.1), gl.sgd(1.0)),
        gl.chain(gl.measure(gl.sgd(0.1), gl.scale_by_rms()), gl.sgd(1.0)),
    ],
    ids=repr,
)
def test_other_signs_are_silent(tx: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jax.eval_shape(tx.init, PARAMS)


def test_a_negative_scale_is_not_known_where_it_is_traced() -> None:
    tx = gl.chain(gl.adam(1e-3), gl.scale(1.0), gl.sgd(1.0))
    with pytest.warns(UserWarning, match=SUFFIX):
        tx.init(PARAMS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jax.eval_shape(lambda tx: tx.init(PARAMS), tx)


@pytest.mark.parametrize("name", ["halve", "adan"])
def test_a_factory_without_a_module_is_not_known(name: str) -> None:
    # As a notebook server or a configuration file may define one: exec in a namespace without a __name__.
    source = f"@gl.recipe\ndef {name}(factor=0.5):\n    return gl.chain(gl.scale_by_sign(), gl.scale(factor))"
    own = "@gl.transformation\ndef own():\n    return lambda params: (), lambda updates, state: (updates, state)"
    namespace: dict[str, Any] = {"gl": gl}
    exec(f"{source}\n{own}", namespace)
    assert namespace["own"].factory.build.__module__ is None
    leaves = read_leaves(PARAMS)
    assert count_turns(namespace["own"](), leaves, [0, 0]) == [None, None]
    assert count_turns(namespace[name](), leaves, [0, 0]) == [0, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gl.chain(namespace[name](), namespace["own"](), gl.sgd(0.1)).init(PARAMS)


@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_the_sign_of_each_recipe_is_that_of_its_first_steps(name: str) -> None:
    tx = registry.entries()[name].example
    (turns,) = count_turns(tx, read_leaves({"kernel": PARAMS["kernel"]}), [0])
    assert turns == 1


@pytest.mark.parametrize("name", registry.of_kind("link"))
def test_a_link_turns_the_sign_only_if_it_is_known_to(name: str) -> None:
    tx, params = registry.entries()[name].example, {"kernel": PARAMS["kernel"]}
    (turns,) = count_turns(tx, read_leaves(params), [0])
    try:
        step, _ = tx.update(params, tx.init(params), params)
    except ValueError:  # a link that reads a signal which nobody measures here
        return
    product = float(jnp.vdot(step["kernel"], params["kernel"]))
    assert turns is None or product * (-1) ** turns >= 0
