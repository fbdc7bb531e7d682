"""The fewest streams of methods for which they are counted by hand."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import pytest

from gradlab.bench.counterparts import COUNTERPARTS
from gradlab.bench.inspection.fewest_streams import count_fewest_bytes
from gradlab.bench.step_rows import count_fewest_streams

BYTES = 4 * 1024
X = jax.ShapeDtypeStruct((1024,), jnp.float32)


def streams(function: Any, *arguments: Any) -> float | None:
    count = count_fewest_bytes(function, *arguments)
    return None if count is None else count / BYTES


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", 3),  # g, x, and x again
        ("sgd_momentum", 5),  # and the buffer twice
        ("adam", 7),
        ("adadelta", 7),
        ("amsgrad", 9),
        ("lion", 5),
        ("clip_adamw", 8),  # g for its norm, and then Adam's
        ("lamb", 10),  # g, m, v and x for the norms, which write m and v; then m, v, x, and x again
        ("adan", 11),  # three moments and the last gradient, which is written but not changed
        ("dog", 6),  # g, x and the first x, which stays; then g, x, and x again
        ("muon", None),
    ],
)
def test_methods(name: str, expected: float | None) -> None:
    assert count_fewest_streams(COUNTERPARTS[name], (8, 128) if name == "muon" else (1024,)) == expected


def test_elementwise_results_are_computed_in_one_pass() -> None:
    assert streams(lambda x, y: (x + y, x * y), X, X) == 4
    assert streams(lambda x, y: (x, x + y), X, X) == 3  # x is returned in its own place
    assert streams(lambda x, y: (x + y, x), X, X) == 4  # and here it is written to the place of y


def test_a_norm_needs_a_pass_of_its_own() -> None:
    assert streams(lambda x: x / jnp.sqrt(jnp.sum(x * x)), X) == 3


def test_a_norm_of_a_scaled_array_needs_no_pass_more() -> None:
    def normalize(x: jax.Array) -> jax.Array:
        largest = jnp.max(jnp.abs(x))
        return x / (largest * jnp.sqrt(jnp.sum(jnp.square(x / largest))))

    assert streams(normalize, X) == 3


def test_a_norm_behind_another_one_needs_another_pass() -> None:
    def twice(x: jax.Array) -> jax.Array:
        unit = jnp.sqrt(jnp.abs(x / jnp.sqrt(jnp.sum(x * x)) + 1))
        return unit / jnp.sum(unit)

    assert streams(twice, X) == 4


def test_what_an_earlier_pass_wrote_is_read_and_not_computed_anew() -> None:
    def step(x: jax.Array, m: jax.Array, g: jax.Array) -> tuple[jax.Array, jax.Array]:
        m = 0.5 * m + g
        return x - m / jnp.sum(m), m

    # The first pass reads m and g and writes m, and the second reads x and m and writes x.
    assert streams(step, X, X, X) == 6


def test_sub_programs_are_followed() -> None:
    assert streams(lambda x, y: jax.jit(lambda a: a * 2 + y)(x), X, X) == 3


def test_products_and_loops_are_not_limited_by_memory_alone() -> None:
    matrix = jax.ShapeDtypeStruct((32, 32), jnp.float32)
    assert count_fewest_bytes(lambda x: x @ x, matrix) is None
    assert count_fewest_bytes(lambda x: jax.lax.fori_loop(0, 3, lambda _, y: y + 1, x), X) is None
    assert streams(lambda x, y: x * jnp.dot(x, y), X, X) == 4  # an inner product is a reduction: x, y; x, and x again
