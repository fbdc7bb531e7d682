"""Origins of the arrays in a state: the parameter that each belongs to, and the axes that come from those of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax


class StateArray(NamedTuple):
    """An array of a state, and the parameter that it belongs to."""

    shape: tuple[int, ...]
    parameter: int | None  # the position of the parameter among the leaves; None for counters and the like
    origin: tuple[frozenset[int], ...]  # for each axis the axes of the parameter with which it grows
    # For each axis, true if its parts are equal: false for the scales of a row whose last block is not full, because
    # equal shares of them would not belong to equal shares of the row.
    is_even: tuple[bool, ...]


def find_origins(tx: Any, params: Any) -> tuple[list[StateArray], Any]:
    """Return the arrays of the state for parameters, with their origins, and the structure of the state.

    A parameter is found by its path, which is a part of the path of each array that belongs to it. Which axis comes
    from which is found by making one axis of all parameters longer at a time: twice as long, and longer by one.
    """
    structs = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), params)
    state = jax.eval_shape(tx.init, structs)
    structure = jax.tree.structure(state)
    axes = range(max(map(_rank, jax.tree.leaves(structs)), default=0))
    doubled = [_grow(tx, structs, axis, structure, lambda size: 2 * size) for axis in axes]
    longer = [_grow(tx, structs, axis, structure, lambda size: size + 1) for axis in axes]
    shapes = [leaf.shape for leaf in jax.tree.leaves(structs)]
    paths = {path: index for index, (path, _) in enumerate(jax.tree_util.tree_leaves_with_path(params))}
    arrays = []
    for index, (path, leaf) in enumerate(jax.tree_util.tree_leaves_with_path(state)):
        parameter = find_parameter(path, paths).parameter
        origin: list[set[int]] = [set() for _ in leaf.shape]
        is_even = [True] * len(leaf.shape)
        for axis in axes:
            grown = _compare(leaf.shape, doubled[axis], index)
            grown_by_one = _compare(leaf.shape, longer[axis], index)
            if grown is None and parameter is not None and leaf.shape == shapes[parameter] and axis < len(origin):
                origin[axis].add(axis)  # such parameters cannot be examined, but the array looks like one
            for place in grown or ():
                origin[place].add(axis)
                is_even[place] &= grown_by_one is None or place in grown_by_one
        arrays.append(StateArray(leaf.shape, parameter, tuple(map(frozenset, origin)), tuple(is_even)))
    return arrays, structure


def _grow(tx: Any, params: Any, axis: int, structure: Any, grow: Callable[[int], int]) -> list[tuple[int, ...]] | None:
    """Return the shapes in a state for parameters with one longer axis; None if that is another state.

    An `init` may refuse such parameters in any way, or choose by size what it does with them.
    """

    def lengthen(leaf: Any) -> Any:
        shape = tuple(grow(size) if place == axis else size for place, size in enumerate(leaf.shape))
        return jax.ShapeDtypeStruct(shape, leaf.dtype)

    try:
        state = jax.eval_shape(tx.init, jax.tree.map(lengthen, params))
    except Exception:
        return None
    return [leaf.shape for leaf in jax.tree.leaves(state)] if jax.tree.structure(state) == structure else None


def _compare(shape: tuple[int, ...], shapes_after: list[tuple[int, ...]] | None, index: int) -> set[int] | None:
    """Return the axes of an array that have grown, or None if that is not known."""
    if shapes_after is None or len(shapes_after[index]) != len(shape):
        return None
    return {place for place, size in enumerate(shape) if shapes_after[index][place] > size}


def _rank(leaf: Any) -> int:
    return len(leaf.shape)


class Owner(NamedTuple):
    """The parameter that an array of a state belongs to, and where its path is within that of the array."""

    parameter: int | None  # its position among the leaves; None if no parameter is found
    start: int = 0
    stop: int = 0


def find_parameter(path: tuple[Any, ...], paths: dict[tuple[Any, ...], int]) -> Owner:
    """Return the parameter whose path is a part of the path of an array: the longest one, and of these the last."""
    for length in range(len(path), -1, -1):
        for start in range(len(path) - length, -1, -1):
            if (found := paths.get(path[start : start + length])) is not None:
                return Owner(found, start, start + length)
    return Owner(None)
