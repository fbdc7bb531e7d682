"""Origins of the arrays in a state: the parameter that each belongs to, and the axes that come from those of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax


class StateArray(NamedTuple):
    """An array of a state, and the parameter that it belongs to."""

    shape: tuple[int, ...]
    parameter: int | None  # the position of the parameter among the leaves; None for counters and the like
    origin: tuple[frozenset[int], ...]  # for each axis the axes of the parameter with which it grows


def find_origins(tx: Any, params: Any) -> tuple[list[StateArray], Any]:
    """Return the arrays of the state for parameters, with their origins, and the structure of the state.

    A parameter is found by its path, which is a part of the path of each array that belongs to it. Which axis comes
    from which is found by doubling one axis of all parameters at a time.
    """
    structs = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), params)
    state = jax.eval_shape(tx.init, structs)
    structure = jax.tree.structure(state)
    grown = [
        _grow(tx, structs, axis, structure) for axis in range(max(map(_rank, jax.tree.leaves(structs)), default=0))
    ]
    shapes = [leaf.shape for leaf in jax.tree.leaves(structs)]
    paths = {path: index for index, (path, _) in enumerate(jax.tree_util.tree_leaves_with_path(params))}
    arrays = []
    for index, (path, leaf) in enumerate(jax.tree_util.tree_leaves_with_path(state)):
        parameter = find_parameter(path, paths).index
        origin: list[set[int]] = [set() for _ in leaf.shape]
        for axis, shapes_after in enumerate(grown):
            after = None if shapes_after is None else shapes_after[index]
            if after is not None and len(after) == len(leaf.shape):
                for place, (small, large) in enumerate(zip(leaf.shape, after, strict=True)):
                    origin[place] |= {axis} if large > small else set()
            elif parameter is not None and leaf.shape == shapes[parameter] and axis < len(origin):
                origin[axis].add(axis)  # such parameters cannot be examined, but the array looks like one
        arrays.append(StateArray(leaf.shape, parameter, tuple(map(frozenset, origin))))
    return arrays, structure


def _grow(tx: Any, params: Any, axis: int, structure: Any) -> list[tuple[int, ...]] | None:
    """Return the shapes in a state for parameters with one axis twice as long; None if that is another state.

    An `init` may refuse such parameters in any way, or choose by size what it does with them.
    """

    def double(leaf: Any) -> Any:
        shape = tuple(size * 2 if place == axis else size for place, size in enumerate(leaf.shape))
        return jax.ShapeDtypeStruct(shape, leaf.dtype)

    try:
        state = jax.eval_shape(tx.init, jax.tree.map(double, params))
    except Exception:
        return None
    return [leaf.shape for leaf in jax.tree.leaves(state)] if jax.tree.structure(state) == structure else None


def _rank(leaf: Any) -> int:
    return len(leaf.shape)


class Owner(NamedTuple):
    """The parameter that an array of a state belongs to, and where its path is within that of the array."""

    index: int | None  # None if no parameter is found
    start: int = 0
    stop: int = 0


def find_parameter(path: tuple[Any, ...], paths: dict[tuple[Any, ...], int]) -> Owner:
    """Return the parameter whose path is a part of the path of an array: the longest one, and of these the last."""
    for length in range(len(path), -1, -1):
        for start in range(len(path) - length, -1, -1):
            if (found := paths.get(path[start : start + length])) is not None:
                return Owner(found, start, start + length)
    return Owner(None)
