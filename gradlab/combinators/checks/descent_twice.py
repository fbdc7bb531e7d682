"""Chains that take a step of descent twice: the second learning rate turns the sign back, and the loss climbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import jax
import numpy as np

from ...core.base import Transformation
from ...core.composites import Composite, name_each, open_value
from ...selectors.leaves import Leaf
from ...values.value import Value
from ..rules import assign, transformations_of

_DESCENTS = ("scale_by_learning_rate", "minimize_loss_model")  # links that make a step of descent of a direction
GRADIENTS = ("gradient", "gradient_at")  # links that put the gradient into the place of the direction
_MEANS = ("mix_with_gradient", "nesterov")  # links that add the direction and the gradient
# Links that divide by what a transformation within them measures, which has no sign.
_SCALINGS = ("scale_by_rms", "scale_by_stddev", "scale_by_curvature", "scale_by_kronecker")
# Recipes that make a step of descent of a gradient, which their links alone do not tell: these have a negative `scale`.
_DESCENDING_RECIPES = ("adabound", "amsbound", "adan", "mars")
_OWN = ("gradlab.combinators.", "gradlab.transforms.")  # the modules of all other links, which keep the sign

# How often the sign of the gradient has been turned by a learning rate, for each leaf. None where nobody can tell, or
# where a negative `scale` shows that somebody has thought about the sign.
Turns: TypeAlias = list[int | None]


def find_second_descent(
    links: Mapping[str, Any], given: Sequence[Any], leaves: Sequence[Leaf]
) -> tuple[str, str] | None:
    """Return the names of two links of a chain that each make a step of descent, if a leaf climbs for it, or None.

    `given` are the same links with recipes that are not opened.
    """
    pair = _find_second(links, leaves)
    if pair is None and any(map(is_descending_recipe, given)):
        pair = _find_second(dict(zip(name_each(given), given, strict=True)), leaves)
    return pair


def _find_second(links: Mapping[str, Any], leaves: Sequence[Leaf]) -> tuple[str, str] | None:
    turns: Turns = [0 for _ in leaves]
    turning: list[list[str]] = [[] for _ in leaves]
    for name, link in links.items():
        after = count_turns(link, leaves, turns)
        for names, before, now in zip(turning, turns, after, strict=True):
            if before is not None and now is not None and now != before:
                names[:] = [*names, name] if now > before else []
        turns = after
    climbing = (names for names, number in zip(turning, turns, strict=True) if number and number % 2 == 0)
    found = next((names for names in climbing if len(names) > 1), None)
    return None if found is None else (found[0], found[-1])


def count_turns(link: Any, leaves: Sequence[Leaf], before: Turns) -> Turns:
    """Return how often the sign has been turned behind a transformation, if it was turned so often before it."""
    unknown: Turns = [None for _ in leaves]
    if not isinstance(link, Transformation):
        return unknown
    if is_descending_recipe(link):
        return [1 if number == 0 else None for number in before]
    name, parts = link.factory.name, open_value(link)[0]
    if isinstance(parts, Value):
        return count_turns(parts, leaves, before)
    if not is_of_gradlab(link):
        return unknown
    if name in _DESCENTS:
        return [None if number is None else number + 1 for number in before]
    if name == "scale":
        return before if _is_known_positive(link.arguments["factor"]) else unknown
    if name in GRADIENTS:
        return [0 for _ in leaves]
    if name in _MEANS:
        return [None if number else number for number in before]  # of one sign only before the first turn
    if not isinstance(parts, Composite) or not parts.inner or name in _SCALINGS:
        return before
    return _count_within(name, link, parts, leaves, before)


def _count_within(name: str, link: Any, parts: Composite, leaves: Sequence[Leaf], before: Turns) -> Turns:
    """Return the same for a transformation of gradlab that holds others."""
    if name == "chain":
        for inner in parts.inner.values():
            before = count_turns(inner, leaves, before)
        return before
    if name == "partition":
        return _count_in_groups(link.arguments["rules"], link.arguments["default"], leaves, before)
    if name == "graft":
        return count_turns(parts.inner["direction"], leaves, before)
    if name == "precondition":  # whose rates are what becomes of ones
        rates = count_turns(parts.inner["tx"], leaves, [0 for _ in leaves])
        return [number if rate == 0 else None for number, rate in zip(before, rates, strict=True)]
    if name == "each":  # a layer has fewer axes than the stack, so another group may take it
        after = count_turns(parts.inner["tx"], leaves, before)
        return after if len(set(after)) < 2 else [None for _ in leaves]
    if name == "rectify":  # which passes the direction on where it does not apply what it holds
        branches = [count_turns(parts.inner["tx"], leaves, before), before]
    elif "tx" in parts.inner and name != "add":  # a wrapper, whose result has the sign of what it holds
        return count_turns(parts.inner["tx"], leaves, before)
    else:
        branches = [count_turns(inner, leaves, before) for inner in parts.inner.values()]
    return [numbers[0] if len(set(numbers)) == 1 else None for numbers in zip(*branches, strict=True)]


def _count_in_groups(rules: Any, default: Any, leaves: Sequence[Leaf], before: Turns) -> Turns:
    after: Turns = [None for _ in leaves]
    for tx, places in list_groups(rules, default, leaves):
        counts = count_turns(tx, [leaves[place] for place in places], [before[place] for place in places])
        for place, count in zip(places, counts, strict=True):
            after[place] = count
    return after


def list_groups(rules: Any, default: Any, leaves: Sequence[Leaf]) -> list[tuple[Any, list[int]]]:
    """Return the transformations of a partition, each with the places of the leaves that it receives."""
    groups = assign(rules, default, leaves)
    return [
        (tx, [place for place, group in enumerate(groups) if group == number])
        for number, tx in enumerate(transformations_of(rules, default))
    ]


def is_of_gradlab(link: Any) -> bool:
    """Return whether a transformation is a link of gradlab, and not one of another library or of a user by its name."""
    return _module_of(link).startswith(_OWN)


def is_descending_recipe(link: Any) -> bool:
    """Return whether something is a recipe that makes a step of descent with a negative `scale` of its own."""
    if not isinstance(link, Transformation) or link.factory.name not in _DESCENDING_RECIPES:
        return False
    return _module_of(link).startswith("gradlab.optimizers.")


def _module_of(link: Transformation) -> str:
    """Return the module of a factory, or "" for one that `exec` defined in a namespace without a `__name__`."""
    return link.factory.build.__module__ or ""


def _is_known_positive(factor: Any) -> bool:
    is_number = isinstance(factor, int | float | np.generic | np.ndarray | jax.Array)
    return is_number and not isinstance(factor, jax.core.Tracer) and bool(np.all(np.asarray(factor) >= 0))
