"""Slices of a program of which a large sum shares nothing with anything else."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from .slices import Slices
from .sums import SumApart, is_sum, take_apart
from .traced_programs import Equation, Variable


class SummedSlices(Slices):
    """Slices that read no result, and large sums, each of which is computed with all that leads to it."""

    def __init__(self, program: Any, arguments: Sequence[Any], large: int):
        super().__init__(program, arguments)
        self.large = large  # elements of an array whose sum is worth it

    def may_read(self, result: Variable, reader: Variable, level: int) -> bool:
        return False

    def find_sum(self, equation: Equation) -> SumApart | None:
        return self.summed_apart.get(id(equation))

    @functools.cached_property
    def summed_apart(self) -> dict[int, SumApart]:
        """The sums that are computed apart, by the identities of their equations."""
        found = {}
        for equation in self.once:
            if is_sum(equation) and equation.invars[0] in self.makers and equation.invars[0].aval.size >= self.large:
                (operand,) = equation.invars
                sources, leading = self.find_slice(operand, self.levels[operand])
                apart = take_apart(self.jaxpr, equation, leading, sources)
                if apart is not None:
                    found[id(equation)] = apart
        return found
