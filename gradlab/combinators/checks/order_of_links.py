"""Warnings about the links of a chain, where one undoes what an earlier one is for."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax

from ...core.boundary import PyTree
from ...core.composites import POINTS, describe_changed_step, find_changing_link, points_of
from ...remedies.user_lines import find_stacklevel
from ...selectors import Selector, as_selector
from ...selectors.leaves import read_leaves
from .decay_sign import NEEDS_ODD, Misplaced, find_growing_decay
from .descent_twice import find_second_descent

_MOVING = (*NEEDS_ODD, "add_noise")  # links that make a step of an update of zeros


def warn_of_order(links: Mapping[str, Any], given: Sequence[Any], states: Mapping[str, Any], params: PyTree) -> None:
    """Warn of a link that undoes an earlier one.

    It changes what a link has made that freezes, accumulates or defines a point, it makes a step of descent again, or
    it decays on the wrong side of that step.
    `given` are the same links with recipes that are not opened.
    """
    names = list(links)
    for position, (name, link) in enumerate(links.items()):
        later = {other: links[other] for other in names[position + 1 :]}
        for text in _find_faults(name, link, later, states, params) if later else ():
            warnings.warn(f"chain: {text}", stacklevel=find_stacklevel())
    leaves = read_leaves(params)
    if (pair := find_second_descent(links, given, leaves)) is not None:
        warnings.warn(f"chain: {describe_second_descent(*pair)}", stacklevel=find_stacklevel())
    if (misplaced := find_growing_decay(links, given, leaves)) is not None:
        warnings.warn(f"chain: {describe_growing_decay(misplaced)}", stacklevel=find_stacklevel())


def describe_second_descent(first: str, second: str) -> str:
    """Say that a chain climbs, because two of its links make a step of descent, and what to do."""
    return (
        f"{first} makes a step of descent, and {second} after it turns the sign back, so that the loss climbs. A "
        f"recipe such as adam(1e-3) ends in its learning rate: pass the rate there, and leave the other one out. "
        f"Change the size of a step by scale(0.5), and climb on purpose by scale(-1.0)"
    )


def describe_growing_decay(misplaced: Misplaced) -> str:
    """Say that a decay makes the weights grow, and what to do."""
    decay, descent = misplaced
    if decay == "proximal_decay":
        return (
            f"proximal_decay comes before {descent}, which turns its sign, so that it makes the weights grow; put it "
            f"last, or take add_decayed_weights in its place"
        )
    return (
        f"{decay} comes after {descent}, which has turned the sign for a step of descent, so that it makes the weights "
        f"grow. A recipe such as adam(1e-3) ends in its learning rate: take adamw(1e-3, weight_decay=0.01), or put "
        f"{decay} before the learning rate"
    )


def _find_faults(
    name: str, link: Any, later: Mapping[str, Any], states: Mapping[str, Any], params: PyTree
) -> Iterator[str]:
    kind = _kind(link)
    if kind == "freeze":
        selector = link.arguments["selector"]
        frozen = as_selector("**" if selector is None else selector).choose(read_leaves(params))
        for other, mover in later.items():
            moved = [leaf for leaf, on in zip(_choose_moved(mover, params), frozen, strict=True) if leaf and on]
            if moved:
                yield (
                    f"{name} makes the updates of some leaves zero, but {other} comes after it and moves them, such as "
                    f"{moved[0]}; put {name} last"
                )
    elif kind == "accumulate":
        for other, mover in later.items():
            if _kind(mover) in _MOVING or (jax.tree.leaves(states[other]) and _changes(other, mover, states, params)):
                yield (
                    f"{name} makes the updates zero between its steps, but {other} comes after it and runs at every "
                    f"micro-batch; put the whole chain inside: accumulate(chain(...), every)"
                )
    elif points_of(link):
        changing = find_changing_link(later, states, params)
        if changing is not None:
            point = next(kind for kind in POINTS if kind in points_of(link))
            yield f"{describe_changed_step(name, point, changing)}; put {name} last, or around the chain"


def _kind(link: Any) -> str:
    return link.factory.name if hasattr(link, "factory") else ""


def _changes(name: str, link: Any, states: Mapping[str, Any], params: PyTree) -> bool:
    return find_changing_link({name: link}, states, params) is not None


def _choose_moved(link: Any, params: PyTree) -> list[Any]:
    """Return each leaf of the parameters that a link moves at an update of zeros, and None for the others.

    A mask that is a tree or a function is taken to leave out what is frozen.
    """
    leaves = read_leaves(params)
    if _kind(link) not in _MOVING:
        return [None for _ in leaves]
    mask = link.arguments.get("mask")
    if mask is None:
        return list(leaves)
    on = mask.choose(leaves) if isinstance(mask, Selector) else [False for _ in leaves]
    return [leaf if moves else None for leaf, moves in zip(leaves, on, strict=True)]
