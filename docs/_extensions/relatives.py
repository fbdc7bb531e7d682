"""The relatives that the page of a recipe compares with it: its kin, and the recipes that are composed alike."""

from __future__ import annotations

from typing import Any

from compositions import IDLE_AT_ZERO, Difference, compare, count_parts, does_nothing, list_parts
from recipe_behavior.backgrounds import RIVALS

from gradlab.lab._inputs.default_contestants import VARIANTS

MOST = 5  # relatives of a recipe
LARGEST_SHARE = 0.5  # of the parts of two recipes that only one of them has, unless they are kin

# What stands in the table of relatives, in its order.
ORIGIN, MADE_FROM_IT, ALIKE = range(3)
GROUPS = (
    "the recipe that it builds on or replaces",
    "recipes that build on it or replace it",
    "others that have most of their parts in common with it",
)


def find_relatives(name: str, others: dict[str, Any]) -> dict[str, tuple[int, Difference]]:
    """Return the nearest relatives of a recipe by name, each with its group in `GROUPS` and how it differs.

    In a group, the nearest has the fewest parts that only one of the two has, where those that are shown count twice.
    """
    kin = list_kin(name)
    gaps = {key: compare(others[name], other) for key, other in others.items() if key != name}
    sizes = {key: count_parts(tx) for key, tx in others.items()}
    near = [key for key in gaps if key in kin or gaps[key].count <= LARGEST_SHARE * (sizes[name] + sizes[key])]

    def distance(key):
        gap = gaps[key]
        return kin.get(key, ALIKE), gap.count + len(gap.added) + len(gap.left_out), len(gap.values)

    return {key: (kin.get(key, ALIKE), gaps[key]) for key in sorted(near, key=distance)[:MOST]}


def list_kin(name: str) -> dict[str, int]:
    """Return the recipe that a recipe was made from or to replace, and those made so from it, with their groups."""
    made_from = {recipe: VARIANTS.get(rival, (rival,))[0] for recipe, rival in RIVALS.items()}
    kin = {recipe: MADE_FROM_IT for recipe, origin in made_from.items() if origin == name}
    return {**kin, made_from[name]: ORIGIN} if name in made_from else kin


def introduce_relatives(groups: set[int]) -> str:
    """Return the sentence above a table of relatives from some of the groups."""
    texts = [text for group, text in enumerate(GROUPS) if group in groups]
    if len(texts) == 1:
        return f"{texts[0].capitalize()}, at the defaults of each:"
    listed = ", and ".join([", ".join(texts[:-1]), texts[-1]])
    return f"In this order, {listed}, at the defaults of each:"


def say_what_is_left_out(txs: list[Any]) -> str:
    """Return the sentence below a comparison on what it does not name of some compositions."""
    idle = [part.name for tx in txs for part in list_parts(tx) if does_nothing(part)]
    zeros = [f"`{name}` with a `{IDLE_AT_ZERO[name]}` of 0" for name in dict.fromkeys(idle)]
    if not zeros:
        return "Learning rates are not compared."
    return f"Learning rates are not compared. Nor is {' or '.join(zeros)}, which changes no step."
