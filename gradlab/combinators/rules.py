"""The rules of a partition: pairs of a selector and a transformation, the first of which decides about a leaf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import optax

from ..core.claims import join_claims, leave_out, shared_claims
from ..selectors import Selector, as_selector
from ..selectors.leaves import Leaf
from ..values.value import is_factory

Rules: TypeAlias = Sequence[tuple[Selector, Any]]


def read_rule(number: int, rule: Any) -> tuple[Selector, Any]:
    """Return a rule with a selector for what stands for one. Raises TypeError, with the remedy, for anything else."""
    place = f"partition: rule {number}"
    if isinstance(rule, dict):
        raise TypeError(
            f"{place} is a dictionary, as optax.partition takes; write a rule (labels(tree, name), tx) for each name"
        )
    is_pair = isinstance(rule, tuple | list) and len(rule) == 2 and not isinstance(rule, optax.GradientTransformation)
    if not is_pair:
        raise TypeError(
            f'{place} must be a pair of a selector and a transformation, such as (path("**/bias"), adam()); got '
            f"{type(rule).__name__}: {rule!r}"
        )
    first, second = rule
    if isinstance(first, optax.GradientTransformation):
        raise TypeError(f"{place} begins with a transformation; write the selector first: (selector, {first!r})")
    if is_factory(second):
        name = second.factory.name
        raise TypeError(f"{place} got the factory {name} itself; call it: {name}(...)")
    if not isinstance(second, optax.GradientTransformation):
        raise TypeError(
            f"{place} must end with a transformation, such as adam(); got {type(second).__name__}: {second!r}"
        )
    return as_selector(first, f"{place}: the first of the pair"), second


def claims_about_names(*selectors: Selector) -> dict[str, Any]:
    """Return what is not promised where leaves are chosen by their names: that other names change nothing."""
    return {"except": ("leaf order",)} if any(selector.reads_names for selector in selectors) else {}


def claims_of_groups(rules: Rules, default: Any) -> dict[str, Any]:
    """Return what a partition claims: what all of its transformations do.

    It is not elementwise, because what becomes of a number depends on the leaf where it stands.
    """
    claims = leave_out(shared_claims(*transformations_of(rules, default)), "elementwise")
    return join_claims(claims, claims_about_names(*(selector for selector, _ in rules)))


def transformations_of(rules: Rules, default: Any) -> tuple[Any, ...]:
    """Return the transformations of a partition, with the default last."""
    return (*(tx for _, tx in rules), *(() if default is None else (default,)))


def name_groups(rules: Rules, default: Any) -> tuple[str, ...]:
    """Return a name for each group of a partition: its selector as text, with a number if it occurs twice."""
    texts = [*(repr(selector) for selector, _ in rules), *(() if default is None else ("default",))]
    return tuple(
        text if text not in texts[:place] else f"{text} {texts[: place + 1].count(text)}"
        for place, text in enumerate(texts)
    )


def assign(rules: Rules, default: Any, leaves: Sequence[Leaf]) -> list[int]:
    """Return the number of the group of each leaf: of the first rule that selects it, or of the default, the last.

    Raises ValueError, naming the leaves, if none selects them and there is no default.
    """
    numbers = choose(rules, leaves)[1]
    lost = [leaf for leaf, number in zip(leaves, numbers, strict=True) if number == len(rules)]
    if lost and default is None:
        others = f" and {len(lost) - 3} others" if len(lost) > 3 else ""
        raise ValueError(
            f"partition: no rule selects {', '.join(map(str, lost[:3]))}{others}; add a rule, or a default for all "
            f"other leaves: default=freeze() does not train them"
        )
    return numbers


def choose(rules: Rules, leaves: Sequence[Leaf]) -> tuple[list[list[bool]], list[int]]:
    """Return which leaves each rule selects, and for each leaf the first rule that does, or the number of rules."""
    chosen = [selector.choose(leaves) for selector, _ in rules]
    first = [
        next((number for number, choice in enumerate(chosen) if choice[place]), len(rules))
        for place in range(len(leaves))
    ]
    return chosen, first
