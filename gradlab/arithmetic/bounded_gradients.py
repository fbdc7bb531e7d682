"""Gradients that are bounded so that their squares are finite: by a chain, or else by the link that squares them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, TypeAlias

import jax

from .leaf_maps import map_by_shape
from .safe_arithmetic import bound_for_squaring, bounded_square

PyTree: TypeAlias = Any

# The arrays that running chains have bounded, by their identities, each with what it was before. They are kept, so that
# no other array gets one of these identities meanwhile.
_bounded: ContextVar[dict[int, tuple[jax.Array, jax.Array]]] = ContextVar("bounded")


@contextlib.contextmanager
def having_bounded(bounded: PyTree, raw: PyTree) -> Iterator[None]:
    """Remember the leaves of a tree as bounded, and what they were before, while the links of a chain run."""
    pairs = zip(jax.tree.leaves(bounded), jax.tree.leaves(raw), strict=True)
    token = _bounded.set(_bounded.get({}) | {id(leaf): (leaf, old) for leaf, old in pairs if leaf is not old})
    try:
        yield
    finally:
        _bounded.reset(token)


def bound_gradient(tree: PyTree) -> PyTree:
    """Bound the leaves of a tree (see `bound_for_squaring`), except for those that a running chain has bounded."""
    known = _bounded.get({})
    return map_by_shape(bound_for_squaring, tree, only=jax.tree.map(lambda leaf: id(leaf) not in known, tree))


def square_gradient(tree: PyTree) -> PyTree:
    """Return the squared magnitudes of the bounded leaves of a tree, for leaves that may be bounded already.

    They are computed from the leaves as they were before. XLA would keep a bounded leaf in memory for two that read it.
    """
    return map_by_shape(bounded_square, find_unbounded(tree))


def find_unbounded(tree: PyTree) -> PyTree:
    """Return the leaves of a tree as they were before a running chain bounded them."""
    known = _bounded.get({})
    return jax.tree.map(lambda leaf: known.get(id(leaf), (leaf, leaf))[1], tree)
