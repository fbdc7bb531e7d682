import os
import random
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import check

from .examples import trace, verdict


def test_a_change_by_the_factory_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XLA_GRADLAB_TEST", raising=False)

    def make(learning_rate: float) -> optax.GradientTransformation:
        os.environ["XLA_GRADLAB_TEST"] = "1"
        return trace()

    found, detail = verdict(make, "surroundings untouched", learning_rate=0.1)
    assert found == "broken"
    assert "XLA_GRADLAB_TEST (from 'not set' to '1')" in detail
    assert "XLA_GRADLAB_TEST" not in os.environ  # it was restored


def test_what_is_changed_is_restored() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        np.random.seed(0)
        random.seed(0)
        jax.config.update("jax_default_matmul_precision", "highest")
        return updates, state

    before = random.getstate()
    found, detail = verdict(trace(update=update), "surroundings untouched")
    assert found == "broken"
    assert "NumPy's np.random, Python's random" in detail
    assert "jax_default_matmul_precision (from None to 'highest')" in detail
    assert random.getstate() == before
    assert jax.config.values["jax_default_matmul_precision"] is None


def test_a_seed_from_python_is_found() -> None:
    def make(learning_rate: float) -> optax.GradientTransformation:
        factor = 1 + random.random()
        return trace(update=lambda updates, state, params=None: (jax.tree.map(lambda g: factor * g, updates), state))

    assert verdict(make, "surroundings unused", learning_rate=0.1)[0] == "broken"
    assert verdict(gl.adam(), "surroundings unused")[0] == "holds"


def test_a_count_for_each_layer_of_a_stack_may_be_float64_but_a_moment_may_not() -> None:
    def init(params: Any) -> Any:
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), params)

    law = "x64 changes nothing"
    assert verdict(gl.each(gl.adam()), law)[0] == "holds"
    moments = optax.GradientTransformation(init, lambda updates, state, params=None: (updates, state))
    result = check(moments, laws=(law,), claims={"domain": ("stacked",)})[law]
    assert (result.verdict, "is float64" in result.detail) == ("broken", True)


def test_updates_that_x64_promotes_are_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        rate = jnp.asarray(0.1)
        return jax.tree.map(lambda g: rate * g.astype(rate.dtype), updates), state

    found, detail = verdict(trace(update=update), "x64 changes nothing")
    assert found == "broken"
    assert "float64[4,4] instead of float32[4,4]" in detail
    with jax.enable_x64(False):
        assert verdict(trace(update=update), "x64 changes nothing")[0] == "broken"
        assert verdict(gl.adam(), "x64 changes nothing")[0] == "holds"


def test_a_count_may_be_wide() -> None:
    def init(params: Any) -> Any:
        return jnp.zeros((), int), jnp.asarray(1.0, float)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        count, product = state
        return updates, (count + 1, product * jnp.asarray(0.9, product.dtype))

    tx = trace(init=init, update=update)
    assert verdict(tx, "x64 changes nothing")[0] == "holds"
