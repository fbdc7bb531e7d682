"""The equations of a traced program."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from gradlab.bench.inspection.equations import count_equations


def count(function: Any) -> int:
    return count_equations(jax.make_jaxpr(function)(jnp.ones(3)))


def test_a_shared_sub_program_counts_once() -> None:
    inner = jax.jit(lambda x: x * 2 + 1)
    assert count(lambda x: x * 2 + 1) == 2
    assert count(inner) == 3  # the call, and two of the body
    assert count(lambda x: inner(inner(x))) == 4
    assert count(lambda x: inner(x) + jax.jit(lambda y: y * 2 + 1)(x)) == 3 + 3 + 1


def test_branches_and_bodies_count() -> None:
    assert count(lambda x: jax.lax.cond(True, lambda y: y + 1, lambda y: y * 2 + 3, x)) >= 4
