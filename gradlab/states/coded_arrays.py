"""The arrays of a state that a codec keeps in another form, and what they are without it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..codecs.base import Codec
from ..combinators.slots import Slot, find_slots
from ..combinators.store import choose_codecs
from ..core.boundary import raise_precision
from ..selectors.leaves import read_leaves
from .named_leaves import NamedLeaf, name_leaves, walk_links
from .transfer import Transfer


class CodedArray(NamedTuple):
    """An array that a codec keeps as several, or in another shape."""

    leaf: NamedLeaf  # its name without the codec
    positions: Any  # a tree of the positions of the arrays that stand for it, in the state
    codec: Codec
    slot: Slot


def find_coded(tx: Any, state: Any, params: Any) -> list[CodedArray]:
    """Return the arrays of a state that are kept in another form by a `store` within the transformation."""
    names = name_leaves(tx, state, params)
    stores: list[tuple[Any, str, Any]] = []

    def trace(state: Any) -> None:
        positions = {id(leaf): position for position, leaf in enumerate(jax.tree.leaves(state))}
        for link, place in walk_links(tx, state):
            if place.name == "store":
                inner = place.parts.states(place.state if place.step is None else place.state.inner)["tx"]
                if all(id(leaf) in positions for leaf in jax.tree.leaves(inner)):
                    stores.append((place.tx, f"{link}/tx", jax.tree.map(lambda leaf: positions[id(leaf)], inner)))

    jax.eval_shape(trace, state)
    return [
        coded
        for stored, link, numbers in stores
        for coded in _find_within(stored, link, numbers, _mask(params, numbers, names))
    ]


def _find_within(stored: Any, link: str, numbers: Any, params: Any) -> list[CodedArray]:
    raised = jax.eval_shape(lambda params: raise_precision(params, "the parameter"), params)
    slots, structure = find_slots(stored.tx, raised, isinstance(stored.codec, dict))
    plain = name_leaves(stored.tx, jax.tree.unflatten(structure, [slot.leaf for slot in slots]), params)
    kept = structure.flatten_up_to(numbers)
    return [
        CodedArray(leaf._replace(link="/".join(filter(None, (link, leaf.link)))), positions, codec, slot)
        for leaf, positions, codec, slot in zip(plain, kept, choose_codecs(stored.codec, slots), slots, strict=True)
        if codec is not None and not isinstance(positions, int)
    ]


def _mask(params: Any, numbers: Any, names: list[NamedLeaf]) -> Any:
    """Return the parameters that a state has arrays for, with None for the others, as a group of a partition has."""
    paths = {names[number].parameter for number in jax.tree.leaves(numbers)}
    shown = [leaf.name for leaf in read_leaves(params)]
    leaves = [leaf if path in paths else None for leaf, path in zip(jax.tree.leaves(params), shown, strict=True)]
    return jax.tree.unflatten(jax.tree.structure(params), leaves)


def decode(coded: CodedArray, arrays: list[Any]) -> jax.Array:
    """Return an array without its codec, from all arrays of the state."""
    kept = jax.tree.map(lambda position: arrays[position], coded.positions)
    return coded.codec.decode(kept, coded.slot.leaf, coded.slot.non_negative)


def match_coded(transfer: Transfer, coded_arrays: list[CodedArray]) -> None:
    """Take arrays that are kept without a codec into a state that keeps them with one."""
    for coded in coded_arrays:
        positions = jax.tree.leaves(coded.positions)
        leaf, like = coded.leaf, coded.slot.leaf
        found = [
            name
            for name, other in transfer.unused.items()
            if (other.role, other.field, other.parameter) == (leaf.role, leaf.field, leaf.parameter)
        ]
        if set(positions) & set(transfer.values) or len(found) != 1:
            continue
        array = jnp.asarray(transfer.arrays[found[0]])
        if array.shape != like.shape:
            transfer.reasons[found[0]] = (
                f"it has the shape {list(array.shape)} here and {list(like.shape)} in the state"
            )
            continue
        kept = coded.codec.encode(array.astype(like.dtype), jax.random.key(0), coded.slot.non_negative)
        for position, value in zip(positions, jax.tree.leaves(kept), strict=True):
            transfer.convert(position, value, found[0], f"kept by {coded.codec!r}")
