"""Which results of an update replace which arrays of its state, and which will be added to which parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from .traced_programs import PyTree, Variable, is_literal, is_traced


def find_traced(tree: PyTree) -> list[bool]:
    """Return for each leaf of a tree whether it is traced."""
    return [is_traced(leaf) for leaf in jax.tree.leaves(tree)]


def pair_states(
    jaxpr: Any, before: Sequence[list[bool]], after: Sequence[list[bool]]
) -> tuple[dict[Variable, Variable], list[Variable]]:
    """Return the variables of the state after an update with those that they replace, and those of the parameters.

    `before` and `after` say which leaves of the arguments and of the results are traced.
    """
    first, last = sum(before[0]), sum(before[0]) + sum(before[1])
    params = jaxpr.invars[last : last + sum(map(sum, before[2:3]))]
    if before[1] != after[1]:  # arrays that are not traced cannot be told from new ones
        return {}, params
    pairs = zip(jaxpr.outvars[sum(after[0]) :], jaxpr.invars[first:last], strict=True)
    return {new: old for new, old in pairs if not is_literal(new)}, params


def pair_updates(jaxpr: Any, params: Sequence[Variable], number: int) -> dict[Variable, Variable]:
    """Return the variables of so many updates with those of the parameters that they will be added to."""
    if len(params) != number:
        return {}
    pairs = zip(jaxpr.outvars[:number], params, strict=True)
    return {v: param for v, param in pairs if not is_literal(v) and v.aval == param.aval}
