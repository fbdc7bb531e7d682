"""Slots: the arrays in the state of a transformation that grow with the parameters, and their names."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..core.composites import walk
from ..core.transformation_calls import raw_init
from ..core.tree_differences import have_same_structure
from .each import each

# The fields of states, gradlab's and optax's, that hold no number below 0. A codec examines them nevertheless.
_NON_NEGATIVE = frozenset(
    {"second_moment", "norm", "nu", "nu_max", "sum_of_squares", "v", "v_row", "v_col", "e_g", "e_x"}
)


class Slot(NamedTuple):
    """A leaf of the state of a transformation."""

    leaf: jax.ShapeDtypeStruct
    names: tuple[str, ...]  # of the links and fields that it lies in, from the outermost to the innermost
    grows: bool  # it is inexact and grows with the parameters, as a moment does and a counter does not
    non_negative: bool  # its field says that it holds no number below 0


class _Position(int):
    """The position of a leaf in a state, in the place of the array, of which `per_worker` takes the first row."""

    def __getitem__(self, index: Any) -> _Position:
        return self


def find_slots(tx: Any, params: Any, named: bool = True) -> tuple[list[Slot], Any]:
    """Return the leaves of the state that a transformation makes for parameters, and the structure of the state.

    Their names are left out unless `named`, because it takes time to find them.
    """
    state = jax.eval_shape(functools.partial(raw_init, tx), params)
    by_path, structure = jax.tree_util.tree_flatten_with_path(state)
    grows = _find_growing(tx, params, state)
    slots = []
    all_names = _name_slots(tx, by_path, structure) if named else [()] * len(by_path)
    for (path, leaf), names, growing in zip(by_path, all_names, grows, strict=True):
        inexact = jnp.issubdtype(leaf.dtype, jnp.inexact)
        slots.append(Slot(leaf, names, growing and inexact, is_non_negative(path)))
    return slots, structure


def _find_growing(tx: Any, params: Any, state: Any) -> list[bool]:
    """Return for each leaf of a state whether its shape depends on those of the parameters.

    Parameters with longer axes show it. In `each`, whose counters are stacked, too, the axes of the layers keep their
    lengths. Where there is no state for them, as where axes must have certain lengths, a leaf counts if it has the
    shape of a parameter.
    """
    leaves, depths = jax.tree.leaves(state), _count_stacks(tx, state)
    grows = {depth: _find_growing_behind(depth, tx, params, state) for depth in set(depths)}
    return [grows[depth][position] for position, depth in enumerate(depths[: len(leaves)])]


def _count_stacks(tx: Any, state: Any) -> list[int]:
    """Return for each leaf of a state how many `each` it lies in."""
    leaves, structure = jax.tree.flatten(state)
    depths, stacks = [0] * len(leaves), each.factory  # type: ignore[attr-defined]
    if any(getattr(place.tx, "factory", None) == stacks for place in walk(tx)):
        for place in walk(tx, jax.tree.unflatten(structure, map(_Position, range(len(leaves))))):
            if getattr(place.tx, "factory", None) == stacks:
                for position in jax.tree.leaves(place.state):
                    depths[position] += 1
    return depths


def _find_growing_behind(depth: int, tx: Any, params: Any, state: Any) -> list[bool]:
    """Return for each leaf of a state whether its shape depends on the axes of the parameters behind the first."""

    def lengthen(p: Any) -> jax.ShapeDtypeStruct:
        longer = tuple(2 * n + 1 for n in p.shape[depth:]) or (2,)
        return jax.ShapeDtypeStruct((*p.shape[:depth], *longer), p.dtype)

    leaves = jax.tree.leaves(state)
    try:
        grown = jax.eval_shape(functools.partial(raw_init, tx), jax.tree.map(lengthen, params))
    except Exception:
        grown = None
    if grown is not None and have_same_structure(grown, state):
        return [leaf.shape != other.shape for leaf, other in zip(leaves, jax.tree.leaves(grown), strict=True)]
    shapes = {p.shape for p in jax.tree.leaves(params)}
    return [leaf.shape in shapes and len(leaf.shape) > depth for leaf in leaves]


def _name_slots(tx: Any, by_path: Any, structure: Any) -> list[tuple[str, ...]]:
    """Return the names of each leaf of a state: of the links that it belongs to and of the fields that it lies in."""
    named: list[set[tuple[int, str]]] = [set() for _ in by_path]  # with the depth at which each name stands
    for position, (path, _) in enumerate(by_path):
        for depth, key in enumerate(path):
            named[position].update((depth + 1, name) for name in _fields((key,)))
    places = jax.tree.unflatten(structure, map(_Position, range(len(by_path))))
    for place in walk(tx, places):
        for path, position in jax.tree_util.tree_leaves_with_path(place.state):
            depth = len(by_path[position][0]) - len(path)
            names = {place.name, *place.path[-1:]} - {""}
            named[position].update((depth, name) for name in names)
    return [tuple(dict.fromkeys(name for _, name in sorted(names))) for names in named]


def is_non_negative(path: Any) -> bool:
    """Return whether a path in a state goes through a field that holds no number below 0, as second moments do."""
    return any(name in _NON_NEGATIVE for name in _fields(path))


def _fields(path: Any) -> list[str]:
    """Return the names of fields on a path. The keys of dictionaries belong to the parameters."""
    return [key.name for key in path if isinstance(key, jax.tree_util.GetAttrKey)]
