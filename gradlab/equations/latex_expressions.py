"""Expressions in LaTeX that can be multiplied, divided and added, and symbols of hyperparameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ..values.numeric_arguments import is_schedule

_POWER_OF_PRIMED = re.compile(r"((?:\\(?:hat|bar|tilde) )?(?:\\[A-Za-z]+|[A-Za-z])'+_(?:\{[^{}]*\}|\w))\^")


@dataclass(frozen=True)
class Expression:
    """A part of an equation, in LaTeX, with a separate sign."""

    latex: str
    # "atom": a symbol or 1; "square": of an atom; "scaled": an atom times a number; "product": also a function; "sum"
    kind: str = "atom"
    negative: bool = False
    bottom: str = ""  # of a quotient, whose top is `top`
    top: str = ""
    point: str = ""  # to which it leads, for a step to a point: the sum of x_{t-1} and the step, in LaTeX

    def __str__(self) -> str:
        return f"-{self._factor()}" if self.negative else self.latex

    def _factor(self) -> str:
        return f"({self.latex})" if self.kind == "sum" else self.latex

    def times(self, factor: Number | str, negative: bool = False) -> Expression:
        """Return the product with a factor, which is LaTeX as it is: a sum needs brackets. An empty factor is 1."""
        sign = self.negative != negative
        if not factor:
            return replace(self, negative=sign)
        kind = "scaled" if isinstance(factor, Number) and self.kind in ("atom", "scaled") else "product"
        return Expression(str(factor) if self.latex == "1" else f"{factor} {self._factor()}", kind, sign)

    def over(self, divisor: str, factor: str = "") -> Expression:
        """Return the quotient, with a factor in its numerator. A quotient stays one fraction when it is divided.

        Both are LaTeX as it is, so a sum within a product needs brackets, as in `f"({b.weight()}) {p}"`.
        """
        top = " ".join(part for part in (factor, self.top or self.latex) if part and (part != "1" or not factor))
        bottom = f"({divisor}) {_in_product(self.bottom)}" if self.bottom else divisor
        return Expression(rf"\frac{{{top}}}{{{bottom}}}", "product", self.negative, bottom, top)

    def plus(self, other: Expression) -> Expression:
        """Return the sum."""
        sign = "-" if other.negative else "+"
        term = other._factor() if other.negative else other.latex
        if term.startswith("-"):  # a sum whose first term is negative
            sign, term = "-", term[1:]
        return Expression(f"{self} {sign} {term}", "sum")

    @classmethod
    def step_to(cls, point: Expression) -> Expression:
        """Return the step from the parameters to a point."""
        return replace(point.plus(cls("x_{t-1}", negative=True)), point=str(point))

    def inside(self, function: str, *more: str) -> Expression:
        """Return a function of this expression and of more arguments."""
        return Expression(f"{function}({', '.join([str(self), *more])})", "product")


@dataclass(frozen=True)
class Number:
    """A hyperparameter as a symbol, with a subscript for the step if it is a schedule."""

    base: str  # such as \beta
    value: Any
    role: str = ""  # of a decay: "1" for means of the direction, "2" for means of squares
    index: str = ""  # the role, where it is shown

    def __str__(self) -> str:
        return self.at("t")

    def at(self, step: str) -> str:
        """Return the symbol at a step."""
        below = ",".join(part for part in (self.index, step if is_schedule(self.value) else "") if part)
        return f"{self.base}_{{{below}}}" if len(below) > 1 else f"{self.base}_{below}" if below else self.base

    def weight(self, steps: str = "t", as_power: bool = False) -> str:
        r"""Return the weight of a running mean after some steps, $1 - \beta^t$, by which bias correction divides.

        It is a sum, which needs brackets where it is a factor.
        """
        if is_schedule(self.value) and not as_power:
            return rf"1 - \prod_{{i=1}}^{{{steps}}} {self.at('i')}"
        return f"1 - {self}^{steps}" if len(steps) == 1 else f"1 - {self}^{{{steps}}}"

    @property
    def rest(self) -> str:
        r"""The weight of the new value in a running mean, $(1 - \beta)$."""
        return f"(1 - {self})"


def group_primed(latex: str) -> str:
    """Return LaTeX in which each power of a symbol with a prime is that of a group, as LaTeX demands."""
    return _POWER_OF_PRIMED.sub(r"{\1}^", latex)


def _in_product(latex: str) -> str:
    return f"({latex})" if " + " in latex or " - " in latex else latex
