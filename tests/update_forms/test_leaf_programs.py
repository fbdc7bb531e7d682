"""The leaves that a program computes by equal equations are found, whatever the order of the equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.update_forms.leaf_programs import LeafProgram, find_leaf_programs

MANY = 5
LEAVES = [np.arange(3.0) + index for index in range(MANY)]


def find(function: Callable[..., Any], *arguments: Any) -> list[list[LeafProgram]]:
    return find_leaf_programs(jax.make_jaxpr(function)(*arguments).jaxpr)


def test_leaves_with_equal_equations_are_one_group_in_any_order() -> None:
    def by_leaf(xs: Any, ys: Any) -> Any:
        return [(0.9 * x + y, jnp.sqrt(0.9 * x + y)) for x, y in zip(xs, ys, strict=True)]

    def by_link(xs: Any, ys: Any) -> Any:
        moments = [0.9 * x + y for x, y in zip(xs, ys, strict=True)]
        return moments, [jnp.sqrt(m) for m in moments]

    for function in (by_leaf, by_link):
        groups = find(function, LEAVES, LEAVES)
        assert sorted(map(len, groups)) == ([MANY, MANY] if function is by_leaf else [MANY])
        for group in groups:
            assert {(len(p.equations), len(p.sources), len(p.scalars)) for p in group} <= {(2, 2, 0), (3, 2, 0)}


def test_shapes_numbers_and_scalars_make_leaves_different() -> None:
    def function(xs: Any, one: Any, other: Any) -> Any:
        a, b, c, d, e = xs
        return 2 * a, 3 * b, one * c, other * d, one * e

    groups = find(function, LEAVES, np.float64(1), np.float64(2))
    assert sorted(map(len, groups)) == [1, 1, 1, 2]  # only the two that read one scalar are equal
    mixed = find(lambda xs: [2 * x for x in xs], [*LEAVES, np.ones((3, 1))])
    assert sorted(map(len, mixed)) == [1, MANY]


def test_results_that_are_needed_decide_too() -> None:
    def function(xs: Any) -> Any:
        roots = [jnp.sqrt(jnp.exp(x)) for x in xs]
        return roots, [jnp.exp(x) for x in xs[:2]]  # equations of their own

    assert sorted(map(len, find(function, LEAVES))) == [2, MANY]

    def function_with_moments(xs: Any) -> Any:
        moments = [jnp.exp(x) for x in xs]
        return [jnp.sqrt(m) for m in moments], moments[:2]

    assert sorted(map(len, find(function_with_moments, LEAVES))) == [2, MANY - 2]


def test_what_a_sum_reads_is_left_out() -> None:
    def clip(xs: Any) -> Any:
        norm = jnp.sqrt(sum(jnp.sum(x * x) for x in xs))
        return [x / norm for x in xs]

    (group,) = find(clip, LEAVES)
    assert [equation.primitive.name for equation in group[0].equations] == ["div"]
    assert find(lambda xs: [x - jnp.sum(jnp.exp(x)) + jnp.max(2 * x) for x in xs], LEAVES)[0][0].scalars
    assert not find(lambda xs: (doubled := [2 * x for x in xs], jnp.stack(doubled)), LEAVES)


def test_leaves_that_read_each_other_are_one_program() -> None:
    (group,) = find(lambda xs: [x + 2 * xs[0] + y for y in [jnp.exp(xs[1])] for x in xs], LEAVES)
    assert len(group) == 1
    assert len(group[0].results) == MANY


def test_arrays_that_do_not_depend_on_leaves_are_left_out() -> None:
    assert not find(lambda rate: [jnp.full(3, rate) for _ in range(MANY)], 1.0)
