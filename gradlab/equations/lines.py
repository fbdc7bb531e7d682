"""The equations of a composition as lines of text, with their symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .latex_to_unicode import format_formula


class Symbol(NamedTuple):
    """A symbol of the equations and its value."""

    latex: str
    value: str
    formula: str = ""  # the value in LaTeX, where it is a formula

    def __str__(self) -> str:
        return f"{format_formula(self.latex)} = {self.value}"


@dataclass(frozen=True)
class Equations:
    """The update of a composition: its lines in LaTeX, in order, and its symbols with their values."""

    lines: tuple[str, ...]
    symbols: tuple[Symbol, ...]

    @property
    def plain(self) -> tuple[str, ...]:
        """The lines as Unicode."""
        return tuple(map(format_formula, self.lines))

    @property
    def latex(self) -> str:
        """All lines as one display, aligned at the equals signs."""
        rows = (line.replace(" = ", " &= ", 1).replace(r" \sim ", r" &\sim ", 1) for line in self.lines)
        return "\n".join([r"\begin{aligned}", " \\\\\n".join(rows), r"\end{aligned}"])

    def __str__(self) -> str:
        return "\n".join(f"({number}) {line}" for number, line in enumerate(self.plain, 1))
