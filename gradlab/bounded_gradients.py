"""Gradients that are bounded so that their squares are finite: by a chain, or else by the link that squares them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, TypeAlias

import jax

from .leaf_maps import map_by_shape
from .safe_arithmetic import bound_for_squaring

PyTree: TypeAlias = Any

# The arrays that running chains have bounded, by their identities. They are kept, so that no other array gets one of
# these identities meanwhile.
_bounded: ContextVar[dict[int, Any]] = ContextVar("bounded")


@contextlib.contextmanager
def having_bounded(*trees: PyTree) -> Iterator[None]:
    """Remember the leaves of trees as bounded while the links of a chain run."""
    token = _bounded.set(_bounded.get({}) | {id(leaf): leaf for leaf in jax.tree.leaves(trees)})
    try:
        yield
    finally:
        _bounded.reset(token)


def bound_gradient(tree: PyTree) -> PyTree:
    """Bound the leaves of a tree (see `bound_for_squaring`), except for those that a running chain has bounded."""
    bounded = _bounded.get({})
    return map_by_shape(bound_for_squaring, tree, only=jax.tree.map(lambda leaf: id(leaf) not in bounded, tree))
