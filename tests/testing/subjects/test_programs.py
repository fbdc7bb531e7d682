"""Programs are compared by their operations and constants, and by their results where these differ."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing.subjects.programs import Program, require_same_program, trace_first_step
from gradlab.testing.verdicts.law import Broken

LEAF = jnp.array([1.0, -2.0, 3.0], jnp.float32)


def trace(function: Any) -> Program:
    """The program of a transformation without state."""
    tx = optax.GradientTransformation(lambda params: (), lambda updates, state, params=None: (function(updates), state))
    return trace_first_step(tx, LEAF, LEAF)


def require_same(left: Any, right: Any) -> None:
    """Require that two functions of a leaf are the same program."""
    require_same_program(trace(left), trace(right), (LEAF, LEAF), "they differ")


def test_it_computes_the_first_step() -> None:
    adam = gl.adam(0.1)
    program = trace_first_step(adam, LEAF, LEAF)
    expected, _ = adam.update(LEAF, adam.init(LEAF), LEAF)
    np.testing.assert_allclose(program.run((LEAF, LEAF)).updates, expected, rtol=1e-6)
    assert not program.is_stochastic
    assert trace_first_step(gl.add_noise(0.1, 0.5), LEAF, LEAF).is_stochastic


def test_other_operations_with_equal_results_are_the_same() -> None:
    require_same(lambda g: g + g, lambda g: 2 * g)
    with pytest.raises(Broken, match=r"they differ, at \.updates"):
        require_same(lambda g: g + g, lambda g: 3 * g)


def test_constants_are_compared_by_value() -> None:
    ones, twos = np.full(3, 1.0, np.float32), np.full(3, 2.0, np.float32)
    require_same(lambda g: g * ones, lambda g: g * ones.copy())
    with pytest.raises(Broken, match=r"they differ, at \.updates"):
        require_same(lambda g: g * ones, lambda g: g * twos)


def test_other_structures_differ() -> None:
    with pytest.raises(Broken, match="the structures differ"):
        require_same(lambda g: g, lambda g: (g, g))


def test_addresses_of_objects_do_not_matter() -> None:
    def make() -> Any:
        return jax.custom_jvp(lambda g: g)

    one, other = make(), make()
    for function in (one, other):
        function.defjvp(lambda primals, tangents: (primals[0], tangents[0]))
    require_same(one, other)
