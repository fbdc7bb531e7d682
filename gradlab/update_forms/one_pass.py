"""A form of an update that XLA's fusion on CPUs makes one loop of: each result is computed from the arguments.

A step of Adam has three results for a leaf: both moments and the update. XLA makes one loop for each, and the third
reads what the first two have written. With multi-output fusion (see `gradlab.compilation.cpu_fusion`) it joins loops
that read the same arrays, but never a loop with one that reads its result. So here each result is computed from the
arguments, by operations of its own, and the joined loop computes what they have in common once. Without that fusion,
this form is slower than the plain one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .slices import Slices
from .traced_programs import PyTree, Variable, is_literal, rewrite


def in_one_pass(function: Callable[..., PyTree]) -> Callable[..., PyTree]:
    """Return a function with the same results, each computed from the traced arguments by its own operations.

    What is no elementwise operation, such as a sum or a random number, is computed once, and what comes after a sum
    reads the results that come before it.
    """
    return rewrite(function, lambda program, arguments: _Apart(program, arguments).evaluate())


class _Apart(Slices):
    """Slices that read no result, but for those that come before a sum that they need, and so are in memory."""

    def evaluate(self) -> list[Any]:
        values = super().evaluate()
        for place, v in enumerate(self.jaxpr.outvars):
            is_repeated = not is_literal(v) and any(v is earlier for earlier in self.jaxpr.outvars[:place])
            if is_repeated:  # what comes twice is computed twice
                values[place] = self.compute(v, self.levels[v], apart=True)
        return values

    def may_read(self, result: Variable, reader: Variable, level: int) -> bool:
        return result in self.outputs and self.levels[result] < level
