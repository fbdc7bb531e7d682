"""Which leaf goes through which transformation of a composition, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..core.base import Transformation
from ..core.boundary import PyTree
from ..core.composites import Composite, open_value
from ..core.not_a_transformation import describe_wrong
from ..core.tree_differences import show_array
from ..selectors import Selector, as_selector, labels
from ..selectors.leaves import Leaf, read_leaves, read_paths, show_path
from ..values.value import Value, show_argument
from .each import each
from .partition import partition
from .rules import choose, name_groups, transformations_of


@dataclass(frozen=True)
class Group:
    """The leaves that one rule sends to the same place."""

    place: str  # what divides the leaves, such as "partition"
    reason: str  # the selector of the rule, or "default"
    goes_to: str
    leaves: tuple[Leaf, ...]
    taken: tuple[Leaf, ...] = ()  # leaves that its selector selects, too, but that an earlier rule sends elsewhere
    is_first: bool = False  # whether it is the first group of the transformation that divides the leaves

    def __str__(self) -> str:
        size = sum(leaf.size for leaf in self.leaves)
        leaves = "1 leaf" if len(self.leaves) == 1 else f"{len(self.leaves)} leaves"
        count = f"{leaves}, {size:,} parameters" if self.leaves else "no leaf"
        taken = [f"    an earlier rule decides about {', '.join(map(str, self.taken))}"] if self.taken else []
        return "\n".join([f"  {self.reason} -> {self.goes_to}: {count}", *_show_leaves(self.leaves), *taken])


@dataclass(frozen=True, repr=False)
class Description:
    """Which leaf of some parameters goes where in a transformation, and why. `print` shows it."""

    tx: Any
    groups: tuple[Group, ...]  # in the order of the composition
    lost: tuple[Leaf, ...]  # leaves that no rule selects, for which `init` raises an error
    not_optimized: tuple[tuple[str, str], ...]  # the path and the kind of each leaf that is no floating-point array

    def __str__(self) -> str:
        lines: list[str] = [] if self.groups else [f"{show_argument(self.tx)} treats all leaves alike"]
        for number, group in enumerate(self.groups):
            if number == 0 or group.is_first or group.place != self.groups[number - 1].place:
                lines.append(group.place)
            lines.append(str(group))
        if self.lost:
            lines += [
                "no rule selects these, so init raises an error; add a rule or a default",
                *_show_leaves(self.lost),
            ]
        if self.not_optimized:
            lines.append("these cannot be optimized, so init raises an error; put None in their place")
            lines += [f"    {path}  {kind}" for path, kind in self.not_optimized]
        return "\n".join(lines)

    __repr__ = __str__


def describe(tx: Any, params: PyTree) -> Description:
    """Return which leaf of some parameters goes through which transformation, and which rule decides so.

    `params` are parameters, or their shapes as `jax.eval_shape` returns them. The description has the groups of every
    `partition` and `only` within `tx`, and of every `freeze` and weight decay that is for some leaves only. It also
    shows the rules that select no leaf, the leaves that no rule selects, and those that cannot be optimized, for which
    `tx.init(params)` raises an error.

    Raises TypeError if `tx` is not a transformation of gradlab.

    >>> tx = gl.partition(("**/bias", gl.sgd(0.1)), default=gl.adam(0.001))
    >>> print(gl.describe(tx, {"kernel": jnp.ones((2, 2), "float32"), "bias": jnp.ones(2, "float32")}))
    partition
      path('**/bias') -> sgd(learning_rate=0.1): 1 leaf, 2 parameters
        bias  float32[2]
      default -> adam(learning_rate=0.001, b1=0.9, b2=0.999, eps=1e-08): 1 leaf, 4 parameters
        kernel  float32[2,2]
    """
    if not isinstance(tx, Transformation):
        got = describe_wrong(tx, "describe({}, params)")
        raise TypeError(f"describe(tx, params) takes a transformation of gradlab first, such as adam(); got {got}")
    optimized = jax.tree.map(lambda leaf: leaf if _is_optimized(leaf) else None, params)
    others = [(show_path(path), _kind_of(leaf)) for path, _, leaf in read_paths(params) if not _is_optimized(leaf)]
    lost: list[Leaf] = []
    groups = tuple(_find_groups(tx, read_leaves(optimized), "", optimized, lost))
    return Description(tx, groups, tuple(lost), tuple(others))


def _find_groups(tx: Any, leaves: Sequence[Leaf], within: str, params: PyTree, lost: list[Leaf]) -> Iterator[Group]:
    """Yield the groups of a transformation and of those within it, and collect the leaves that no rule selects."""
    if not isinstance(tx, Transformation):
        return
    parts = open_value(tx)[0]
    if isinstance(parts, Value):
        yield from _find_groups(parts, leaves, within, params, lost)
    elif tx.factory == partition.factory:  # type: ignore[attr-defined]
        yield from _find_rules(tx, leaves, within, params, lost)
    elif isinstance(parts, Composite):
        inside = [_take_layer(leaf) for leaf in leaves] if tx.factory == each.factory else leaves  # type: ignore[attr-defined]
        for inner in parts.inner.values():
            yield from _find_groups(inner, inside, within, params, lost)
    elif (selector := _find_selector(tx, params)) is not None:
        chosen = selector.choose(leaves)
        does, does_not = ("zero", "as it is") if "selector" in tx.arguments else ("applied", "not applied")
        text = show_argument(tx.arguments["selector" if "selector" in tx.arguments else "mask"])
        for reason, goes_to, is_meant in ((text, does, True), ("all others", does_not, False)):
            meant = tuple(leaf for leaf, is_chosen in zip(leaves, chosen, strict=True) if is_chosen == is_meant)
            yield Group(f"{tx.factory.name}{within}", reason, goes_to, meant, is_first=is_meant)


def _find_rules(tx: Any, leaves: Sequence[Leaf], within: str, params: PyTree, lost: list[Leaf]) -> Iterator[Group]:
    """Yield the groups of a partition, and then those within its transformations."""
    txs, names = transformations_of(tx.rules, tx.default), name_groups(tx.rules, tx.default)
    chosen, numbers = choose(tx.rules, leaves)
    groups = []
    for number, (name, inner) in enumerate(zip(names, txs, strict=True)):
        own = tuple(leaf for leaf, group in zip(leaves, numbers, strict=True) if group == number)
        selected = chosen[number] if number < len(chosen) else [False] * len(leaves)
        taken = tuple(
            leaf for leaf, is_selected in zip(leaves, selected, strict=True) if is_selected and leaf not in own
        )
        groups.append(Group(f"partition{within}", name, show_argument(inner), own, taken, is_first=number == 0))
    lost += [leaf for leaf, number in zip(leaves, numbers, strict=True) if number == len(txs)]
    yield from groups
    for inner, group in zip(txs, groups, strict=True):
        yield from _find_groups(inner, group.leaves, f" within {group.reason}{within}", params, lost)


def _find_selector(tx: Transformation, params: PyTree) -> Selector | None:
    """Return the selector of a link that is for some leaves only, also of a mask as optax has them."""
    if tx.arguments.get("selector") is not None:
        return as_selector(tx.arguments["selector"])
    mask = tx.arguments.get("mask")
    if mask is None or isinstance(mask, Selector):
        return mask
    return labels(mask(params) if callable(mask) else mask)


def _take_layer(leaf: Leaf) -> Leaf:
    return Leaf(leaf.path, leaf.keys, jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype))


def _is_optimized(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)
    return isinstance(leaf, float | complex) if dtype is None else jnp.issubdtype(dtype, jnp.inexact)


def _kind_of(leaf: Any) -> str:
    if hasattr(leaf, "dtype"):
        return show_array(leaf)
    return f"{type(leaf).__name__} {getattr(leaf, '__qualname__', repr(leaf))}"


def _show_leaves(leaves: Sequence[Leaf]) -> list[str]:
    return [f"    {leaf}  {_kind_of(leaf)}" for leaf in leaves]
