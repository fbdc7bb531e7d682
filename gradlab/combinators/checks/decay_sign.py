"""Chains whose weight decay has the wrong sign, because it is on the wrong side of the learning rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...core.base import Transformation
from ...core.composites import name_each, open_value
from ...selectors import Selector
from ...selectors.leaves import Leaf
from ...values.value import Value
from .descent_twice import GRADIENTS, Turns, count_turns, is_descending_recipe, is_of_gradlab, list_groups

# How many turns of the sign, odd or even, each decay needs behind it, so that the weights shrink.
NEEDS_ODD = {"add_decayed_weights": True, "proximal_decay": False}


class Misplaced(NamedTuple):
    """A decay that makes weights grow, and the link of the chain that makes the step of descent."""

    decay: str  # the kind of the link
    descent: str  # its name in the chain


def find_growing_decay(links: Mapping[str, Any], given: Sequence[Any], leaves: Sequence[Leaf]) -> Misplaced | None:
    """Return a decay of a chain that makes the weights grow, for a leaf that the chain descends on, or None.

    `given` are the same links with recipes that are not opened.
    """
    found = _find(links, leaves)
    if found is None and any(map(is_descending_recipe, given)):
        found = _find(dict(zip(name_each(given), given, strict=True)), leaves)
    return found


def _find(links: Mapping[str, Any], leaves: Sequence[Leaf]) -> Misplaced | None:
    before: Turns = [0 for _ in leaves]
    descents = ["" for _ in leaves]  # the last link that turned the sign
    decays: list[tuple[str, Turns]] = []
    for name, link in links.items():
        if getattr(getattr(link, "factory", None), "name", "") in GRADIENTS:
            decays.clear()
        decays.extend(_list_decays(link, leaves, before))
        after = count_turns(link, leaves, before)
        descents = [name if a != b else old for a, b, old in zip(after, before, descents, strict=True)]
        before = after
    for kind, counts in decays:
        for count, total, descent in zip(counts, before, descents, strict=True):
            if count is not None and total is not None and total % 2 and (total - count) % 2 != NEEDS_ODD[kind]:
                return Misplaced(kind, descent)
    return None


def _list_decays(link: Any, leaves: Sequence[Leaf], before: Turns) -> Iterator[tuple[str, Turns]]:
    """Yield the kind of each decay within a link, and how often the sign has been turned before it.

    The number is None for leaves that do not decay. A chain within a group looks at itself, unless the sign has been
    turned before it.
    """
    if not isinstance(link, Transformation) or is_descending_recipe(link):
        return
    kind, parts = link.factory.name, open_value(link)[0]
    if isinstance(parts, Value):
        yield from _list_decays(parts, leaves, before)
    elif not is_of_gradlab(link):
        return
    elif kind in NEEDS_ODD:
        weight_decay = link.arguments["weight_decay"]
        if isinstance(weight_decay, int | float) and weight_decay == 0:
            return
        yield kind, [number if on else None for number, on in zip(before, _choose(link, leaves, before), strict=True)]
    elif kind == "chain":
        before = [number or None for number in before]
        for inner in parts.inner.values():
            yield from _list_decays(inner, leaves, before)
            before = count_turns(inner, leaves, before)
    elif kind == "partition":
        for tx, places in list_groups(link.arguments["rules"], link.arguments["default"], leaves):
            for kind, counts in _list_decays(tx, [leaves[p] for p in places], [before[p] for p in places]):
                by_place = dict(zip(places, counts, strict=True))
                yield kind, [by_place.get(place) for place in range(len(leaves))]


def _choose(link: Any, leaves: Sequence[Leaf], before: Turns) -> list[bool]:
    """Return which leaves decay. Of a mask that is a tree or a function, they are known only if all are alike."""
    mask = link.arguments["mask"]
    if isinstance(mask, Selector):
        return mask.choose(leaves)
    return [mask is None or len(set(before)) == 1 for _ in leaves]
