"""The operations of matrix products are counted by their definition."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.bench.inspection import matrix_products
from gradlab.bench.inspection.matrix_products import count_product_operations, measure_matrix_speed

LEFT, RIGHT = jnp.ones((3, 5)), jnp.ones((5, 7))


def count(function: Any, *arguments: Any) -> float:
    return count_product_operations(jax.make_jaxpr(function)(*arguments))


def test_a_product_has_two_operations_for_each_pair_of_numbers() -> None:
    assert count(jnp.matmul, LEFT, RIGHT) == 2 * 3 * 5 * 7
    assert count(jax.vmap(jnp.matmul), jnp.ones((2, 3, 5)), jnp.ones((2, 5, 7))) == 2 * 2 * 3 * 5 * 7
    assert count(lambda x: x * x + 1, LEFT) == 0


def test_a_gradient_has_both_products_of_the_backward_pass() -> None:
    assert count(jax.grad(lambda a, b: jnp.sum((a @ b) ** 2), (0, 1)), LEFT, RIGHT) == 3 * 2 * 3 * 5 * 7


def test_loops_count_as_often_as_they_run_and_conditions_once() -> None:
    def loop(a: jax.Array, b: jax.Array) -> Any:
        return jax.lax.scan(lambda carry, _: (jnp.sin(carry @ b) @ b.T, None), a, length=4)

    assert count(jax.jit(loop), LEFT, RIGHT) == 4 * 2 * (2 * 3 * 5 * 7)
    assert count(lambda a, b: jax.lax.cond(a[0, 0] > 0, lambda: a @ b, lambda: (a @ b) @ b.T @ b), LEFT, RIGHT) == 630


def test_the_speed_is_that_of_one_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_products, "SIZE", 64)
    clock = iter(np.cumsum([1.0] * 40))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    assert measure_matrix_speed() == 2 * 64**3
