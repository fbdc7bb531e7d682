"""A form of an update with many small leaves that XLA compiles faster: sixteen equal leaves are computed as one array.

The time that XLA takes to compile grows with the operations of the program. It inlines every function, so leaves that
share one save nothing. Leaves in a stack do. XLA does not inline the function of a stack, because it would compute each
leaf apart again. A stack copies its leaves, which is hardly slower for leaves of some hundred elements.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import lax

from .._compat import inlining, is_compiling
from ..compilation.cpu_fusion import runs_on_one_cpu
from .leaf_programs import LeafProgram, find_leaf_programs
from .traced_programs import PyTree, Variable, is_literal, make_function, rewrite

FEWEST = 256  # equal leaves; with 200, a step takes longer, and the search for them takes as long as it saves
LARGEST = 2**10  # elements of a leaf in a stack; with 2^11, a step takes longer
STACK = 16  # leaves in a stack; with fewer, a trace takes longer, and with more, a step does


def wants_stacks(tree: PyTree) -> bool:
    """Return whether a tree has so many small leaves of one shape that the program of its update should be rewritten.

    It should not where arrays may be divided between devices, because a stack would bring them together.
    """
    leaves = jax.tree.leaves(tree)
    if len(leaves) < FEWEST or not is_compiling() or not runs_on_one_cpu():
        return False
    counts = Counter(kind.shape for kind in map(jax.typeof, leaves) if _is_stackable(kind))
    if max(counts.values(), default=0) < FEWEST:
        return False
    return jax.sharding.get_abstract_mesh().empty


def with_stacked_leaves(function: Callable[..., PyTree]) -> Callable[..., PyTree]:
    """Return a function of trees with the same results, in whose program small equal leaves are stacked."""
    return rewrite(function, _evaluate)


def _is_stackable(kind: Any) -> bool:
    """Return whether leaves of a type, as `jax.typeof` returns it, are small arrays that no type says to divide."""
    is_small = bool(kind.shape) and 0 < math.prod(kind.shape) <= LARGEST
    return is_small and all(axis is None for axis in kind.sharding.spec)


def _evaluate(program: Any, arguments: Sequence[Any]) -> list[Any]:
    """Return the results of a program: first what is in no stack, then each stack."""
    jaxpr = program.jaxpr
    groups = [
        group[: len(group) // STACK * STACK]
        for group in find_leaf_programs(jaxpr)
        if len(group) >= FEWEST and _is_stackable(group[0].sources[0].aval)
    ]
    known: dict[Variable, Any] = dict(zip(jaxpr.constvars, program.consts, strict=True))
    known.update(zip(jaxpr.invars, arguments, strict=True))
    stacked = [leaf for group in groups for leaf in group]
    apart = {id(equation) for leaf in stacked for equation in leaf.equations}
    results = {v for leaf in stacked for v in leaf.results}
    read = [v for leaf in stacked for v in (*leaf.sources, *leaf.scalars)]
    read.extend(v for v in jaxpr.outvars if not is_literal(v) and v not in results)
    needed = list(dict.fromkeys(v for v in read if v not in known))
    rest = make_function(jaxpr, [e for e in jaxpr.eqns if id(e) not in apart], list(known), needed)
    known.update(zip(needed, rest(*known.values()), strict=True))
    for group in groups:
        _compute_group(jaxpr, group, known)
    return [v.val if is_literal(v) else known[v] for v in jaxpr.outvars]


def _compute_group(jaxpr: Any, group: list[LeafProgram], known: dict[Variable, Any]) -> None:
    """Compute equal leaves in stacks, and add their results to what is known."""
    first = group[0]
    function = make_function(jaxpr, first.equations, [*first.sources, *first.scalars], first.results)
    scalars = [known[v] for v in first.scalars]
    compute = jax.jit(lambda columns, scalars: _compute_stack(function, columns, scalars))
    for begin in range(0, len(group), STACK):
        leaves = group[begin : begin + STACK]
        columns = [[known[v] for v in column] for column in zip(*(leaf.sources for leaf in leaves), strict=True)]
        with inlining(False):
            stacks = compute(columns, scalars)
        for stack, variables in zip(stacks, zip(*(leaf.results for leaf in leaves), strict=True), strict=True):
            known.update(zip(variables, _split(stack), strict=True))


def _compute_stack(function: Callable[..., list[Any]], columns: list[list[Any]], scalars: list[Any]) -> list[Any]:
    """Return each result of a leaf for several leaves, in one array with an axis for the leaves."""
    with inlining(True):  # of what this calls
        stacks = [lax.concatenate(column, 0).reshape(len(column), *column[0].shape) for column in columns]
        return jax.vmap(lambda *leaves: function(*leaves, *scalars))(*stacks)


def _split(stack: jax.Array) -> list[jax.Array]:
    """Return the leaves of a stack. One reshaping of the stack takes the place of one for each leaf."""
    joined = stack.reshape(-1, *stack.shape[2:])
    return list(lax.split(joined, [len(joined) // len(stack)] * len(stack)))
