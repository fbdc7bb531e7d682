"""The matrix products of a program, and how fast the machine multiplies matrices when it does nothing else."""

from __future__ import annotations

import math
import time
from typing import Any

import jax
import jax.numpy as jnp

from .equations import find_programs

SIZE = 2048  # rows of the large matrices: smaller ones do not reach the speed of the machine
CALLS = 10


def measure_matrix_speed() -> float:
    """Return the floating-point operations per second of a product of large float32 matrices, the best of ten."""
    matrix = jnp.full((SIZE, SIZE), 1 / SIZE, jnp.float32)
    multiply = jax.jit(jnp.matmul)
    jax.block_until_ready(multiply(matrix, matrix))
    seconds = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        jax.block_until_ready(multiply(matrix, matrix))
        seconds.append(time.perf_counter() - begin)
    return 2 * SIZE**3 / min(seconds)


def count_product_operations(closed: Any) -> float:
    """Return the floating-point operations of all matrix products in a jaxpr, two for each product of two numbers.

    A loop of known length counts as often as it runs, one of unknown length once, and of the branches of a condition
    the longest counts.
    """
    return _count(closed.jaxpr)


def _count(jaxpr: Any) -> float:
    return sum(_count_equation(equation) for equation in jaxpr.eqns)


def _count_equation(equation: Any) -> float:
    if equation.primitive.name == "dot_general":
        (contracting, _), _ = equation.params["dimension_numbers"]
        shape = equation.invars[0].aval.shape
        return 2.0 * equation.outvars[0].aval.size * math.prod(shape[axis] for axis in contracting)
    inner = [_count(program) for program in find_programs(equation.params.values())]
    if equation.primitive.name == "cond":
        return max(inner)
    return sum(inner) * equation.params.get("length", 1) if equation.primitive.name == "scan" else sum(inner)
