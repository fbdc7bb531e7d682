"""Remarks on links that took over running means which may have another unit or another size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .named_leaves import role_of

Links = Mapping[str, Mapping[str, float]]  # the numeric arguments of links by their names, in the order of the chain


def compare_links(moved: Iterable[tuple[str, str]], before: Links, now: Links) -> tuple[str, ...]:
    """Return remarks on the links that took over arrays of others, each pair of names from the first to the second."""
    remarks: dict[str, None] = {}
    for source, target in dict.fromkeys(moved):
        old, new = divide_links(list(before), source), divide_links(list(now), target)
        # A bias correction changes the size of a direction at the start only, but a maximum stays.
        ignored = {"probe"} if role_of(target)[-1:] == ("running_max",) else {"probe", "bias_correction"}
        behind, before_it = (old[0] - old[1]) & (new[1] - new[0]), (old[1] - old[0]) & (new[0] - new[1])
        for crossed in sorted((behind | before_it) - ignored):
            was, comes = ("before", "behind") if crossed in before_it else ("behind", "before")
            text = f"{target} goes on from {source}, which stood {was} {crossed}, and stands {comes} it now"
            remarks[f"{text}: its arrays may be in other units"] = None
        sizes = _size(before.get(source, {})), _size(now.get(target, {}))
        if None not in sizes and abs(sizes[0] / sizes[1] - 1) > 0.01:  # type: ignore[operator]
            text = f"{target} goes on from {source}, whose decay and dampening make its arrays {sizes[0]:.3g} times the"
            remarks[f"{text} mean of what came in; here it is {sizes[1]:.3g} times"] = None
    return tuple(remarks)


def divide_links(links: list[str], link: str) -> tuple[set[str], set[str]]:
    """Return the kinds of the links before one in the same chain, and of those behind it."""
    holder = link.rpartition("/")[0]
    beside = [other for other in links if other.rpartition("/")[0] == holder]
    if link not in beside:
        return set(), set()
    kinds = [role_of(other)[-1] if role_of(other) else "" for other in beside]
    place = beside.index(link)
    return set(kinds[:place]), set(kinds[place + 1 :])


def _size(arguments: Mapping[str, float]) -> float | None:
    """Return how many times the mean of what comes in a momentum becomes, or None if it is not known."""
    decay = arguments.get("decay")
    return None if decay is None or decay >= 1 else (1 - arguments.get("dampening", decay)) / (1 - decay)
