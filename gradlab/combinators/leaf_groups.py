"""Trees that are divided into groups of leaves. In the part of one group, None stands for the leaves of the others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from ..core.boundary import PyTree


class LeafGroups:
    """The division of a tree into groups: the number of the group of each leaf, in the order of `jax.tree.leaves`."""

    def __init__(self, tree: PyTree, numbers: Sequence[int]):
        self.structure: Any = jax.tree.structure(tree)
        self.numbers = numbers
        # A tree that is one absent leaf must not be None, because that stands for parameters that were not passed.
        self._absent = () if jax.tree_util.treedef_is_leaf(self.structure) else None

    def part(self, tree: PyTree, group: int) -> PyTree:
        """Return a tree of the same structure with the leaves of one group alone."""
        leaves = jax.tree.leaves(tree)
        return self.structure.unflatten(
            [leaf if number == group else self._absent for leaf, number in zip(leaves, self.numbers, strict=True)]
        )

    def join(self, parts: Sequence[PyTree]) -> PyTree:
        """Return the tree whose leaves come from the parts of their groups. Raises ValueError if a part lacks some."""
        remaining = [iter(jax.tree.leaves(part)) for part in parts]
        try:
            joined = self.structure.unflatten([next(remaining[number]) for number in self.numbers])
        except StopIteration:
            joined = None
        if joined is None or any(True for leaves in remaining for _ in leaves):
            raise ValueError("a transformation within a partition returned updates of another structure than it got")
        return joined

    def spread(self, of_groups: Sequence[Any]) -> tuple[Any, ...]:
        """Return for each leaf of the tree what holds for its group: one thing, or a tuple of one for each leaf."""
        remaining = [iter(answer) if isinstance(answer, tuple) else itertools.repeat(answer) for answer in of_groups]
        return tuple(next(remaining[number]) for number in self.numbers)

    def part_of_signals(self, signals: Mapping[str, Any], params: PyTree, group: int) -> dict[str, Any]:
        """Return the extra arguments of `update` as one group sees them.

        A tree like the parameters, such as `grad`, becomes its part. `value_fn` and `gradient_fn` become functions of
        the parameters of the group, with the others where they are. Anything else is handed on as it is.
        """
        return {name: self._part_of_signal(name, signal, params, group) for name, signal in signals.items()}

    def _part_of_signal(self, name: str, signal: Any, params: PyTree, group: int) -> Any:
        if callable(signal) and name in ("value_fn", "gradient_fn") and params is not None:
            at_whole = self._at_whole(signal, params, group)
            return at_whole if name == "value_fn" else lambda part: self.part(at_whole(part), group)
        if name == "grad" or not jax.tree_util.treedef_is_leaf(self.structure):
            structure: Any = jax.tree.structure(signal)
            return self.part(signal, group) if structure == self.structure else signal
        return signal

    def _at_whole(self, function: Callable[[PyTree], Any], params: PyTree, group: int) -> Callable[[PyTree], Any]:
        """Return a function of the parameters as one of those of a group."""
        others = [number for number in set(self.numbers) if number != group]

        def at_whole(part: PyTree) -> Any:
            parts = {number: self.part(params, number) for number in others} | {group: part}
            return function(self.join([parts.get(number) for number in range(max(parts) + 1)]))

        return at_whole
