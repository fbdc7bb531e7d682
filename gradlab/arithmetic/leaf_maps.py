"""Maps over the leaves of trees, which trace one body for all leaves of one shape.

A model has few shapes and many leaves: 48 blocks of a transformer have 12 shapes and 576 leaves. `jax.tree.map` traces
its function for each leaf. Here, leaves of one shape share one traced function, so the time to trace grows with the
number of shapes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

import jax

from .._compat import is_compiling

PyTree: TypeAlias = Any

FEWEST = 4  # leaves of one shape for which a function of its own, which takes as long as three leaves, is worth it


def map_by_shape(function: Callable[..., Any], tree: PyTree, *rest: PyTree, only: PyTree = None) -> PyTree:
    """Return `jax.tree.map(function, tree, *rest)`, in a program that holds the function once for each shape.

    The leaves of `tree` are arrays. What stands in their places in the other trees is arrays, or trees of arrays. The
    function may close over traced scalars, and must not depend on which leaf it receives. `only` is a tree of booleans,
    by default all true, and where it is false the leaf stays as it is. Outside of `jax.jit`, and for shapes that fewer
    than `FEWEST` leaves have, the function is called with the leaves themselves.
    """
    structure: Any
    leaves, structure = jax.tree.flatten(tree)
    rows = list(zip(leaves, *(structure.flatten_up_to(other) for other in rest), strict=True))
    chosen = [True] * len(leaves) if only is None else structure.flatten_up_to(only)
    functions = _share(function, rows) if len(leaves) >= FEWEST and is_compiling() else [function] * len(rows)
    return structure.unflatten(
        call(*row) if on else row[0] for call, row, on in zip(functions, rows, chosen, strict=True)
    )


def _share(function: Callable[..., Any], rows: list[tuple[Any, ...]]) -> list[Callable[..., Any]]:
    """Return the function for each row: one that is traced once for each kind, where its kind is frequent."""
    kinds = [tuple(map(jax.typeof, jax.tree.leaves(row))) for row in rows]
    counts, shared = Counter(kinds), jax.jit(function)
    return [shared if counts[kind] >= FEWEST else function for kind in kinds]
