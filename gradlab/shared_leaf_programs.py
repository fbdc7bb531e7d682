"""A form of an update with many equal leaves that XLA compiles faster: leaves with equal equations share one function.

The time that XLA takes to compile grows with the operations of the program, and it inlines every function. A function
for all links of a leaf, in the place of one for each link, makes the program shorter before that. Small leaves are
stacked in addition: eight of them are computed as one array. XLA does not inline the function of a stack, because it
would compute each leaf apart again. A stack copies its leaves, which is no slower for leaves of some hundred elements.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ._compat import inlining, is_compiling
from .leaf_programs import LeafProgram, find_leaf_programs
from .traced_programs import Equation, PyTree, Variable, is_literal, rewrite

FEWEST = 128  # equal leaves, for which the search for them takes less time than it saves
LARGEST = 2**9  # elements of a leaf in a stack; with 2^11, a step takes a quarter longer
STACK = 8  # leaves in a stack; each place in it has kernels of its own, which take some milliseconds to compile


def wants_sharing(tree: PyTree) -> bool:
    """Return whether a tree has so many leaves of one shape that the program of its update should be rewritten.

    It should not where arrays may be divided between devices, because a stack would bring them together.
    """
    leaves = jax.tree.leaves(tree)
    if len(leaves) < FEWEST or not is_compiling() or jax.default_backend() != "cpu":
        return False
    if max(Counter(map(jnp.shape, leaves)).values()) < FEWEST:
        return False
    return jax.device_count() == 1 and jax.sharding.get_abstract_mesh().empty


def with_shared_leaf_programs(function: Callable[..., PyTree]) -> Callable[..., PyTree]:
    """Return a function of trees with the same results, in whose program equal leaves share one function."""
    return rewrite(function, _evaluate)


def _evaluate(program: Any, arguments: Sequence[Any]) -> list[Any]:
    """Return the results of a program: first what no group computes, then each group."""
    jaxpr = program.jaxpr
    groups = [group for group in find_leaf_programs(jaxpr) if len(group) >= FEWEST]
    known: dict[Variable, Any] = dict(zip(jaxpr.constvars, program.consts, strict=True))
    known.update(zip(jaxpr.invars, arguments, strict=True))
    grouped = [leaf for group in groups for leaf in group]
    apart = {id(equation) for leaf in grouped for equation in leaf.equations}
    results = {v for leaf in grouped for v in leaf.results}
    read = [v for leaf in grouped for v in (*leaf.sources, *leaf.scalars)]
    read.extend(v for v in jaxpr.outvars if not is_literal(v) and v not in results)
    needed = list(dict.fromkeys(v for v in read if v not in known))
    rest = _make_function(jaxpr, [e for e in jaxpr.eqns if id(e) not in apart], list(known), needed)
    known.update(zip(needed, rest(*known.values()), strict=True))
    for group in groups:
        _compute_group(jaxpr, group, known)
    return [v.val if is_literal(v) else known[v] for v in jaxpr.outvars]


def _compute_group(jaxpr: Any, group: list[LeafProgram], known: dict[Variable, Any]) -> None:
    """Compute equal leaves, and add their results to what is known."""
    first = group[0]
    function = _make_function(jaxpr, first.equations, [*first.sources, *first.scalars], first.results)
    scalars = [known[v] for v in first.scalars]
    is_small = math.prod(first.sources[0].aval.shape) <= LARGEST
    stacked = len(group) // STACK * STACK if is_small else 0
    compute = jax.jit(lambda columns, scalars: _compute_stack(function, columns, scalars))
    for begin in range(0, stacked, STACK):
        leaves = group[begin : begin + STACK]
        columns = [[known[v] for v in column] for column in zip(*(leaf.sources for leaf in leaves), strict=True)]
        with inlining(False):
            arrays = compute(columns, scalars)
        for array, variables in zip(arrays, zip(*(leaf.results for leaf in leaves), strict=True), strict=True):
            known.update(zip(variables, _split(array), strict=True))
    compute = jax.jit(function)
    for leaf in group[stacked:]:
        known.update(zip(leaf.results, compute(*(known[v] for v in leaf.sources), *scalars), strict=True))


def _compute_stack(function: Callable[..., list[Any]], columns: list[list[Any]], scalars: list[Any]) -> list[Any]:
    """Return each result of a leaf for several leaves, in one array with an axis for the leaves."""
    with inlining(True):  # of what this calls
        stacks = [lax.concatenate(column, 0).reshape(len(column), *column[0].shape) for column in columns]
        return jax.vmap(lambda *leaves: function(*leaves, *scalars))(*stacks)


def _split(stack: jax.Array) -> list[jax.Array]:
    """Return the leaves of a stack. One reshaping of the stack takes the place of one for each leaf."""
    joined = stack.reshape(-1, *stack.shape[2:])
    return list(lax.split(joined, [len(joined) // len(stack)] * len(stack)))


def _make_function(
    jaxpr: Any, equations: list[Equation], inputs: list[Variable], outputs: list[Variable]
) -> Callable[..., list[Any]]:
    """Return the function that some equations of a program compute."""
    from jax.extend.core import ClosedJaxpr, jaxpr_as_fun  # here, because most processes do not need it

    return jaxpr_as_fun(ClosedJaxpr(jaxpr.replace(constvars=[], invars=inputs, outvars=outputs, eqns=equations), []))
